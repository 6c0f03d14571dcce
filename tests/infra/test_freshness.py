"""Bundles are made when they are missing or stale, by one process at a time."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from infra import app, bundle, packing, uv
from infra.bundle import digest, fresh_bundle, is_fresh


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Write small bundles, and return where."""
    folders: list[Path] = []

    def write(_target: str, folder: Path) -> None:
        folders.append(folder)
        (folder / "code").mkdir(parents=True)

    monkeypatch.setattr(packing, "write", write)
    return folders


class TestFreshBundle:
    def test_a_missing_one_is_made(self, tmp_path: Path, made: list[Path]) -> None:
        with fresh_bundle("aws", tmp_path / "new") as folder:
            assert (folder / "code").is_dir()
        assert len(made) == 1
        assert is_fresh("aws", tmp_path / "new")

    def test_one_of_the_same_sources_is_taken(self, tmp_path: Path, made: list[Path]) -> None:
        for _ in range(2):
            with fresh_bundle("aws", tmp_path):
                pass
        assert len(made) == 1

    def test_one_of_other_sources_is_made_again(self, tmp_path: Path, made: list[Path]) -> None:
        with fresh_bundle("aws", tmp_path) as folder:
            (folder / "stale").write_text("")
        (tmp_path / "aws.digest").write_text("of other sources")
        with fresh_bundle("aws", tmp_path) as folder:
            assert not (folder / "stale").exists()
        assert len(made) == 2

    def test_the_command_makes_it_in_any_case(self, tmp_path: Path, made: list[Path]) -> None:
        bundle.make("aws", tmp_path)
        bundle.make("aws", tmp_path)
        assert len(made) == 2
        assert is_fresh("aws", tmp_path)

    def test_one_that_was_interrupted_is_not_taken(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(_target: str, folder: Path) -> None:
            folder.mkdir()
            raise packing.CannotBundle("the disk is full")

        monkeypatch.setattr(packing, "write", interrupted)
        with pytest.raises(packing.CannotBundle), fresh_bundle("aws", tmp_path):
            pass
        assert not is_fresh("aws", tmp_path)
        assert not (tmp_path / "aws").exists()

    def test_nobody_replaces_it_while_it_is_read(self, tmp_path: Path, made: list[Path]) -> None:
        with fresh_bundle("aws", tmp_path), (tmp_path / "aws.lock").open("w") as other:
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert len(made) == 1

    def test_side_by_side_it_is_made_once(self, tmp_path: Path, made: list[Path]) -> None:
        def synthesise() -> None:
            with fresh_bundle("aws", tmp_path):
                pass

        threads = [threading.Thread(target=synthesise) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 1


class TestDigest:
    @pytest.fixture
    def package(self, tmp_path: Path) -> Path:
        (tmp_path / "handler.py").write_text("pass\n")
        return tmp_path

    def test_changes_with_a_byte(self, package: Path) -> None:
        before = digest("aws", [package])
        (package / "handler.py").write_text("pass \n")
        assert digest("aws", [package]) != before

    def test_changes_with_a_new_file(self, package: Path) -> None:
        before = digest("aws", [package])
        (package / "more.py").write_text("")
        assert digest("aws", [package]) != before

    def test_does_not_change_with_the_clock(self, package: Path) -> None:
        before = digest("aws", [package])
        os.utime(package / "handler.py", (1, 1))
        assert digest("aws", [package]) == before

    def test_changes_with_the_platform(
        self, package: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = digest("aws", [package])
        monkeypatch.setattr(packing, "PLATFORM", "x86_64-manylinux_2_28")
        assert digest("aws", [package]) != before

    def test_changes_with_the_target(self, package: Path) -> None:
        assert digest("aws", [package]) != digest("local", [package])


class TestUv:
    def test_the_one_of_make_is_found_without_any_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prepared = tmp_path / ".build/uv/bin/uv"
        prepared.parent.mkdir(parents=True)
        prepared.write_text('#!/bin/sh\necho "$@"\n')
        prepared.chmod(0o755)
        monkeypatch.delenv("UV", raising=False)
        monkeypatch.setattr(uv, "ROOT", tmp_path)
        monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
        monkeypatch.setenv("PATH", "")
        assert uv.uv("export").strip() == "--quiet export"

    def test_without_one_a_sentence_says_what_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("UV", raising=False)
        monkeypatch.setattr(uv, "ROOT", tmp_path)
        monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
        monkeypatch.setenv("PATH", "")
        with pytest.raises(SystemExit, match=r"(?s)uv is missing.*make bundle.*UV"):
            app.main(["--build", str(tmp_path / "build")])

    def test_a_wrong_name_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UV", str(tmp_path / "nowhere"))
        with pytest.raises(uv.UvFailed, match="nowhere"):
            uv.uv("export")
