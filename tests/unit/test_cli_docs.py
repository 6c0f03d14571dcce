"""docs/cli.md has every command."""

import ast
import re
from pathlib import Path

from roomcast.cli import COMMANDS

TEXT = (Path(__file__).parents[2] / "docs/cli.md").read_text()


class TestCommands:
    def test_are_all_in_the_table(self) -> None:
        rows = "\n".join(line for line in TEXT.splitlines() if line.startswith("| `"))
        listed = re.findall(r"`([a-z-]+)[^`]*`", rows.replace("](", ""))
        assert {name for name, *_ in COMMANDS} <= set(listed)

    def test_the_python_is_python(self) -> None:
        (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
        compile(block, "cli.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
