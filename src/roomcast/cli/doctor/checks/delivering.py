"""Checks of the way of an event: from the publisher over the bus to a member."""

import json
import re
from dataclasses import dataclass
from time import monotonic, time
from typing import Any, Final

from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed

from roomcast import environment
from roomcast.cli.doctor import permissions
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, Finding, Verdict, ok, warning
from roomcast.cli.doctor.json_client import JsonClient, connected
from roomcast.cli.doctor.percentiles import milliseconds
from roomcast.cli.doctor.target import SOURCE, Target, random_id
from roomcast.envelope import FRAMING_BYTES, MAX_FRAME_BYTES, encode
from roomcast.events import ProjectDeleted, ProjectUpdated

EVENTS: Final = 20
FIRST_EVENTS: Final = 6
"""How often the first event is published: a new rule does not match at once."""

FIRST_SECONDS: Final = 5.0
SLOW_DELIVERY: Final = 2.0
"""Seconds from PutEvents to the client (p99) that are worth a look."""

LOG_TRIES: Final = 5
LOG_PAUSE: Final = 4.0
LOG_MARGIN: Final = 60
"""Seconds that the caller's clock may be ahead of AWS's when its log is read."""

SIZES: Final = {"60 KB": 60 * 1024, "128 KB - 512": MAX_FRAME_BYTES - FRAMING_BYTES}

_REPORT: Final = re.compile(r"REPORT RequestId: (\S+)\s+Duration: ([\d.]+) ms")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event that was delivered: seconds in PutEvents, and from its call to the client."""

    event_id: str
    accepting: float
    total: float


async def latency(target: Target) -> Finding:
    """Deliver 20 events one after the other, and tell where the time was spent."""
    project, user = random_id(), random_id()
    begun = time()
    async with connected(target, user) as client:
        await client.succeed("subscribe", room=f"project:{project}")
        await _first(target, client, project)
        deliveries = [await _deliver(target, client, project) for _ in range(EVENTS)]
    durations, unmeasured = await _durations(target, deliveries, begun)
    return _of_times(deliveries, durations, unmeasured)


async def _first(target: Target, client: JsonClient, project: str) -> None:
    """Publish until one event arrives: so rules match, and functions are started."""
    for attempt in range(FIRST_EVENTS):
        published = await target.publish(ProjectDeleted(project_id=project, deleted_by=project))
        try:
            await client.event(published.id, seconds=FIRST_SECONDS)
        except CheckFailed:
            if attempt + 1 == FIRST_EVENTS:
                raise CheckFailed(
                    f"none of {FIRST_EVENTS} events arrived",
                    "Check the rule of the bus and its target (check `bus`), the log of "
                    "`broadcast`, and the dead letters.",
                ) from None
        else:
            return


async def _deliver(target: Target, client: JsonClient, project: str) -> Delivery:
    published = await target.publish(ProjectDeleted(project_id=project, deleted_by=project))
    await client.event(published.id)
    return Delivery(
        published.id, published.accepted - published.called, monotonic() - published.called
    )


async def _durations(
    target: Target, deliveries: list[Delivery], begun: float
) -> tuple[list[float], str]:
    """Return the durations of `broadcast` in seconds, or why they were not measured."""
    try:
        groups = await target.resources("AWS::Logs::LogGroup", starts="Broadcast")
        if not groups:
            return [], "the stack has no log group of `broadcast`"
        group = groups[0].physical_id
        for _ in range(LOG_TRIES):
            lines = await _lines(target, group, begun)
            found = durations_in(lines, {each.event_id for each in deliveries})
            if len(found) >= len(deliveries):
                return found, ""
            await target.sleep(LOG_PAUSE)
    except ClientError as exc:
        return [], permissions.of_refusal(exc, local=target.is_local).text
    return (found, "") if found else ([], "the log has no lines of these events yet")


async def _lines(target: Target, group: str, begun: float) -> list[str]:
    request = {"logGroupName": group, "startTime": int((begun - LOG_MARGIN) * 1000)}
    lines: list[str] = []
    while True:
        page = await target.call("logs", "filter_log_events", **request)
        lines += [event["message"] for event in page["events"]]
        if not page.get("nextToken"):
            return lines
        request["nextToken"] = page["nextToken"]


def durations_in(lines: list[str], event_ids: set[str]) -> list[float]:
    """Return in seconds how long the invocations ran that delivered these events.

    `broadcast` logs each event with its request id (functions/broadcast/handler.py); Lambda's
    REPORT line has the duration of a request.
    """
    entries = [_entry(line) for line in lines]
    requests = {
        entry.get("function_request_id") for entry in entries if entry.get("event_id") in event_ids
    }
    reports = filter(None, map(_REPORT.search, lines))
    return [float(report[2]) / 1000 for report in reports if report[1] in requests]


def _entry(line: str) -> dict[str, Any]:
    """Return the JSON object of a log line, an empty one for any other line."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _of_times(deliveries: list[Delivery], durations: list[float], unmeasured: str) -> Finding:
    parts = {
        "total": milliseconds([each.total for each in deliveries]),
        "put_events": milliseconds([each.accepting for each in deliveries]),
        "after_put_events": milliseconds([each.total - each.accepting for each in deliveries]),
    }
    if durations:
        parts["function"] = milliseconds(durations)
    figures = {
        f"{part}_{name}": value for part, times in parts.items() for name, value in times.items()
    }
    ran = f"ran {_range(parts['function'])}" if durations else f"was not measured ({unmeasured})"
    text = (
        f"{EVENTS} events delivered, p50/p99: {_range(parts['total'])} in all; "
        f"PutEvents {_range(parts['put_events'])}, bus to client "
        f"{_range(parts['after_put_events'])}; `broadcast` {ran}"
    )
    if parts["total"]["p99"] > SLOW_DELIVERY * 1000:
        return warning(text, "Run it again: cold starts pass. Else see `quotas`.", **figures)
    return ok(text, **figures)


