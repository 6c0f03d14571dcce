"""The functions' bundle: `python -m infra.bundle --target aws|local [--build FOLDER]` makes it.

The app makes it by itself when it is missing or stale. The command makes it in any case, which is
needed only for what no digest sees: a Python for the bytecode that was installed since.

    .build/aws/           the bundle
    .build/aws.digest     what it was made of: sources, lock file, platform, this packing itself
    .build/aws.lock       held alone while a bundle is written, together while it is read
"""

import argparse
import fcntl
import hashlib
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import packing
from infra.bytecode import NotCompiled
from infra.uv import ROOT, UvFailed

BUILD = ROOT / ".build"

CANNOT_BUNDLE = (packing.CannotBundle, NotCompiled, UvFailed)
"""What making a bundle raises; the message says what to do about it."""

PACKING = tuple(ROOT / "infra" / name for name in ("packing.py", "bytecode.py", "uv.py"))
"""What decides how a bundle looks, beside its sources."""


@contextmanager
def fresh_bundle(target: str, build: Path) -> Iterator[Path]:
    """Hold the bundle of `target` below `build`, made again if it is not of today's sources.

    Nobody replaces it until the block ends. Raises one of `CANNOT_BUNDLE`.
    """
    build.mkdir(parents=True, exist_ok=True)
    with (build / f"{target}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_fresh(target, build):
            _make(target, build)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield build / target


def make(target: str, build: Path) -> None:
    """Make the bundle again, whether it is stale or not."""
    build.mkdir(parents=True, exist_ok=True)
    with (build / f"{target}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _make(target, build)


def is_fresh(target: str, build: Path) -> bool:
    """Tell whether the bundle is there and was made of what is there now."""
    written = build / f"{target}.digest"
    return (build / target).is_dir() and written.exists() and written.read_text() == digest(target)


def digest(target: str, packages: Iterable[Path] = packing.PACKAGES) -> str:
    """Return a digest of everything that a bundle is made of: names and bytes, no times."""
    found = hashlib.sha256(f"{target} {packing.PLATFORM} {packing.PYTHON_VERSION}".encode())
    sources = (path for package in packages for path in sorted(package.rglob("*.py")))
    for path in (*sources, ROOT / "uv.lock", ROOT / "pyproject.toml", *PACKING):
        found.update(f"\n{path} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def _make(target: str, build: Path) -> None:
    """Write the bundle beside its place and put it there when it is whole."""
    made_of = digest(target)
    (build / f"{target}.digest").unlink(missing_ok=True)
    scratch = build / f"{target}.new"
    shutil.rmtree(scratch, ignore_errors=True)
    packing.write(target, scratch)
    shutil.rmtree(build / target, ignore_errors=True)
    scratch.rename(build / target)
    (build / f"{target}.digest").write_text(made_of)


def main() -> None:
    """Make the bundle of the target that the command line names."""
    parser = argparse.ArgumentParser(description="Pack the functions for a deployment.")
    parser.add_argument("--target", choices=("aws", "local"), required=True)
    parser.add_argument("--build", type=Path, default=BUILD, help="the folder of the bundles")
    arguments = parser.parse_args()
    try:
        make(arguments.target, arguments.build)
    except CANNOT_BUNDLE as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
