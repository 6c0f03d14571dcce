"""The checks of others: cfn-lint and cdk-nag's AWS Solutions."""

import json
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.infra.conftest import Assembly


class TestCfnLint:
    @pytest.mark.parametrize("stack", ["Roomcast", "RoomcastEdge"])
    def test_is_clean(self, aws_assembly: Assembly, stack: str) -> None:
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
