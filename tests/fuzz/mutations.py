"""Makes inputs that are almost right: seeds, changed in a few places."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

ODD_CHARACTERS = (
    "\x00\x1f\x7f\x85 \u2028\ufeff\ufffd\ufffe\uffff\ud800\udfff\U0001f600é٠９"
    '"\\{}[],:-_.#$%/?&=+0123456789eE'
)
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 2**53, 2**63, 10**400, "", " ", "a" * 300, "\ud800",
    "\uffff", "user:../x", "2026-13-45", [], {}, [[[]]], {"": None}, ["a", 1], {"id": {"id": []}},
)  # fmt: skip


class Mutator:
    """Changes texts and JSON values; the same seed makes the same inputs."""

    def __init__(self, seed: int, words: Sequence[str]) -> None:
        self.random = Random(seed)  # noqa: S311
        self._words = words
        self._changes: tuple[Callable[[str], str], ...] = (
            self._delete, self._insert_word, self._insert_odd, self._repeat, self._swap, self._cut,
        )  # fmt: skip

    def text(self, seeds: Sequence[str]) -> str:
        """Return one of some texts, or parts of two of them, with up to four changes."""
        text = self.random.choice(seeds)
        if self.random.random() < 0.1:  # noqa: PLR2004
            other = self.random.choice(seeds)
            text = text[: self._place(text)] + other[self._place(other) :]
        for _ in range(self.random.randint(0, 4)):
            text = self.random.choice(self._changes)(text)
        return text

    def value(self, seed: Any) -> Any:
        """Return a copy of a JSON value with up to three other values, keys or lengths in it."""
        copy = json.loads(json.dumps(seed))
        for _ in range(self.random.randint(0, 3)):
            copy = self._changed(copy)
        return copy

    def _changed(self, value: Any, depth: int = 0) -> Any:
        inner: Any = None
        if isinstance(value, dict) and value:
            inner = self.random.choice(list(value))
        elif isinstance(value, list) and value:
            inner = self.random.randrange(len(value))
        if inner is None or self.random.random() < 0.15 * depth:  # noqa: PLR2004
            return self._odd_value(value)
        if self.random.random() < 0.1:  # noqa: PLR2004
            del value[inner]
        else:
            value[inner] = self._changed(value[inner], depth + 1)
        return value

    def _odd_value(self, value: Any) -> Any:
        if isinstance(value, str) and self.random.random() < 0.6:  # noqa: PLR2004
            return self.text([value])
        return deepcopy(self.random.choice(ODD_VALUES))  # later changes are made in place

    def _place(self, text: str) -> int:
        return self.random.randint(0, len(text))

    def _delete(self, text: str) -> str:
        start = self._place(text)
        return text[:start] + text[start + self.random.randint(1, 8) :]

    def _insert_word(self, text: str) -> str:
        start = self._place(text)
        return text[:start] + self.random.choice(self._words) + text[start:]

    def _insert_odd(self, text: str) -> str:
        start = self._place(text)
        return text[:start] + self.random.choice(ODD_CHARACTERS) + text[start:]

    def _repeat(self, text: str) -> str:
        start = self._place(text)
        part = text[start : start + self.random.randint(1, 8)]
        return text[:start] + part * self.random.choice((2, 3, 50)) + text[start:]

    def _swap(self, text: str) -> str:
        if not text:
            return text
        start = self.random.randrange(len(text))
        return text[:start] + self.random.choice(text) + text[start + 1 :]

    def _cut(self, text: str) -> str:
        return text[: self._place(text)]
