"""Unpacking the functions' code for many execution environments on the emulator."""

import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from local.emulator import archives
from local.emulator.patch import UnknownMiniStack


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that is the temporary one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def archive(folder: Path, text: str) -> Path:
    """Write an archive of one module that holds `text`."""
    path = folder / "code.zip"
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("functions/open/handler.py", text)
    return path


def environment(folder: Path, name: str, text: str) -> Path:
    """Unpack an archive of its own as MiniStack does, return the module."""
    code = folder / name / "code"
    code.mkdir(parents=True)
    runtime = ModuleType("lambda_runtime")
    runtime.__dict__["zipfile"] = zipfile
    archives.install(runtime)
    with runtime.__dict__["zipfile"].ZipFile(archive(folder / name, text)) as opened:
        opened.extractall(code)
    return code / "functions/open/handler.py"


def test_all_environments_share_what_is_unpacked_once(temporary: Path) -> None:
    names = [f"environment-{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda name: environment(temporary, name, "one"), names))
    assert {module.read_text() for module in found} == {"one"}
    assert len({module.resolve() for module in found}) == 1
    assert len(list(temporary.glob("code-*"))) == 1


def test_other_code_is_unpacked_on_its_own(temporary: Path) -> None:
    found = [environment(temporary, text, text) for text in ("one", "two")]
    assert [module.read_text() for module in found] == ["one", "two"]


def test_what_was_not_unpacked_wholly_is_unpacked_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(zipfile.ZipFile, "_extract_member", full)
        with pytest.raises(OSError, match="No space left"):
            environment(temporary, "first", "one")
    assert environment(temporary, "second", "one").read_text() == "one"


def test_another_ministack_is_unknown() -> None:
    with pytest.raises(UnknownMiniStack):
        archives.install(ModuleType("lambda_runtime"))
