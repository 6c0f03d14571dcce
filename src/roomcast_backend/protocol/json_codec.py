"""The JSON protocol: one object per text frame (docs/PROTOCOL.md, "The JSON protocol")."""

import json
import math
import re
from typing import Any, NoReturn

from roomcast.envelope import Envelope, encode
from roomcast_backend.protocol.messages import (
    UNNUMBERED,
    Code,
    Command,
    Refusal,
    Reply,
    kind_of,
)

LARGEST_FRAME = 32 * 1024
"""Bytes in UTF-8. API Gateway limits frames to 32 KB, but a longer message in several frames
reaches the service.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""


_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class JsonCodec:
    """Reads `{"action": command, …body, "id": any}`; writes replies with that `id`, and events."""

    name = "json"
    heartbeat = '{"action":"ping"}'

    def decode(self, frame: str) -> Command | Refusal:
        """Read one frame; never raises, whatever the frame holds."""
        size = len(frame.encode(errors="surrogatepass"))
        if size > LARGEST_FRAME:
            message = f"expected a frame of at most {LARGEST_FRAME} bytes, got {size}"
            return Refusal(Code.PAYLOAD_TOO_LARGE, message, ref=_id_of(frame))
        try:
            value = read_json(frame)
        except (ValueError, RecursionError):
            return _invalid("a JSON object", "text that is not JSON")
        if not isinstance(value, dict):
            return _invalid("a JSON object", kind_of(value))
        ref = value.pop("id", UNNUMBERED)
        action = value.pop("action", UNNUMBERED)
        if action is UNNUMBERED:
            return _invalid('an object with "action"', "an object without it", ref)
        if not isinstance(action, str):
            return _invalid('"action" to be a string', kind_of(action), ref)
        return Command(action, value, ref)

    def encode_reply(self, reply: Reply) -> str:
        """Write a reply."""
        body = dict(reply.body)
        if reply.ref is not UNNUMBERED:
            body["id"] = reply.ref
        return write_json(body)

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write the envelope as it is."""
        return encode(envelope.for_room(room))


def read_json(text: str) -> Any:
    """Read JSON; raise `ValueError` or `RecursionError` for what could not be written back."""
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)


def _id_of(frame: str) -> Any:
    """Return the `id` of a frame that is not executed, `UNNUMBERED` if it has none.

    Nor if it is the `id` that makes the frame too large: the reply would be too large, too.
    """
    try:
        value = read_json(frame)
    except (ValueError, RecursionError):
        return UNNUMBERED
    if not isinstance(value, dict) or len(json.dumps(value.get("id"))) > LARGEST_FRAME:
        return UNNUMBERED
    return value.get("id", UNNUMBERED)


def write_json(value: Any) -> str:
    """Write JSON; what a frame brought takes at most twice as many bytes as it did there.

    Only surrogates are escaped, which UTF-8 cannot carry. Were all but ASCII, a client's text could
    take six times as much in the reply, which API Gateway would not deliver.
    """
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(value))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """Read a number; 1e999 is valid JSON but could not be written back."""
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number beyond the range of a double")
    return number


def _invalid(expected: str, given: str, ref: Any = UNNUMBERED) -> Refusal:
    return Refusal(Code.INVALID_MESSAGE, f"expected {expected}, got {given}", ref=ref)
