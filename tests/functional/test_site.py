"""The site of the documents is built as `make site` builds it, and a bad link ends the build."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.site import COLLECTED, collect
from tests.documents import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the pages and the settings of the site."""
    (tmp_path / "mkdocs.yml").write_text((ROOT / "mkdocs.yml").read_text())
    collect(tmp_path / COLLECTED)
    return tmp_path


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "zensical", "build", "--strict", "--clean")
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


class TestBuild:
    def test_has_no_bad_link(self, folder: Path) -> None:
        begun = time.monotonic()
        done = build(folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert time.monotonic() - begun < 15
        start = (folder / ".build/site/index.html").read_text()
        assert 'href="tutorial/"' in start
        assert (folder / ".build/site/decisions/0036-the-site/index.html").is_file()

    def test_has_the_pictures_of_its_pages(self, folder: Path) -> None:
        assert build(folder).returncode == 0
        shown = 0
        for page in (folder / ".build/site").rglob("*.html"):
            for source in re.findall(r'src(?:set)?="?([^"\s>]+\.webp)', page.read_text()):
                assert (page.parent / source).is_file(), f"{page}: {source}"
                shown += 1
        assert shown

    @pytest.mark.parametrize("link", ["gone.md", "cli.md#gone"])
    def test_a_bad_link_ends_it(self, folder: Path, link: str) -> None:
        page = folder / COLLECTED / "tutorial.md"
        page.write_text(f"{page.read_text()}\n[bad]({link})\n")
        assert build(folder).returncode != 0
