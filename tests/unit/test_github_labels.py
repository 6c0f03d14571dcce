"""What labels say of priority and progress."""

import pytest

from roomcast_backend.github import labels


class TestPriority:
    @pytest.mark.parametrize(
        ("label", "priority"),
        [
            ("priority: high", "high"),
            ("Priority: High", "high"),
            ("high priority", "high"),
            ("prio/high", "high"),
            ("priority-low", "low"),
            ("priority_medium", "medium"),
            ("severity: critical", "critical"),
            ("critical", "critical"),
            ("🔥 critical", "critical"),
            ("blocker", "critical"),
            ("urgent", "critical"),
            ("P0", "critical"),
            ("P1", "high"),
            ("p2", "medium"),
            ("priority: P3", "low"),
            ("P1 - high", "high"),
            ("Priority: 0", "critical"),
            ("Priority: 1", "high"),
            ("priority-1", "high"),
            ("priority_2", "medium"),
            ("Priority 3", "low"),
            ("priority1", "high"),
            ("prio:4", "low"),
            ("p-1", "high"),
            ("P/0", "critical"),
            ("Sev-1", "high"),
            ("SEV2", "medium"),
            ("priority: normal", "medium"),
            ("Priority: Normal", "medium"),
            ("normal priority", "medium"),
            ("P-high", "high"),
            ("P: low", "low"),
            ("prio/low", "low"),
            ("prio/med", "medium"),
            ("hi-pri", "high"),
            ("severity/major", "high"),
            ("severity: minor", "low"),
            ("priority: highest", "critical"),
            ("priority: very high", "critical"),
            ("priority::high", "high"),
            ("Priority level: high", "high"),
            ("priority: 1 - high", "high"),
            ("3 - high", "high"),
            ("P1 (high)", "high"),
            ("[P2] Medium", "medium"),
            ("HighPriority", "high"),
            ("PriorityLow", "low"),
            ("🔥 P0", "critical"),
            ("🔥priority: high", "high"),
            ("⬆️ high", "high"),
            ("1️⃣ priority: high", "high"),
            (":fire: critical", "critical"),
            (":rotating_light: priority: urgent", "critical"),
            ("priority/critical-urgent", "critical"),
            ("priority/important-soon", "high"),
            ("priority/important-longterm", "medium"),
            ("priority/backlog", "low"),
            ("priority/awaiting-more-evidence", "low"),
        ],
    )
    def test_labels_that_name_one(self, label: str, priority: str) -> None:
        assert labels.priority([label]) == priority

    @pytest.mark.parametrize(
        "label",
        [
            "bug",
            "low-hanging fruit",
            "highlight",
            "highLight",
            "high-contrast",
            "high contrast",
            "critical path",
            "critical-css",
            "priority: high-contrast",
            "high-level",
            "low-level",
            "level: high",
            "P10",
            "priority: 10",
            "priority: 2026",
            "priority",
            "priority: none",
            "needs priority",
            "no-priority",
            "not urgent",
            "non-critical",
            "effort: high",
            "impact: low",
            "risk/medium",
            "size: medium",
            "type: critical",
            "normal",
            "major",
            "minor",
            "semver:minor",
            "important",
            "default",
            "backlog",
            "important soon",
            "1",
            "p",
            "v1",
            "1.0",
            "python",
            "php",
            "日本 high",
            "überhigh",
            "",
            "🔥",
        ],
    )
    def test_labels_that_name_none(self, label: str) -> None:
        assert labels.priority([label]) is None

    def test_the_highest_wins(self) -> None:
        assert labels.priority(["P3", "bug", "priority: high", "medium"]) == "high"

    def test_no_labels(self) -> None:
        assert labels.priority([]) is None


class TestProgress:
    @pytest.mark.parametrize(
        "label", ["in progress", "In-Progress", "status: in progress", "status/in_progress"]
    )
    def test_in_progress(self, label: str) -> None:
        assert labels.progress(["bug", label]) == "in_progress"

    @pytest.mark.parametrize("label", ["blocked", "Status: Blocked"])
    def test_blocked_comes_first(self, label: str) -> None:
        assert labels.progress(["in progress", label]) == "blocked"

    @pytest.mark.parametrize("label", ["unblocked", "blocked by upstream", "progress", ""])
    def test_neither(self, label: str) -> None:
        assert labels.progress([label]) is None
