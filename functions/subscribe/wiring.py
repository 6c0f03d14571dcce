"""Builds what `subscribe` calls: the dispatcher, and the answer when even that fails."""

from roomcast_backend.auth.verification_keys import load_verifier
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.model.connection import SOCKET_IO
from roomcast_backend.protocol import protocol_of
from roomcast_backend.runtime.dispatcher import dispatcher


def warm_up() -> None:
    """Build the dispatcher and import the token verifier, in the Init phase."""
    dispatcher()
    load_verifier()


def last_resort(frame: str) -> str:
    """Return the reply to a frame that cannot even be passed to the dispatcher."""
    handler = SocketIoHandler if protocol_of(frame) == SOCKET_IO else JsonHandler
    return handler.last_resort


__all__ = ["dispatcher", "last_resort", "warm_up"]
