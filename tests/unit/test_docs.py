"""What the documents say exists, and what exists is in the documents."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from roomcast.events import EVENT_TYPES
from roomcast_backend.fanout.metrics import METRICS
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.protocol.messages import Code
from roomcast_backend.runtime import unavailable
from roomcast_backend.runtime.metrics import FLOODING_CLOSED, SURPLUS_CLOSED
from tests.documents import blocks

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "docs/PROTOCOL.md").read_text()
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DOCUMENTS = sorted(
    path
    for folder in (".", "docs", "docs/decisions", "benchmarks", "simulation", "web/packages/client")
    for path in (ROOT / folder).glob("*.md")
)
LONGEST_LINE = 120

GENERATED = (
    "endpoints.json",
    "results.json",
    ".bench/",
    ".build/",
    ".local/",
    ".venv/",
    "cdk.out/",
)
"""Files that commands write, and the folders that they write to."""

INSTALLED = {"__pycache__", "node_modules", "dist"}
"""Folders whose files nobody has written."""

FILE = re.compile(r"[\w./*-]+\.(py|md|json|toml|ya?ml|m?jsx?|tsx?|html|lock|conf|lua)")
FOLDER = re.compile(r"(?!application/|[/.]*/)[\w.*-]+/([\w.*-]+/)*")
MODULE = re.compile(r"(roomcast|roomcast_backend|functions|infra|local|benchmarks|tests)(\.\w+)+")


class TestProtocol:
    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    def test_every_event_type_and_its_fields(self, event_type: str) -> None:
        assert f"`{event_type}`" in PROTOCOL
        for field in EVENT_TYPES[event_type].model_fields:
            assert re.search(rf"\b{field}\b", PROTOCOL), field

    @pytest.mark.parametrize("code", list(Code))
    def test_every_error_code(self, code: Code) -> None:
        assert f"| `{code}` |" in PROTOCOL

    def test_every_command(self) -> None:
        unused: Any = None
        commands = Commands(
            connections=unused,
            memberships=unused,
            tokens=unused,
            replay=unused,
            teller=unused,
            presence=unused,
            max_rooms_per_connection=0,
        )
        documented = re.findall(r"^\| `([a-z:]+)` \| (?:–|`\{)", PROTOCOL, re.MULTILINE)
        assert sorted(documented) == sorted(commands.names)


class TestOperations:
    @pytest.mark.parametrize("metric", [*METRICS, FLOODING_CLOSED, SURPLUS_CLOSED])
    def test_every_metric(self, metric: str) -> None:
        assert f"`{metric}`" in OPERATIONS

    @pytest.mark.parametrize("metric", unavailable.METRICS)
    def test_every_metric_of_outages(self, metric: str) -> None:
        assert f"`{metric}`" in OPERATIONS

    def test_every_metric_of_webhooks(self) -> None:
        source = (ROOT / "src/roomcast_backend/github/webhook.py").read_text()
        metrics = set(re.findall(r'"(webhooks_[a-z]+)"', source))
        assert metrics
        assert {metric for metric in metrics if f"`{metric}`" not in OPERATIONS} == set()


class TestReadme:
    def test_its_make_targets_exist(self) -> None:
        makefile = (ROOT / "Makefile").read_text()
        targets = re.findall(r"^(?:\$ )?make ([a-z]+)", README, re.MULTILINE)
        assert {"dev", "test", "deploy"} <= set(targets)
        for target in targets:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target

    @pytest.mark.parametrize("document", ["README.md", "docs/publishing.md", "docs/receiving.md"])
    def test_its_python_is_python(self, document: str) -> None:
        found = blocks(document, "python")
        assert found
        for block in found:
            compile(block, document, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    def test_is_not_longer_than_two_screens(self) -> None:
        assert len(README.splitlines()) <= 115

    def test_has_every_document(self) -> None:
        documents = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
        assert documents - {"docs/aws.md"} - set(re.findall(r"\((docs/\w+\.md)\)", README)) == set()


class TestLinks:
    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_lead_to_files(self, document: Path) -> None:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        missing = [link for link in links if not (document.parent / link).exists()]
        assert missing == []

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_the_paths_in_code_spans_exist(self, document: Path) -> None:
        text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
        spans = re.findall(r"`([^`\n]+)`", text)
        assert [span for span in spans if names_a_path(span) and not exists(span)] == []

    @pytest.mark.parametrize(
        ("span", "is_path", "is_there"),
        [
            ("stores/keys.py", True, True),
            ("src/roomcast/events/", True, True),
            ("tests/unit/test_local_*.py", True, True),
            ("functions.connect.handler", True, True),
            ("gone.py", True, False),
            ("src/gone/", True, False),
            ("infra.gone", True, False),
            ("application/json", False, False),
            ("/webhooks/github", False, False),
            ("project.updated", False, False),
        ],
    )
    def test_what_counts_as_a_path(self, span: str, *, is_path: bool, is_there: bool) -> None:
        assert names_a_path(span) is is_path
        assert exists(span) is is_there

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_every_reference_has_a_definition_of_its_own_line(self, document: Path) -> None:
        text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
        used = set(re.findall(r"\]\[([a-z0-9-]+)\]", text))
        assert used == set(
            re.findall(r"^\[([a-z0-9-]+)\]: https?://\S+$", text, flags=re.MULTILINE)
        )


def names_a_path(span: str) -> bool:
    """Tell whether a code span is the name of a file, a folder/ or a module of the repository."""
    if span.startswith(GENERATED):
        return False
    return any(form.fullmatch(span) for form in (FILE, FOLDER, MODULE))


def exists(span: str) -> bool:
    """Tell whether a file, folder or module of this name, or the end of its path, is there."""
    if MODULE.fullmatch(span) and not FILE.fullmatch(span):
        path = span.replace(".", "/")
        return any(end_matches(name) for name in (f"{path}.py", f"{path}/"))
    return end_matches(span)


def end_matches(name: str) -> bool:
    """Tell whether a path of the repository ends with `name`, in which `*` stands for anything."""
    pattern = "[^/]*".join(re.escape(part) for part in name.split("*"))
    return any(re.search(rf"/{pattern}$", path) for path in paths())


@cache
def paths() -> frozenset[str]:
    """Return `/path` of each file and `/path/` of each folder that somebody wrote."""
    tops = [path for path in ROOT.iterdir() if path.name != "node_modules"]
    files = [path for path in tops if path.is_file()]
    for top in tops:
        if top.is_dir() and not top.name.startswith("."):
            files += (path for path in top.rglob("*") if not INSTALLED.intersection(path.parts))
    return frozenset(f"/{path.relative_to(ROOT)}{'/' * path.is_dir()}" for path in (*files, *tops))


class TestLines:
    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_of_prose_are_not_too_long(self, document: Path) -> None:
        assert list(long_lines(document.read_text())) == []

    def test_tables_code_and_addresses_may_be_longer(self) -> None:
        long = "word " * 30
        assert list(long_lines(long)) == [long]
        assert list(long_lines(f"- {long}")) == [f"- {long}"]
        assert list(long_lines(f"| {long} |")) == []
        assert list(long_lines(f"```\n{long}\n```")) == []
        assert list(long_lines("https://example.com/" + "x" * LONGEST_LINE)) == []


def long_lines(text: str) -> Iterator[str]:
    """Yield the lines of prose that are too long, without their URLs."""
    code = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        code ^= fence
        if fence or code or line.lstrip().startswith("|"):
            continue
        if len(re.sub(r"https?://\S+", "", line)) > LONGEST_LINE:
            yield line


class TestReliability:
    """docs/reliability.md names tests that exist, and has each promise of the protocol."""

    TEXT = (ROOT / "docs/reliability.md").read_text()

    def test_names_tests_that_are_there(self) -> None:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", self.TEXT)
        assert len(named) > 40
        missing = [
            (file, name)
            for file, name in named
            if not (ROOT / file).is_file()
            or not re.search(rf"^(class|(async )?def) {name}\b", (ROOT / file).read_text(), re.M)
        ]
        assert missing == []

    def test_has_each_promise_of_the_protocol(self) -> None:
        protocol = (ROOT / "docs/PROTOCOL.md").read_text()
        chapter = protocol[protocol.index("## 11.") : protocol.index("## 12.")]
        promises = re.findall(r"\*\*(.+?)\*\*", chapter.replace("\n", " "))
        assert len(promises) >= 3
        plain = self.TEXT.lower().replace("`", "")
        assert [p for p in promises if p.lower().strip(".").replace("`", "") not in plain] == []