def _range(times: dict[str, float]) -> str:
    return f"{times['p50']:g}/{times['p99']:g} ms"


async def large_event(target: Target) -> Finding:
    """Deliver events of 60 KB and of the largest size."""
    lost = {}
    sizes = sizes_within(environment.max_event_bytes())
    for name, size in sizes.items():
        reason = await _deliver_large(target, size)
        if reason:
            lost[name] = reason
    if not lost:
        return ok(f"events of {' and '.join(sizes)} bytes arrive whole")
    return Finding(
        Verdict.FAILED,
        "; ".join(f"an event of {name} bytes: {reason}" for name, reason in lost.items()),
        "Publish smaller events: set max_event_bytes, and ROOMCAST_MAX_EVENT_BYTES of publishers, "
        "to a size that arrives (docs/aws.md, post-32k-to-128k).",
    )


def sizes_within(limit: int) -> dict[str, int]:
    """Return those sizes that a publisher with this limit may send, or the limit's own."""
    largest = limit - FRAMING_BYTES
    allowed = {name: size for name, size in SIZES.items() if size <= largest}
    return allowed or {f"{largest:,}": largest}


async def _deliver_large(target: Target, size: int) -> str:
    """Deliver an event whose copy has `size` bytes; return what went wrong."""
    project, user = random_id(), random_id()
    event = event_of_size(project, size)
    async with connected(target, user) as client:
        await client.succeed("subscribe", room=f"project:{project}")
        try:
            published = await target.publish(event)
            envelope = await client.event(published.id)
        except ConnectionClosed as exc:
            return f"the connection was closed ({exc.rcvd.code if exc.rcvd else 'no code'})"
        except CheckFailed as exc:
            return str(exc)
    whole = envelope.get("data", {}).get("changes") == event.changes
    return "" if whole else "its data was changed"


def event_of_size(project: str, size: int) -> ProjectUpdated:
    """Return an event whose copy for the project's room has `size` bytes."""

    def made(padding: str) -> ProjectUpdated:
        return ProjectUpdated(
            project_id=project,
            project_name="doctor",
            repository_url="",
            status="checked",
            updated_by=project,
            changes={"padding": padding},
        )

    empty = made("").to_envelope(source=SOURCE)
    frame = len(encode(empty.for_room(f"project:{project}")).encode())
    return made("x" * (size - frame))


CHECKS: Final = (
    Check(
        name="latency",
        proves="Events reach a member of a room; how long that takes, and where.",
        rows=("sync-memory-cpu", "eb-new-rule"),
        seconds=180,
        run=latency,
    ),
    Check(
        name="large-event",
        proves="Events of 60 KB and of the largest size arrive whole.",
        rows=("post-413", "post-32k-to-128k", "eb-entry-size"),
        seconds=90,
        run=large_event,
    ),
)
