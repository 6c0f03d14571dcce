"""The code of the documents, so that tests can run it as it stands there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def blocks(document: str, language: str) -> list[str]:
    """Return the code blocks of a language in a document, such as `docs/migrating.md`, in order."""
    text = (ROOT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(document: str) -> list[str]:
    """Return the commands of its `console` blocks: the lines that begin with `$ `."""
    lines = "".join(blocks(document, "console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
