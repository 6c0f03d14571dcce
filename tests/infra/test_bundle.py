"""What the functions are made of: the same bytes for the same sources, and nothing missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import FileSystem

from infra.bundle import PACKAGES, ROOT, copy_code, install_libraries

HANDLERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


class TestCode:
    def test_the_same_sources_give_the_same_asset(self, tmp_path: Path) -> None:
        copy_code(tmp_path / "one")
        copy_code(tmp_path / "two")
        for path in (tmp_path / "two").rglob("*.py"):
            os.utime(path, (1, 1))
        assert FileSystem.fingerprint(str(tmp_path / "one")) == FileSystem.fingerprint(
            str(tmp_path / "two")
        )

    def test_a_changed_byte_gives_another(self, tmp_path: Path) -> None:
        copy_code(tmp_path / "one")
        before = FileSystem.fingerprint(str(tmp_path / "one"))
        changed = tmp_path / "one/roomcast/rooms.py"
        changed.write_text(changed.read_text() + " ")
        assert FileSystem.fingerprint(str(tmp_path / "one")) != before

    def test_holds_python_only(self, tmp_path: Path) -> None:
        copy_code(tmp_path)
        assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".py"}
        assert {path.name for path in tmp_path.iterdir()} == {package.name for package in PACKAGES}


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return code and libraries as AWS gets them, but with the wheels of this machine."""
    folder = tmp_path_factory.mktemp("bundle")
    copy_code(folder / "code")
    install_libraries(folder / "layer/python")
    return folder


class TestLibraries:
    @pytest.mark.parametrize("name", HANDLERS)
    def test_a_handler_needs_nothing_else(self, bundle: Path, name: str) -> None:
        script = (
            "import sys; sys.path[:0] = sys.argv[1:3]\n"
            f"import functions.{name}.handler as module\n"
            "assert module.__file__.startswith(sys.argv[1]), module.__file__\n"
            "assert callable(module.handler)\n"
        )
        # -S: without the environment's own libraries; -I: without its variables and folders.
        done = subprocess.run(
            [
                *(sys.executable, "-I", "-S", "-c", script),
                *(str(bundle / "code"), str(bundle / "layer/python")),
            ],
            env={"AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def test_is_what_the_lock_file_says(self, bundle: Path) -> None:
        found = {
            path.name.removesuffix(".dist-info").replace("-", "==")
            for path in (bundle / "layer/python").glob("*.dist-info")
        }
        lock = (ROOT / "uv.lock").read_text()
        assert {"boto3", "pyjwt", "pydantic", "uuid6"} <= {
            name.partition("==")[0].lower() for name in found
        }
        for name, _, version in (entry.partition("==") for entry in found):
            known = name.lower().replace("_", "-")
            assert f'name = "{known}"\nversion = "{version}"' in lock, name
