"""The pages of the site: what links become, and that each page can be found."""

import re
from pathlib import Path

import pytest

from local.site import collect, page, pages
from tests.documents import ROOT

NAMES = {
    "README.md": "index.md",
    "docs/cli.md": "cli.md",
    "docs/decisions/0001-a.md": "decisions/0001-a.md",
}


class TestLinks:
    @pytest.mark.parametrize(
        ("document", "text", "becomes"),
        [
            ("README.md", "[more](docs/cli.md#tail)", "[more](cli.md#tail)"),
            ("docs/decisions/0001-a.md", "[it](../../README.md)", "[it](../index.md)"),
            ("docs/cli.md", "[`x`](../src/x.py)", "`x`"),
            ("docs/cli.md", "[here](#tail)", "[here](#tail)"),
            ("docs/cli.md", "[out](https://example.com/a#b)", "[out](https://example.com/a#b)"),
            ("docs/cli.md", "```\n[x](../src/x.py)\n```", "```\n[x](../src/x.py)\n```"),
        ],
    )
    def test_lead_to_pages(self, document: str, text: str, becomes: str) -> None:
        assert page(text, document, NAMES) == becomes

    @pytest.mark.parametrize(
        ("document", "source", "becomes"),
        [
            ("README.md", "docs/images/a.webp", "images/a.webp"),
            ("docs/cli.md", "images/a.webp", "images/a.webp"),
            ("docs/decisions/0001-a.md", "../images/a.webp", "../images/a.webp"),
            ("docs/cli.md", "https://example.com/a.png", "https://example.com/a.png"),
        ],
    )
    def test_lead_to_pictures(self, document: str, source: str, becomes: str) -> None:
        for attribute in ("src", "srcset"):
            text = f'<img {attribute}="{source}">'
            assert page(text, document, NAMES) == f'<img {attribute}="{becomes}">'


class TestNavigation:
    TEXT = (ROOT / "mkdocs.yml").read_text()

    def test_has_each_page(self) -> None:
        listed = set(re.findall(r": (\S+\.md)$", self.TEXT, re.MULTILINE))
        names = {name for name in pages().values() if not name.startswith("decisions/0")}
        assert listed == names

    def test_pages_are_collected(self, tmp_path: Path) -> None:
        (tmp_path / "old.md").touch()
        collect(tmp_path)
        assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.md")} == set(
            pages().values()
        )
