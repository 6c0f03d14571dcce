"""`roomcast explain`: tell why a user did or did not get an event."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from roomcast.cli.deployment import Deployment, find_deployment
from roomcast.cli.group import (
    CommandFailed,
    InvalidInput,
    admin_token_option,
    json_option,
    stack_option,
)

STATS: Final = "/websocket/stats"
"""What the address of the statistics ends with, beside which this one stands."""

PARTS: Final = ("event", "rooms", "connections", "verdict", "reason", "next")


@click.command(
    epilog="""\b
Examples:
  roomcast explain 01a204e4-0f4e-7a8c-a1e5-c82f4978aa0d ada
  roomcast explain 01a204e4-0f4e-7a8c-a1e5-c82f4978aa0d ada --json | jq .verdict
"""
)
@click.argument("event_id")
@click.argument("user")
@json_option
@admin_token_option
@stack_option
def explain(
    *, event_id: str, user: str, as_json: bool, token: str | None, stack: str | None
) -> None:
    """Tell why USER did or did not get the event EVENT_ID.

    The service looks at what it keeps: the event's fan-out, its rooms, and the
    connections that the user has now. What it cannot know it calls not known.
    With --json it is the service's answer as it is.
    """
    from roomcast.envelope import encode

    answer = _ask(find_deployment(stack), token, event_id, user)
    if as_json:
        click.echo(encode(answer))
        return
    for name, text in _lines(answer):
        click.echo(f"{name:<11} {text}".rstrip())


def _ask(deployment: Deployment, token: str | None, event_id: str, user: str) -> Mapping[str, Any]:
    from urllib.parse import urlencode

    from roomcast.cli import admin_requests
    from roomcast.rooms import is_user_id

    if not is_user_id(user):
        raise InvalidInput(f"USER: expected the id of a user, got {user!r}")
    base = deployment.required("stats_url").removesuffix(STATS)
    url = f"{base}/explain?{urlencode({'event': event_id, 'user': user})}"
    answer = admin_requests.get(deployment, url, token)
    if not isinstance(answer, dict) or any(part not in answer for part in PARTS):
        raise CommandFailed(f"{url} answered something that is no explanation")
    return answer


def _lines(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "event", _event(answer["event"])
    for room in answer["rooms"]:
        yield "room", _room(room)
    for each in answer["connections"]:
        what = f"{each['id']}  {each['protocol']}, connected {each['connected_at']}"
        yield "connection", what
        yield "", f"{each['verdict']}: {each['reason']}"
    if answer.get("more_connections"):
        yield "", "and more connections, which were not looked at"
    yield "verdict", f"{answer['verdict']}: {answer['reason']}"
    yield "next", answer["next"]


def _event(event: Mapping[str, Any]) -> str:
    if not event["known"]:
        return f"{event['id']}  not known"
    ended = f" {event['ended_at']}" if "ended_at" in event else ""
    waiting = f", {event['queued_parts']} parts wait" if event["queued_parts"] else ""
    return (
        f"{event['id']}  {event['type']}, published {event['published_at']}, "
        f"fan-out {event['fan_out']}{ended}{waiting}, {event['posts']} posts"
    )


def _room(room: Mapping[str, Any]) -> str:
    may = {True: "its token opens it", False: "its token does not open it"}
    told = [may.get(room["may_join"], "whether a token opens it is not known")]
    if room["left_out"]:
        told.append("left out: a newer event tells it")
    if "seq" in room:
        told.append(f"seq {room['seq']}")
    if "replay_until" in room:
        told.append(f"replay until {room['replay_until']}")
    return f"{room['room']}  {', '.join(told)}"
