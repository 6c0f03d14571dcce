"""What the functions are made of: the same bytes for the same sources, and nothing missing."""

import marshal
import os
import subprocess
import sys
from pathlib import Path
from types import CodeType

import pytest
from aws_cdk import FileSystem

from infra import bytecode
from infra.packing import (
    CODE_AT,
    LAYER_AT,
    PACKAGES,
    add_bytecode,
    copy_code,
    install_libraries,
)
from infra.uv import ROOT

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


THIS_MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"


def code_in(pyc: Path) -> CodeType:
    """Return what is behind a .pyc file's header of 16 bytes (PEP 552)."""
    code = marshal.loads(pyc.read_bytes()[16:])  # noqa: S302
    assert isinstance(code, CodeType)
    return code


class TestBytecode:
    @pytest.fixture
    def compiled(self, tmp_path: Path) -> Path:
        folder = tmp_path / "code"
        copy_code(folder)
        bytecode.compile_all(folder, at=CODE_AT, python=Path(sys.executable))
        return folder

    def test_stands_beside_every_file(self, compiled: Path) -> None:
        for source in compiled.rglob("*.py"):
            tag = sys.implementation.cache_tag
            assert (source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc").exists()

    def test_the_same_sources_give_the_same_asset(self, compiled: Path, tmp_path: Path) -> None:
        again = tmp_path / "elsewhere/code"
        copy_code(again)
        for path in again.rglob("*.py"):
            os.utime(path, (1, 1))
        bytecode.compile_all(again, at=CODE_AT, python=Path(sys.executable))
        assert FileSystem.fingerprint(str(again)) == FileSystem.fingerprint(str(compiled))

    def test_names_the_files_of_the_function(self, compiled: Path) -> None:
        (pyc,) = (compiled / "functions/connect/__pycache__").glob("handler.*.pyc")
        assert code_in(pyc).co_filename == f"{CODE_AT}/functions/connect/handler.py"
        for path in compiled.rglob("*.pyc"):
            assert str(compiled).encode() not in path.read_bytes()

    def test_is_not_compared_with_the_sources(self, compiled: Path) -> None:
        for pyc in compiled.rglob("*.pyc"):
            assert pyc.read_bytes()[4:8] == b"\1\0\0\0"  # by a hash that is not checked

    def test_what_is_no_python_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "bad.py").write_text("def\n")
        with pytest.raises(bytecode.NotCompiled, match=r"bad\.py"):
            bytecode.compile_all(tmp_path, at=CODE_AT, python=Path(sys.executable))


class TestInterpreter:
    def test_this_one(self) -> None:
        assert bytecode.interpreter(THIS_MINOR) == Path(sys.executable)

    def test_one_on_the_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, script in (
            ("manager", "echo 'there is none' >&2; exit 127"),
            ("other", "echo 3.8 /other"),
            ("real", "echo 3.99 /real/python3.99"),
        ):
            shim = tmp_path / name / "python3.99"
            shim.parent.mkdir()
            shim.write_text(f"#!/bin/sh\n{script}\n")
            shim.chmod(0o755)
        folders = [str(tmp_path / name) for name in ("manager", "missing", "other", "real")]
        monkeypatch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))
        assert bytecode.interpreter("3.99") == Path("/real/python3.99")

    def test_none(self) -> None:
        assert bytecode.interpreter("3.98") is None

    def test_without_one_the_bundle_has_no_bytecode_and_says_what_that_costs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(bytecode, "interpreter", lambda _version: None)
        copy_code(tmp_path / "code")
        add_bytecode(tmp_path)
        assert list(tmp_path.rglob("*.pyc")) == []
        (line,) = capsys.readouterr().err.splitlines()
        assert "python3.13" in line
        assert "twice as long" in line


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return code and libraries as AWS gets them, but with the wheels of this machine."""
    folder = tmp_path_factory.mktemp("bundle")
    copy_code(folder / "code")
    install_libraries(folder / "layer/python")
    for part, place in (("code", CODE_AT), ("layer", LAYER_AT)):
        bytecode.compile_all(folder / part, at=place, python=Path(sys.executable))
    return folder


IMPORT = """
import sys
from importlib import machinery
sys.path[:0] = bundle = sys.argv[1:3]
compiled = machinery.SourceFileLoader.source_to_code
def compile_others(loader, data, path, **more):
    assert not path.startswith(tuple(bundle)), f"{{path}} has no bytecode"
    return compiled(loader, data, path, **more)
machinery.SourceFileLoader.source_to_code = compile_others
import functions.{name}.handler as module
assert module.__file__.startswith(bundle[0]), module.__file__
assert callable(module.handler)
"""


class TestLibraries:
    @pytest.mark.parametrize("name", HANDLERS)
    def test_a_handler_needs_nothing_else_and_compiles_nothing(
        self, bundle: Path, name: str
    ) -> None:
        # -S: without the environment's own libraries; -I: without its variables and folders.
        done = subprocess.run(
            [
                *(sys.executable, "-I", "-S", "-c", IMPORT.format(name=name)),
                *(str(bundle / "code"), str(bundle / "layer/python")),
            ],
            env={"AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def test_awscrt_is_not_among_them(self, bundle: Path) -> None:
        """Botocore imports it where it finds it, and every start would wait for that."""
        assert [path.name for path in (bundle / "layer/python").glob("*awscrt*")] == []

    def test_is_what_the_lock_file_says(self, bundle: Path) -> None:
        found = {
            path.name.removesuffix(".dist-info").replace("-", "==")
            for path in (bundle / "layer/python").glob("*.dist-info")
        }
        lock = (ROOT / "uv.lock").read_text()
        assert {"boto3", "httptools", "pyjwt", "pydantic", "uuid6"} <= {
            name.partition("==")[0].lower() for name in found
        }
        for name, _, version in (entry.partition("==") for entry in found):
            known = name.lower().replace("_", "-")
            assert f'name = "{known}"\nversion = "{version}"' in lock, name
