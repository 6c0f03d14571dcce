"""A recording: envelopes in JSON, one per line, as `record`, `tail --json` and `history --json`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from roomcast.errors import RoomcastError

if TYPE_CHECKING:
    from roomcast.events import Event


class BadRecording(RoomcastError, ValueError):
    """A line of a recording is not an envelope; the message has its number."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line: the event's type, source and data, and the seconds since the line before."""

    number: int
    type: str
    source: str
    data: Mapping[str, Any]
    pause: float
    by_reference: bool


def read(lines: Iterable[str]) -> Iterator[Recorded]:
    """Yield what was recorded; raise `BadRecording`. Empty lines do not count."""
    before: datetime | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        envelope = _envelope(line, number)
        try:
            published = datetime.fromisoformat(str(envelope["timestamp"]))
            pause = (published - before).total_seconds() if before else 0.0
        except (KeyError, ValueError, TypeError) as exc:
            raise BadRecording(f"line {number}: expected a timestamp with its zone") from exc
        before = published
        yield Recorded(
            number=number,
            type=str(envelope["type"]),
            source=str(envelope.get("source") or ""),
            data=envelope["data"],
            pause=max(0.0, pause),
            by_reference="data_ref" in envelope,
        )


def event_of(recorded: Recorded, known: "Mapping[str, type[Event]]") -> "Event | str":
    """Return the event to publish, or why there is none."""
    kind = known.get(recorded.type)
    if kind is None:
        return f"{recorded.type} is not an event that can be published"
    if recorded.by_reference:
        return f"the data of {recorded.type} is not in the recording, only a link to it"
    return kind(**recorded.data)


def _envelope(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise BadRecording(f"line {number}: expected JSON") from exc
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise BadRecording(f"line {number}: expected an envelope with a type")
    if not isinstance(value.get("data"), dict):
        raise BadRecording(f"line {number}: expected an envelope with data")
    return value
