"""Write what the functions are made of: code and libraries.

    <target>/code           the packages of this project
    aws/layer/python       the locked libraries of the `lambda` group, for arm64

Both with bytecode, where this machine has a Python of the version that they run on. The same
sources give the same bytes, so that a deployment uploads only what has changed. The local target
has neither: the emulator runs functions in the environment that `uv sync` made.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra import bytecode
from infra.uv import ROOT, uv

PACKAGES = (ROOT / "src/roomcast", ROOT / "src/roomcast_backend", ROOT / "functions")

PYTHON_VERSION = "3.13"
PLATFORM = "aarch64-manylinux_2_28"
"""The runtime's glibc is 2.34 (Amazon Linux 2023); wheels for 2.28 are what projects publish."""

NOISE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
"""Files of a *.dist-info that tell how it was installed; nothing reads them in a function."""

CODE_AT, LAYER_AT = "/var/task", "/opt"
"""Where functions find code and layer.

https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
"""

UNUSED = ("__pycache__", "tests", "bin")
"""Folders of a library that no function imports from."""

SIZE_LIMIT = 250 * 1024 * 1024
"""Bytes that Lambda takes for a function and its layers, unpacked.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


class CannotBundle(RuntimeError):
    """The functions cannot be packed; the message says what to do about it."""


def write(target: str, folder: Path) -> None:
    """Write the bundle of `target` into an empty folder, and to stderr what takes long.

    Raises `CannotBundle`, `infra.bytecode.NotCompiled` and `infra.uv.UvFailed`.
    """
    _say(f"bundle for {target}: the functions' code")
    copy_code(folder / "code")
    if target == "aws":
        _say(f"bundle for {target}: the libraries of uv.lock for {PLATFORM} ...")
        install_libraries(
            folder / "layer/python",
            "--python-platform",
            PLATFORM,
            "--python-version",
            PYTHON_VERSION,
        )
        add_bytecode(folder)
    size = sum(path.stat().st_size for path in files(folder))
    if size > SIZE_LIMIT:
        raise CannotBundle(f"{folder} takes {size} bytes, Lambda takes at most {SIZE_LIMIT}")
    _say(f"bundle for {target}: {size / 1024 / 1024:.1f} MB")


def copy_code(folder: Path, packages: tuple[Path, ...] = PACKAGES) -> None:
    """Copy the Python files of `packages` side by side into `folder`."""
    for package in packages:
        for source in sorted(package.rglob("*.py")):
            copy = folder / package.name / source.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def add_bytecode(folder: Path) -> None:
    """Compile code and layer, or say what it costs that this machine cannot."""
    python = bytecode.interpreter(PYTHON_VERSION)
    if python is None:
        _say(
            f"no bytecode: python{PYTHON_VERSION} is not on the PATH. "
            "Functions work without it, but take about twice as long to start"
        )
        return
    bytecode.compile_all(folder / "code", at=CODE_AT, python=python)
    bytecode.compile_all(folder / "layer", at=LAYER_AT, python=python)


def install_libraries(folder: Path, *platform: str) -> None:
    """Install the `lambda` group from wheels, exactly as uv.lock has it.

    `platform` are uv's options that choose another platform than this one.
    """
    with tempfile.TemporaryDirectory() as scratch:
        locked = Path(scratch) / "requirements.txt"
        uv("export", "--frozen", "--only-group", "lambda", "--output-file", str(locked))
        uv(
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


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
