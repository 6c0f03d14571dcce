"""An event as a client gets it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

Offset = str | int | datetime | timedelta
"""Where to go on: the `id` or the `seq` of the last event, a time, or how long ago."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The time 0 of ids: what is longer ago begins here."""


@dataclass(frozen=True, slots=True)
class Received:
    """One event: the fields of its envelope; `envelope` is all of it, `seq` 0 where it has none.

    Where `envelope` has `data_ref`, `data` is empty and lies behind that link.
    """

    id: str
    type: str
    timestamp: str
    source: str
    room: str
    data: Mapping[str, Any]
    seq: int = 0
    envelope: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, envelope: Mapping[str, Any]) -> Self:
        """Read an envelope; a field that is missing or has another type is empty."""
        texts = {name: _text(envelope.get(name)) for name in ("id", "type", "source", "room")}
        data, seq = envelope.get("data"), envelope.get("seq")
        return cls(
            **texts,
            timestamp=_text(envelope.get("timestamp")),
            data=data if isinstance(data, dict) else {},
            seq=seq if isinstance(seq, int) and not isinstance(seq, bool) else 0,
            envelope=envelope,
        )

    @property
    def published_at(self) -> datetime | None:
        """When the publisher emitted it, None where `timestamp` cannot be read."""
        try:
            return datetime.fromisoformat(self.timestamp).astimezone(UTC)
        except ValueError:
            return None


def wire_offset(since: Offset, *, now: datetime) -> str | int:
    """Return an offset as the protocol has it: a time becomes an id of that time.

    The service knows no event of that id, and goes on from the moment that is in it.
    """
    if isinstance(since, timedelta):
        since = now - min(since, now - EPOCH)
    if isinstance(since, datetime):
        milliseconds = max(0, int(since.timestamp() * 1000))
        digits = f"{milliseconds:012x}"
        return f"{digits[:8]}-{digits[8:12]}-7000-8000-000000000000"
    return since


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
