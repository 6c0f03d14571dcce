"""The views of the dashboard that have pictures, and what must be on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.e2e.service import ROOT

IMAGES: Final = ROOT / "docs/images"

Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class View:
    """A view, by the name of its pictures.

    `clicks` are the selectors of what opens it, one after the other, from the page as it opens. Its
    pictures are taken when the element `selector` has `text` and nothing changes any more.
    """

    name: str
    selector: str
    text: str
    clicks: tuple[str, ...] = ()

    def pictures(self) -> Iterator[tuple[Scheme, Path]]:
        """Yield the colour schemes, each with the file of its picture."""
        for scheme in SCHEMES:
            yield scheme, IMAGES / f"{self.name}-{scheme}.webp"


VIEWS: Final = (
    View("live", ".agent", "available"),
    View("connections", ".cost", "workflow.progress", ("nav.views a:text-is('Connections')",)),
    View(
        "console",
        ".publish",
        "project_id",
        ("nav.views a:text-is('Console')", ".console nav button:text-is('Publish')"),
    ),
)
