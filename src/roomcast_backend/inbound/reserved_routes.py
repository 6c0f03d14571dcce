"""Frames that API Gateway's own routes catch.

A client that sends `{"action": "$connect"}` chooses that route, and so the function behind it. The
function answers as to any unknown action. It reads no table and changes nothing, unless a client
sends many of them: then they count as commands.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from roomcast_backend.inbound.frames import frame_of

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.frame_limit import FrameLimit

logger = Logger(child=True)


def is_frame(event: Mapping[str, Any]) -> bool:
    """Tell whether an event of `$connect` or `$disconnect` is a frame that a client has sent."""
    return bool(event["requestContext"].get("eventType") == "MESSAGE")


def answer(event: Mapping[str, Any], frame_limit: "Callable[[], FrameLimit]") -> dict[str, Any]:
    """Refuse the frame as an unknown action, whatever its limit says: both change nothing."""
    # Such frames are rare: the function is not to import this at each cold start.
    from roomcast_backend.protocol.json_codec import JsonCodec  # noqa: PLC0415
    from roomcast_backend.protocol.messages import Code, Refusal, Reply  # noqa: PLC0415

    _count(event["requestContext"]["connectionId"], frame_limit)
    codec = JsonCodec()
    frame = codec.decode(frame_of(event))
    refusal = Refusal(Code.INVALID_MESSAGE, "expected a command, got the name of a route")
    return {"statusCode": 200, "body": codec.encode_reply(Reply(refusal.body(), frame.ref))}


def _count(connection_id: str, frame_limit: "Callable[[], FrameLimit]") -> None:
    """Count the frame; a failure is not the client's, which gets its answer all the same."""
    try:
        limit = frame_limit()
        if not limit.takes_free(connection_id) and limit.remembered(connection_id) is None:
            limit.admit(connection_id)
    except Exception:
        logger.exception("a frame was not counted")
