"""Cutting texts to a size in bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast_backend.github.truncation import MARK, size, truncated

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


class TestShortened:
    def test_what_fits_stays(self) -> None:
        assert truncated("abc", 3) == "abc"

    def test_the_beginning_stays(self) -> None:
        assert truncated("a" * 20, 10) == "a" * 7 + MARK

    @pytest.mark.parametrize("character", ["é", "😀", '"', "\n", "\x01"])
    def test_counts_bytes_of_json(self, character: str) -> None:
        cut = truncated(character * 65_536, 1000)
        assert 990 < size(cut) <= 1000
        assert cut == character * (len(cut) - 1) + MARK

    def test_room_for_nothing_leaves_the_mark(self) -> None:
        assert truncated("abcdef", 0) == MARK

    @given(TEXTS, st.integers(min_value=3, max_value=60))
    def test_never_over_the_limit(self, text: str, limit: int) -> None:
        cut = truncated(text, limit)
        assert size(cut) <= limit
        assert cut == text or text.startswith(cut.removesuffix(MARK))
