"""Ends connections, saying why: `connection.error`, then the close."""

import time
from collections.abc import Callable, Sequence

from roomcast.envelope import Envelope, new_id, timestamp
from roomcast_backend.connections import Member, address
from roomcast_backend.delivery import Post
from roomcast_backend.forgetting import Forgetting
from roomcast_backend.gateway import Gateway
from roomcast_backend.protocol import codec_named
from roomcast_backend.protocol.messages import Code
from roomcast_backend.stores.memberships import MembershipStore

SOURCE = "websocket_server"


def own_room(connection_id: str) -> str:
    """Return what stands as `room` in an event that is for one connection only.

    No client can join it: it is not a room's name.
    """
    return f"connection:{address(connection_id)}"


def own_event(event_type: str, connection_id: str, data: dict[str, object]) -> Envelope:
    """Return an event of the service itself for one connection."""
    room = own_room(connection_id)
    return Envelope(new_id(), event_type, timestamp(), SOURCE, (room,), data)


def error_frame(connection_id: str, protocol: str, code: Code, message: str) -> str:
    """Write `connection.error` for one connection or session."""
    data: dict[str, object] = {
        "error_code": str(code),
        "error_message": message,
        "connection_id": address(connection_id),
    }
    envelope = own_event("connection.error", connection_id, data)
    return codec_named(protocol).encode_event(envelope, own_room(connection_id))


class Farewell:
    """Says goodbye through the gateway and forgets the connection."""

    def __init__(
        self,
        gateway: Gateway,
        memberships: MembershipStore,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._forgetting = Forgetting(memberships, clock=clock)

    def say(self, connection_id: str, protocol: str, code: Code, message: str) -> None:
        """Post `connection.error` and close; a client that is gone already is no error."""
        frame = error_frame(connection_id, protocol, code, message)
        self._gateway.post(connection_id, frame.encode())
        self._gateway.close(connection_id)

    def expired(self, members: Sequence[Member], *, room: str, until: float) -> int:
        """End the connections of members whose token has expired; return how many.

        One that could not be closed is refused with its next frame, for it is not known any more.
        One for which there is no time until the clock says `until` gets nothing either, and its
        end the next time.
        """
        if self._clock() >= until:
            return 0
        for _ in self._gateway.post_all(map(_goodbye, members)):
            pass
        self._gateway.close_all(member.connection_id for member in members)
        return self._forgetting.forget(members, room=room, until=until)


def _goodbye(member: Member) -> Post:
    message = "the token has expired: connect again with a fresh one"
    frame = error_frame(member.connection_id, member.protocol, Code.AUTH_FAILED, message)
    return Post(member, frame.encode())
