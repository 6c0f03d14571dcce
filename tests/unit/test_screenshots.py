"""The pictures in docs/images: each view of the dashboard has both, and documents show them."""

import re

import pytest

from tests.documents import ROOT
from tests.screenshots.views import IMAGES, VIEWS, View

LARGEST = 150_000
"""Bytes of a picture: the README is to be there at once."""

SHOWN_BY = ("README.md", "docs/dashboard.md")


def sources(document: str) -> set[str]:
    """Return the files that the pictures of a document come from."""
    text = (ROOT / document).read_text()
    folder = (ROOT / document).parent
    found = re.findall(r'\bsrc(?:set)?="([^":]+)"', text)
    return {str((folder / each).relative_to(ROOT)) for each in found}


class TestPictures:
    @pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
    def test_each_view_has_both_and_they_are_small(self, view: View) -> None:
        for _, file in view.pictures():
            assert file.read_bytes()[8:12] == b"WEBP"
            assert file.stat().st_size <= LARGEST

    def test_each_belongs_to_a_view(self) -> None:
        made = {file for view in VIEWS for _, file in view.pictures()}
        assert set(IMAGES.iterdir()) == made

    def test_names_are_unique(self) -> None:
        assert len({view.name for view in VIEWS}) == len(VIEWS)

    @pytest.mark.parametrize("document", SHOWN_BY)
    def test_a_document_shows_files_that_exist(self, document: str) -> None:
        shown = sources(document)
        assert shown
        assert {each for each in shown if not (ROOT / each).is_file()} == set()

    def test_the_dashboards_page_shows_all(self) -> None:
        made = {str(file.relative_to(ROOT)) for view in VIEWS for _, file in view.pictures()}
        assert made - sources("docs/dashboard.md") == set()
