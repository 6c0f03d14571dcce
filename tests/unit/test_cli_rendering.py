"""Events on one line."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from roomcast.cli.rendering import line
from roomcast.client import Received

NOW = datetime(2026, 1, 31, 12, 0, 1, 272000, tzinfo=UTC)
ENVELOPE = {
    "id": "e1",
    "type": "project.deleted",
    "timestamp": "2026-01-31T12:00:01.234Z",
    "source": "s",
    "room": "project:123",
    "data": {"project_id": "123", "deleted_by": "Zo\u00eb\n"},
}


class TestLine:
    def test_has_the_local_time_and_the_latency(self) -> None:
        zone = timezone(timedelta(hours=5, minutes=30))
        assert line(Received.of(ENVELOPE), now=NOW, zone=zone) == (
            "17:30:01.234     +38 ms  project.deleted       project:123  "
            '{"project_id":"123","deleted_by":"Zo\u00eb\\n"}'
        )

    @pytest.mark.parametrize(
        ("seconds", "said"), [(0.2, "+200 ms"), (-0.2, "-200 ms"), (3600, "+3600 s")]
    )
    def test_tells_how_long_it_was_on_its_way(self, seconds: float, said: str) -> None:
        published = NOW - timedelta(seconds=0.038)
        assert said in line(Received.of(ENVELOPE), now=published + timedelta(seconds=seconds))

    @pytest.mark.parametrize("envelope", [{}, {"type": 7, "timestamp": None, "data": []}])
    def test_whatever_comes_is_one_line(self, envelope: dict[str, object]) -> None:
        assert "\n" not in line(Received.of(envelope), now=NOW)
