"""What happens at the service, in lines that a person reads: from functions' calls and their logs.

16:16:52  connect       d23843e0687d415b  ada
16:16:53  subscribe     d23843e0687d415b  project:7
16:16:55  publish       project.deleted  01a218a5-…  to project:7, user:ada
16:16:56  deliver       project.deleted  01a218a5-…  posts_sent 1, after 539 ms
16:16:57  refused       401 the token is not valid (connect)

No line has a token or a payload.
"""

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

REFUSED: Final = "refused"
FIRST_ERROR: Final = 400
VERB_WIDTH: Final = len("unsubscribe") + 1
LOUD: Final = frozenset({"WARNING", "ERROR", "CRITICAL"})

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-")
_SOCKET_IO = re.compile(r"(4[0-4])(?:(/[^,{\[]*),)?\d*")
"""An Engine.IO message with a Socket.IO packet: its type, and its namespace."""

AUTHENTICATE: Final = "authenticate"
COMMANDS: Final = ("subscribe", "unsubscribe")
CONNECT, REFUSAL = "40", "44"


def of_event(event: Any) -> Iterator[str]:
    """Yield the line of what a function is called with: an event, or an order, from the bus."""
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict) or "type" not in detail:  # a schedule's has none
        return
    rooms = detail.get("rooms") or [detail.get("room") or f"user:{detail.get('user_id', '?')}"]
    tenant = f" of {detail['tenant']}" if detail.get("tenant") else ""
    to = f"to {', '.join(map(str, rooms))}{tenant}"
    yield _line("publish", str(detail["type"]), str(detail.get("id", "")), to)


def of_call(event: Any, result: Any) -> Iterator[str]:
    """Yield the lines of a call of a client: what it asked, and what the function returned."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    if isinstance(context, dict) and "connectionId" in context:
        yield from _of_socket(event, context, result)
    elif isinstance(context, dict) and "http" in context:
        yield from _of_request(context["http"], result)


def of_log(text: str, *, now: float | None = None) -> Iterator[str]:
    """Yield the line of what a function has logged: a delivery, or something that went wrong.

    `now` is the time in seconds since 1970.
    """
    entry = _object(text)
    if entry.get("message") == "delivered":
        counts = [f"{name} {entry[name]}" for name in entry if name.startswith("posts_")]
        sent = ", ".join(counts) or "to nobody"
        moment = time.time() if now is None else now
        id_ = str(entry.get("event_id", ""))
        yield _line("deliver", str(entry.get("type", "")), id_, f"{sent}{_age(id_, moment)}")
    elif entry.get("level") in LOUD:
        said = [str(entry[name]) for name in ("message", "reason", "error") if name in entry]
        yield _line("problem", str(entry.get("service", "")), ": ".join(said))


def _of_socket(event: dict[str, Any], context: dict[str, Any], result: Any) -> Iterator[str]:
    """Yield the line of a handshake, a frame or the end of a connection."""
    connection = str(context["connectionId"])
    match context.get("eventType"):
        case "CONNECT":
            if refusal := _refusal(result):
                yield _line(REFUSED, f"{refusal} (connect)")
            else:
                yield _line("connect", connection, _user_of(event) or "no token yet")
        case "DISCONNECT":
            code = context.get("disconnectStatusCode", "")
            yield _line("leave", connection, str(code or ""))
        case _:
            yield from _of_frame(str(event.get("body") or ""), connection, result)


def _of_frame(frame: str, connection: str, result: Any) -> Iterator[str]:
    """Yield the lines of a command that changes something, and of any that is refused.

    A command with several rooms has a line for each.
    """
    command, body = _command(frame)
    reply = _reply(result)
    rooms = reply.get("rooms")
    for each in rooms if isinstance(rooms, list) and command != AUTHENTICATE else [reply]:
        answer = each if isinstance(each, dict) else {}
        room = str(answer.get("room") or body.get("room") or "")
        if answer.get("status") == "error":
            why = f"{answer.get('code', '')} {answer.get('message', '')}".strip()
            asked = f"{command} {room}".strip() or "frame"
            yield _line(REFUSED, connection, f"{why} ({asked})")
        elif command == AUTHENTICATE:
            yield _line(command, connection, _subject(str(body.get("token", ""))))
        elif command in COMMANDS:
            yield _line(command, connection, room)


def _command(frame: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the body of a command, as JSON or in a packet of Socket.IO."""
    packet = _SOCKET_IO.match(frame)
    value = _value(frame[packet.end() :] if packet else frame)
    if packet and packet[1] == CONNECT:
        return AUTHENTICATE, value if isinstance(value, dict) else {}
    if packet and isinstance(value, list) and value:
        body = value[1] if len(value) > 1 and isinstance(value[1], dict) else {}
        return str(value[0]), body
    body = value if isinstance(value, dict) else {}
    return str(body.get("action", "")), body


