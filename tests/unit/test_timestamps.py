"""Moments as publishers may give them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from roomcast import timestamps

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


class TestRead:
    @pytest.mark.parametrize(
        "value",
        [
            NOON,
            datetime(2025, 1, 31, 12),
            datetime(2025, 1, 31, 14, tzinfo=timezone(timedelta(hours=2))),
            "2025-01-31T12:00:00Z",
            "2025-01-31t12:00:00z",
            "2025-01-31 12:00:00",
            "2025-01-31T07:00:00-05:00",
            "2025-01-31T12:00:00.000000001Z",
        ],
    )
    def test_same_moment_in_utc(self, value: object) -> None:
        read = timestamps.read(value)
        assert read == NOON
        assert read.utcoffset() == timedelta(0)

    @pytest.mark.parametrize(
        "value",
        [
            *("", "now", "2025-01-31", "20250131T120000Z", "2025-W05-5T12:00:00Z", "1738324800"),
            *("2025-02-30T12:00:00Z", "2025-01-31T25:00:00Z", "2025-01-31T12:00:00Z\n"),
            *(
                "2025-01-31T12:00:00+99:00",
                "\u0662025-01-31T12:00:00Z",
                "0001-01-01T00:00:00+05:00",
            ),
            *(None, 1738324800, 1.5, True, date(2025, 1, 31), b"2025-01-31T12:00:00Z"),
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        ],
    )
    def test_anything_else_is_refused(self, value: object) -> None:
        with pytest.raises(ValueError, match="expected a datetime or RFC 3339 text"):
            timestamps.read(value)
