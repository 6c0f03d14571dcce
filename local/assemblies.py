"""What the CDK made of the code and the settings: kept, for making it takes most of a start.

    .build/assemblies/<digest>/   the template and the functions' code

A digest is one of everything that the CDK reads. So nothing that is kept is stale.
"""

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from infra import bundle
from local import directory_lock
from local.settings import ROOT

KEPT: Final = bundle.BUILD / "assemblies"
MOST_KEPT: Final = 8
"""Of a few MB each; those that were taken last."""

_READ: Final = ("cdk.json", "package-lock.json")
_SOURCES: Final = (".py", ".js")


async def take(
    destination: Path,
    options: Iterable[str],
    make: Callable[[Path], Awaitable[None]],
    *,
    kept: Path = KEPT,
) -> None:
    """Put an assembly at `destination`, one that is kept or one that `make` writes into a folder.

    Other starts wait meanwhile: they may want the same. What `make` raises is passed on, and
    nothing is kept then, nor when the code has changed while it was read.
    """
    wanted = digest(options := tuple(options))
    async with directory_lock.turn(kept):
        found = kept / wanted
        if not found.exists():
            found = kept / "new"
            shutil.rmtree(found, ignore_errors=True)
            await make(found)
            if digest(options) == wanted:
                found = found.rename(kept / wanted)
        # What an interrupted start left there can still be locked.
        shutil.rmtree(destination, ignore_errors=True)
        shutil.copytree(found, destination)
        found.touch()
        _forget(kept)


def digest(options: Iterable[str]) -> str:
    """Return a digest of the functions, of the infrastructure's code and of the CDK's options."""
    found = hashlib.sha256(bundle.digest("local").encode())
    for path in _sources():
        found.update(f"\n{path} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    found.update("\n".join(options).encode())
    return found.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (ROOT / name for name in _READ)
    yield from sorted(each for each in (ROOT / "infra").rglob("*") if each.suffix in _SOURCES)


def _forget(kept: Path) -> None:
    """Remove what has not been taken for longest."""
    by_time = sorted(kept.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in by_time[MOST_KEPT:]:
        shutil.rmtree(old)
