"""Frames that API Gateway's own routes catch.

A client that sends `{"action": "$connect"}` chooses that route, and so the function behind it. The
function answers as to any unknown action; it reads no table and changes nothing.
"""

from collections.abc import Mapping
from typing import Any

from roomcast_backend.inbound.frames import frame_of


def is_frame(event: Mapping[str, Any]) -> bool:
    """Tell whether an event of `$connect` or `$disconnect` is a frame that a client has sent."""
    return bool(event["requestContext"].get("eventType") == "MESSAGE")


def answer(event: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse the frame as an unknown action."""
    # Such frames are rare: the function is not to import this at each cold start.
    from roomcast_backend.protocol.json_codec import JsonCodec  # noqa: PLC0415
    from roomcast_backend.protocol.messages import Code, Refusal, Reply  # noqa: PLC0415

    codec = JsonCodec()
    frame = codec.decode(frame_of(event))
    refusal = Refusal(Code.INVALID_MESSAGE, "expected a command, got the name of a route")
    return {"statusCode": 200, "body": codec.encode_reply(Reply(refusal.body(), frame.ref))}