def _reply(result: Any) -> dict[str, Any]:
    """Return the body of a function's answer to a frame; with Socket.IO that of its packet."""
    text = str(_returned(result).get("body") or "")
    packet = _SOCKET_IO.match(text)
    value = _value(text[packet.end() :] if packet else text)
    if packet and packet[1] == REFUSAL and isinstance(value, dict):
        return {"status": "error", **value}
    if isinstance(value, list):
        value = value[0] if value else {}
    return value if isinstance(value, dict) else {}


def _of_request(http: Mapping[str, Any], result: Any) -> Iterator[str]:
    """Yield the line of an HTTP request that is refused, and of a webhook that is taken."""
    where = f"{http.get('method')} {http.get('path')}"
    if refusal := _refusal(result):
        yield _line(REFUSED, f"{refusal} ({where})")
    elif "webhooks" in where:
        yield _line("webhook", str(_returned(result).get("statusCode")), _said(result))


def _refusal(result: Any) -> str:
    """Return status and reason of an answer that refuses; empty for another one."""
    if isinstance(result, dict) and result.get("status") == "error":
        return "500 the function failed"
    status = _returned(result).get("statusCode", 200)
    if not isinstance(status, int) or status < FIRST_ERROR:
        return ""
    return f"{status} {_said(result)}".strip()


def _returned(result: Any) -> dict[str, Any]:
    returned = result.get("result") if isinstance(result, dict) else None
    return returned if isinstance(returned, dict) else {}


def _said(result: Any) -> str:
    """Return the reason in the body of an answer: its `message`, or all of a short text."""
    text = str(_returned(result).get("body") or "")
    value = _value(text)
    if isinstance(value, dict):
        return str(value.get("message") or value.get("status") or "")
    return "" if value is not None else text


def _user_of(event: dict[str, Any]) -> str:
    """Return whom the token of a handshake that was accepted speaks for; empty without one."""
    headers = {str(name).lower(): str(each) for name, each in (event.get("headers") or {}).items()}
    query = event.get("queryStringParameters") or {}
    places = (headers.get("authorization"), headers.get("sec-websocket-protocol"))
    return next((who for text in (*places, query.get("token")) if (who := _subject(text))), "")


def _subject(text: object) -> str:
    """Return the `sub` of a token in a text; the service has verified it. Empty without one."""
    found = re.search(r"[\w-]+\.([\w-]+)\.[\w-]+", str(text or ""))
    if not found:
        return ""
    try:
        payload = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)).decode()
    except ValueError:
        return ""
    return str(_object(payload).get("sub", ""))


def _age(event_id: str, now: float) -> str:
    """Return how long ago an event was published, by its UUIDv7; other ids do not tell."""
    if not _UUID7.match(event_id):
        return ""
    published = int(event_id[:8] + event_id[9:13], 16)
    return f", after {max(0, now * 1000 - published):.0f} ms"


def _line(verb: str, *parts: str) -> str:
    """Return a line without its time; what strangers sent can neither break nor colour it."""
    text = "  ".join(part for part in parts if part)
    return f"{verb:<{VERB_WIDTH}}  {''.join(each if each.isprintable() else '?' for each in text)}"


def _object(text: str) -> dict[str, Any]:
    value = _value(text)
    return value if isinstance(value, dict) else {}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
