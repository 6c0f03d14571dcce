"""What the functions are made of: `python -m infra.bundle --target aws|local`.

    .build/<target>/code          the packages of this project, Python files only
    .build/aws/layer/python       the locked libraries of the `lambda` group, for arm64

The same sources give the same bytes, so that a deployment uploads only what has changed. The local
target has no layer: the emulator runs functions in the environment that `uv sync` made.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".build"

PACKAGES = (ROOT / "src/roomcast", ROOT / "src/roomcast_backend", ROOT / "functions")

PYTHON_VERSION = "3.13"
PLATFORM = "aarch64-manylinux_2_28"
"""The runtime's glibc is 2.34 (Amazon Linux 2023); wheels for 2.28 are what projects publish."""

NOISE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
"""Files of a *.dist-info that tell how it was installed; nothing reads them in a function."""

UNUSED = ("__pycache__", "tests", "bin")
"""Folders of a library that no function imports from."""

SIZE_LIMIT = 250 * 1024 * 1024
"""Bytes that Lambda takes for a function and its layers, unpacked.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


class CannotBundle(RuntimeError):
    """The functions cannot be packed; the message says what to do about it."""


def bundle(target: str, build: Path = BUILD) -> Path:
    """Write the bundle of `target` anew and return its folder; raise `CannotBundle`."""
    folder = build / target
    shutil.rmtree(folder, ignore_errors=True)
    copy_code(folder / "code")
    if target == "aws":
        install_libraries(
            folder / "layer/python",
            "--python-platform",
            PLATFORM,
            "--python-version",
            PYTHON_VERSION,
        )
    size = sum(path.stat().st_size for path in files(folder))
    if size > SIZE_LIMIT:
        raise CannotBundle(f"{folder} takes {size} bytes, Lambda takes at most {SIZE_LIMIT}")
    print(f"{folder}: {size / 1024 / 1024:.1f} MB")
    return folder


def copy_code(folder: Path, packages: tuple[Path, ...] = PACKAGES) -> None:
    """Copy the Python files of `packages` side by side into `folder`."""
    for package in packages:
        for source in sorted(package.rglob("*.py")):
            copy = folder / package.name / source.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def install_libraries(folder: Path, *platform: str) -> None:
    """Install the `lambda` group from wheels, exactly as uv.lock has it.

    `platform` are uv's options that choose another platform than this one.
    """
    with tempfile.TemporaryDirectory() as scratch:
        locked = Path(scratch) / "requirements.txt"
        _uv("export", "--frozen", "--only-group", "lambda", "--output-file", str(locked))
        _uv(
            *("pip", "install", "--requirement", str(locked), "--target", str(folder)),
            *("--no-deps", "--only-binary", ":all:", "--require-hashes", *platform),
        )
    prune(folder)


def prune(folder: Path) -> None:
    """Remove what no function needs and what differs from one installation to the next."""
    for name in UNUSED:
        for path in sorted(folder.rglob(name)):
            shutil.rmtree(path, ignore_errors=True)
    for path in files(folder):
        if path.name in NOISE and path.parent.suffix == ".dist-info":
            path.unlink()
    (folder / ".lock").unlink(missing_ok=True)


def files(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder`."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [_find_uv(), "--quiet", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise CannotBundle(f"uv {' '.join(arguments[:2])} failed:\n{done.stderr.strip()}")


def _find_uv() -> str:
    """Return uv: the variable UV, beside this interpreter, or on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = os.environ.get("UV") or (str(beside) if beside.exists() else shutil.which("uv"))
    if not found:
        raise CannotBundle("uv is missing: install it (https://docs.astral.sh/uv/) or set UV")
    return found


def main() -> None:
    """Bundle the target that the command line names."""
    parser = argparse.ArgumentParser(description="Pack the functions for a deployment.")
    parser.add_argument("--target", choices=("aws", "local"), required=True)
    try:
        bundle(parser.parse_args().target)
    except CannotBundle as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
