"""What the documents say exists, and what exists is in the documents."""

import ast
import re
from pathlib import Path

import pytest

from roomcast.events import EVENT_TYPES
from roomcast_backend.fanout.metrics import METRICS
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.protocol.messages import Code

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "docs/PROTOCOL.md").read_text()
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DOCUMENTS = sorted(
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "docs/decisions")
    for path in folder.glob("*.md")
)


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
        commands = Commands(
            connections=None,  # type: ignore[arg-type]
            memberships=None,  # type: ignore[arg-type]
            principal_of=None,  # type: ignore[arg-type]
            replay=None,  # type: ignore[arg-type]
            max_rooms_per_connection=0,
        )
        documented = re.findall(r"^\| `([a-z:]+)` \| (?:–|`\{)", PROTOCOL, re.MULTILINE)
        assert sorted(documented) == sorted(commands.names)


class TestOperations:
    @pytest.mark.parametrize("metric", METRICS)
    def test_every_metric(self, metric: str) -> None:
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

    def test_its_python_is_python(self) -> None:
        blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
        assert blocks
        for block in blocks:
            compile(block, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


class TestLinks:
    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
    def test_lead_to_files(self, document: Path) -> None:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        missing = [link for link in links if not (document.parent / link).exists()]
        assert missing == []
