"""What the CDK made of the code and the settings: kept, for making it takes most of a start.

    .build/assemblies/<digest>/   the template and the functions' code

A digest is one of everything that the CDK reads. So nothing that is kept is stale. What is there
under its name is whole: it gets the name when it is made, and loses it before it is removed.
"""

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from infra import bundle
from local import directory_lock
from local.errors import CannotRun
from local.settings import ROOT

KEPT: Final = bundle.BUILD / "assemblies"
MOST_KEPT: Final = 8
"""Of a few MB each; those that were taken last."""

NEW: Final = "new"
OLD: Final = "old"
"""What is made, and what is removed."""

WAIT_SECONDS: Final = 300.0
"""How long a start waits for another one that makes an assembly; that takes some ten seconds."""

_SOURCES: Final = (".py", ".js")


class CannotKeep(CannotRun):
    """An assembly cannot be written or copied; the message says why."""


async def take(
    destination: Path,
    options: Iterable[str],
    make: Callable[[Path], Awaitable[None]],
    *,
    kept: Path = KEPT,
) -> None:
    """Put an assembly at `destination`, one that is kept or one that `make` writes into a folder.

    Other starts wait meanwhile: they may want the same. What `make` raises is passed on, and
    nothing is kept then, nor when the code has changed while it was read. Raises `CannotKeep`, and
    `DirectoryBusy` when another start has not ended after `WAIT_SECONDS`.
    """
    wanted = digest(options := tuple(options))
    try:
        async with directory_lock.turn(kept, wait_seconds=WAIT_SECONDS):
            found = kept / wanted
            if not found.exists():
                found = _empty(kept / NEW)
                await make(found)
                if digest(options) == wanted:
                    found = found.rename(kept / wanted)
            # What an interrupted start left there can still be locked.
            shutil.copytree(found, _empty(destination))
            found.touch()
            _forget(kept)
    except OSError as exc:
        raise CannotKeep(f"the template cannot be kept in {kept}: {exc}") from exc


def digest(options: Iterable[str]) -> str:
    """Return a digest of the functions, of the infrastructure's code and of the CDK's options."""
    found = hashlib.sha256(bundle.digest("local").encode())
    for path in _sources():
        found.update(f"\n{path} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    found.update("\n".join(options).encode())
    return found.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (ROOT / "cdk.json", ROOT / "package-lock.json")
    # Files of the user's own, with context for every app.
    yield from filter(Path.exists, (ROOT / "cdk.context.json", Path.home() / ".cdk.json"))
    yield from sorted(each for each in (ROOT / "infra").rglob("*") if each.suffix in _SOURCES)


def _empty(place: Path) -> Path:
    """Return the place once nothing is there any more."""
    shutil.rmtree(place, ignore_errors=True)
    return place


def _forget(kept: Path) -> None:
    """Remove what has not been taken for longest."""
    whole = [each for each in kept.iterdir() if each.name not in (NEW, OLD)]
    by_time = sorted(whole, key=lambda each: each.stat().st_mtime, reverse=True)
    for longest_ago in by_time[MOST_KEPT:]:
        _empty(longest_ago.rename(_empty(kept / OLD)))
