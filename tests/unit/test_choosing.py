"""docs/choosing.md has the prices of docs/cost.md, and a source for each reference."""

import re

import pytest

from tests.documents import ROOT

TEXT = (ROOT / "docs/choosing.md").read_text()
COST = (ROOT / "docs/cost.md").read_text()


def rows(table: str) -> dict[str, list[str]]:
    """Return the cells of a table's rows, by their first cell."""
    cells = [re.split(r"\s*\|\s*", line.strip("| ")) for line in table.splitlines()]
    return {each[0]: each[1:] for each in cells if len(each) > 1}


BUSY = rows(COST[COST.index("<!-- table: alternatives_busy -->") :].split("<!-- end -->")[0])
LOADS = rows(TEXT[TEXT.index("## Prices of three loads") : TEXT.index("* *old server*")])


class TestPrices:
    @pytest.mark.parametrize(
        "name", [name for name in BUSY if name.strip("- ") and "$" in BUSY[name][0]]
    )
    def test_are_those_of_the_cost_page(self, name: str) -> None:
        assert LOADS[name] == BUSY[name][:3]

    def test_azure_is_as_calculated(self) -> None:
        units = [1, 10, 100]
        calculated = [f"${1.61 * 30 * each:,.2f}".removesuffix(".00") for each in units]
        assert LOADS["Azure Web PubSub, units filled"] == calculated


class TestWhatIsCompared:
    @pytest.mark.parametrize("part", ["## In short", "## What each brings", "## Limits"])
    def test_everyone_is_in_each_table(self, part: str) -> None:
        table = TEXT[TEXT.index(part) :].split("\n## ")[0]
        names = ("Roomcast", "AppSync", "IoT", "Azure", "Ably", "Centrifugo", "Socket.IO")
        assert [name for name in names if name not in table] == []
