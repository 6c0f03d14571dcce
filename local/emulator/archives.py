"""Unpacks the functions' code once, for all of their execution environments.

MiniStack unpacks it for each environment, which compiles it again then. A few hundred files for
each process are a quarter of what the emulator does while many clients connect. Functions cannot
write where their code is, so nobody notices that they share it.

    <temporary folder>/code-<digest>/    what an archive holds; its bytecode comes with first use
    <an environment's folder>/code/      a link to each of its entries
"""

import hashlib
import tempfile
import threading
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from local.emulator.patch import wrap

_lock: Final = threading.Lock()


def install(runtime: ModuleType) -> None:
    """Let MiniStack's runtime for Lambda unpack so."""
    wrap(runtime, "zipfile", lambda module: SimpleNamespace(**vars(module) | {"ZipFile": Archive}))


class Archive(zipfile.ZipFile):
    """An archive that is unpacked as links to what the first of its kind has unpacked."""

    def extractall(self, path: Any = None, *some: Any, **otherwise: Any) -> None:
        """Link everything that the archive holds into the folder `path`."""
        if path is None or some or otherwise:
            super().extractall(path, *some, **otherwise)
            return
        for entry in self._unpacked().iterdir():
            (Path(path) / entry.name).symlink_to(entry)

    def _unpacked(self) -> Path:
        """Return the folder that the archive is unpacked in, which is whole or not there."""
        digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        folder = Path(tempfile.gettempdir()) / f"code-{digest[:16]}"
        with _lock:
            if not folder.exists():
                scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
                super().extractall(scratch)
                scratch.rename(folder)
        return folder
