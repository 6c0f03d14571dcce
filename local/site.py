"""The site of the documents: `python -m local.site` collects the pages and builds it strictly.

The documents link to each other and to files of the repository. On the site a link to a document
leads to its page. A file that is no page has no address there, and is named without a link.
Pictures come along from docs/images.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.settings import ROOT

COLLECTED: Final = Path(".build/site-source")

ELSEWHERE: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages that are not in docs/, and what they are called on the site."""

PICTURES: Final = "docs/images"

_LINK: Final = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]*)(#[^)\s]*)?\)")
_PICTURE: Final = re.compile(r"\b(src|srcset)=\"([^\":]+)\"")
"""In HTML: those of `<picture>`."""

_CODE: Final = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


def pages(root: Path = ROOT) -> dict[str, str]:
    """Return the name on the site of each document, by its path in the repository."""
    found = (path.relative_to(root / "docs").as_posix() for path in (root / "docs").rglob("*.md"))
    return {**{f"docs/{name}": name for name in sorted(found)}, **ELSEWHERE}


def page(text: str, document: str, names: dict[str, str]) -> str:
    """Return the text of a document with the links that it has on the site."""

    def link(found: re.Match[str]) -> str:
        label, target, fragment = found.group(1), found.group(2), found.group(3) or ""
        if not target or ":" in target:
            return found.group()
        path = os.path.normpath(Path(document).parent / target)
        if path == "docs/decisions":
            path += "/README.md"
        if path not in names:
            return label
        here = Path(names[document]).parent
        return f"[{label}]({os.path.relpath(names[path], here)}{fragment})"

    def picture(found: re.Match[str]) -> str:
        attribute, target = found.groups()
        file = os.path.normpath(Path(document).parent / target)
        return f'{attribute}="{os.path.relpath(file, Path("docs", names[document]).parent)}"'

    def prose(part: str) -> str:
        return _PICTURE.sub(picture, _LINK.sub(link, part))

    parts = _CODE.split(text)
    return "".join(part if part.startswith("```") else prose(part) for part in parts)


def collect(folder: Path, root: Path = ROOT) -> None:
    """Write all pages into a folder, in place of what it has."""
    shutil.rmtree(folder, ignore_errors=True)
    names = pages(root)
    for document, name in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(page((root / document).read_text(), document, names))
    shutil.copytree(root / PICTURES, folder / Path(PICTURES).name)


def main() -> int:
    """Collect and build; return the exit code, which is not 0 when a link leads nowhere."""
    collect(ROOT / COLLECTED)
    command = (sys.executable, "-m", "zensical", "build", "--strict", "--clean")
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
