"""Events on one line."""

import pytest

from roomcast.cli.rendering import line


class TestLine:
    def test_an_event(self) -> None:
        envelope = {
            "id": "e1",
            "type": "project.deleted",
            "timestamp": "2026-01-31T12:00:01.234Z",
            "source": "s",
            "room": "project:123",
            "data": {"project_id": "123", "deleted_by": "Zoë\n"},
        }
        assert line(envelope) == (
            "12:00:01.234  project.deleted       project:123  "
            '{"project_id":"123","deleted_by":"Zoë\\n"}'
        )

    @pytest.mark.parametrize("envelope", [{}, {"type": 7, "timestamp": None, "data": []}])
    def test_whatever_comes_is_one_line(self, envelope: dict[str, object]) -> None:
        assert "\n" not in line(envelope)
