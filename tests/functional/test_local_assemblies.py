"""What the CDK made is made once for the same code and settings, and never taken half made."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from local import assemblies, directory_lock
from local.assemblies import CannotKeep
from local.directory_lock import DirectoryBusy
from local.settings import ROOT
from local.steps import StepFailed

OPTIONS = ("--context", "target=local")


class Cdk:
    """Writes assemblies, and counts them."""

    def __init__(self, folder: Path) -> None:
        self.made = 0
        self.fails = False
        self.kept = folder / "kept"
        self._services = (folder / f"service-{number}" for number in range(100))

    async def take(self, *more: str) -> Path:
        """Take an assembly; return where it was put."""
        service = next(self._services)
        await assemblies.take(service, (*OPTIONS, *more), self._make, kept=self.kept)
        return service

    async def _make(self, folder: Path) -> None:
        folder.mkdir()
        self.made += 1
        (folder / "half").write_text("")
        await asyncio.sleep(0.05)
        if self.fails:
            raise StepFailed("synth", "failed", folder / "log")
        (folder / "half").unlink()
        (folder / "template").write_text(str(self.made))


@pytest.fixture
def cdk(tmp_path: Path) -> Cdk:
    return Cdk(tmp_path)


def content(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir()}


class TestTake:
    async def test_the_same_is_made_once(self, cdk: Cdk) -> None:
        assert content(await cdk.take()) == content(await cdk.take()) == {"template": "1"}

    async def test_for_other_settings_another_one_is_made(self, cdk: Cdk) -> None:
        taken = [content(await cdk.take(*more)) for more in ((), ("page_size=20",), ())]
        assert taken == [{"template": "1"}, {"template": "2"}, {"template": "1"}]

    async def test_at_the_same_moment_one_makes_it_and_the_others_wait(self, cdk: Cdk) -> None:
        taken = await asyncio.gather(*(cdk.take() for _ in range(5)))
        assert [content(each) for each in taken] == [{"template": "1"}] * 5

    async def test_one_that_failed_is_not_kept(self, cdk: Cdk) -> None:
        cdk.fails = True
        with pytest.raises(StepFailed):
            await cdk.take()
        cdk.fails = False
        assert content(await cdk.take()) == {"template": "2"}

    async def test_one_that_was_interrupted_is_not_kept(self, cdk: Cdk) -> None:
        start = asyncio.create_task(cdk.take())
        while not cdk.made:
            await asyncio.sleep(0)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        assert content(await cdk.take()) == {"template": "2"}

    async def test_one_whose_code_changed_meanwhile_is_taken_and_not_kept(
        self, cdk: Cdk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assemblies, "digest", lambda _options: f"of {cdk.made}")
        assert content(await cdk.take()) == {"template": "1"}
        monkeypatch.undo()
        assert content(await cdk.take()) == {"template": "2"}

    async def test_what_a_service_had_before_is_replaced(self, cdk: Cdk, tmp_path: Path) -> None:
        (tmp_path / "service-0").mkdir()
        (tmp_path / "service-0/read.1.lock").write_text("of an interrupted start")
        assert content(await cdk.take()) == {"template": "1"}

    async def test_those_that_were_taken_last_are_kept(self, cdk: Cdk) -> None:
        for number in range(assemblies.MOST_KEPT):
            await cdk.take(f"page_size={number}")
        await cdk.take("page_size=0")
        await cdk.take("page_size=100")
        made = cdk.made
        await cdk.take("page_size=0")
        assert len([*cdk.kept.iterdir()]) == assemblies.MOST_KEPT
        assert cdk.made == made
        await cdk.take("page_size=1")
        assert cdk.made == made + 1

    async def test_one_whose_removal_was_interrupted_is_not_taken(
        self, cdk: Cdk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assemblies, "MOST_KEPT", 1)
        await cdk.take("page_size=0")
        remove = shutil.rmtree

        def interrupted(place: Path, **options: Any) -> None:
            if place.is_dir() and place.name == assemblies.OLD:
                (place / "template").unlink()
                raise KeyboardInterrupt
            remove(place, **options)

        with monkeypatch.context() as broken:
            broken.setattr(shutil, "rmtree", interrupted)
            with pytest.raises(KeyboardInterrupt):
                await cdk.take("page_size=1")
        assert content(await cdk.take("page_size=0")) == {"template": "3"}
        assert len([*cdk.kept.iterdir()]) == 1

    async def test_what_cannot_be_written_is_told_in_words(self, cdk: Cdk, tmp_path: Path) -> None:
        (tmp_path / "service-0").write_text("no folder")
        with pytest.raises(CannotKeep, match="service-0"):
            await cdk.take()

    async def test_who_waits_for_too_long_is_told_for_what(
        self, cdk: Cdk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assemblies, "WAIT_SECONDS", 0.1)
        with directory_lock.hold(cdk.kept), pytest.raises(DirectoryBusy, match=str(cdk.kept)):
            await cdk.take()

    async def test_who_waits_can_be_interrupted(self, cdk: Cdk) -> None:
        with directory_lock.hold(cdk.kept):
            start = asyncio.create_task(cdk.take())
            await asyncio.sleep(0.1)
            start.cancel()
            with pytest.raises(asyncio.CancelledError):
                await start
        assert cdk.made == 0


class TestDigest:
    @pytest.mark.parametrize(
        "file",
        ["infra/stack.py", "infra/edge_choice.js", "infra/settings/target.py", "cdk.json",
         "package-lock.json", "uv.lock", "functions/connect/handler.py",
         "src/roomcast_backend/settings.py"],
    )  # fmt: skip
    def test_is_of_everything_that_the_cdk_reads(
        self, file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = assemblies.digest(OPTIONS)
        assert before == assemblies.digest(OPTIONS) != assemblies.digest(OPTIONS[:1])
        read = Path.read_bytes

        def changed(path: Path) -> bytes:
            return read(path) + (b" " if path == ROOT / file else b"")

        monkeypatch.setattr(Path, "read_bytes", changed)
        assert assemblies.digest(OPTIONS) != before

    def test_is_of_the_users_own_context_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        before = assemblies.digest(OPTIONS)
        (tmp_path / ".cdk.json").write_text('{"context": {"page_size": 20}}')
        assert assemblies.digest(OPTIONS) != before
