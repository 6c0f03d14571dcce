"""The checks of others: cfn-lint, cdk-nag's AWS Solutions and mypy."""

import ast
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import ROOT, Assembly


class TestCfnLint:
    @pytest.mark.parametrize("stack", ["Roomcast", "RoomcastEdge"])
    def test_is_clean(self, aws_assembly: Assembly, stack: str) -> None:
        # Not imported above: that takes seconds in each process that collects the tests.
        from cfnlint.api import lint  # noqa: PLC0415
        from cfnlint.config import ManualArgs  # noqa: PLC0415

        text = aws_assembly.template(stack).path.read_text()
        # W3005: the CDK writes a DependsOn beside a GetAtt; it is superfluous, not wrong.
        found = lint(text, config=ManualArgs(regions=["us-east-1"], ignore_checks=["W3005"]))
        assert [f"{match.rule.id} {match.message}" for match in found] == []


class TestCdkNag:
    @pytest.fixture
    def report(self, aws_assembly: Assembly) -> dict[str, Any]:
        written = json.loads((aws_assembly.folder / "validation-report.json").read_text())
        (report,) = [r for r in written["pluginReports"] if r["pluginName"] == "AwsSolutions"]
        return dict(report)

    def test_found_nothing_that_is_not_acknowledged(self, report: dict[str, Any]) -> None:
        assert report["conclusion"] == "success"
        assert report["violations"] == []

    def test_it_looked(self, report: dict[str, Any]) -> None:
        rules = {finding["ruleName"] for finding in report["suppressedViolations"]}
        assert any("IAM5" in rule for rule in rules)
        assert any("APIG4" in rule for rule in rules)


def imported(source: Path) -> Iterator[str]:
    """Yield what a module imports, `aws_cdk.aws_sqs` and `aws_cdk.aws_sqs.Queue` alike."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


class TestMypy:
    def test_reads_each_part_of_the_cdk_that_is_used(self) -> None:
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
        (read,) = [
            set(override["module"])
            for override in settings["overrides"]
            if override.get("follow_imports") == "normal"
        ]
        used = {
            ".".join(name.split(".")[:2])
            for source in (ROOT / "infra").glob("**/*.py")
            for name in imported(source)
            if name.startswith("aws_cdk.aws_")
        }
        assert used
        assert used == {name for name in read if name.startswith("aws_cdk.aws_")}
