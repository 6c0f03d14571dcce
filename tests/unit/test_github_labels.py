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
        ],
    )
    def test_labels_that_name_one(self, label: str, priority: str) -> None:
        assert labels.priority([label]) == priority

    @pytest.mark.parametrize(
        "label",
        ["bug", "low-hanging fruit", "highlight", "P10", "priority", "type: critical", "", "🔥"],
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
