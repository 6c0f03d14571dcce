"""Guesses whose token a polling client has sent in advance, before its WebSocket is through.

The frame that ends an upgrade is answered with the reply to a CONNECT that waits elsewhere. Where
its user is known by then, what is read of the user is read beside. A wrong guess costs a read.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from roomcast_backend.auth.claims import TokenRefused
from roomcast_backend.model.polling import Pending
from roomcast_backend.protocol import engineio_packets, socketio_packets

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.token_check import TokenCheck


def expected_user(pending: Iterable[Pending], tokens: "TokenCheck") -> str:
    """Return the account of the first CONNECT with a valid token; empty when there is none."""
    for packet, _ in pending:
        read = engineio_packets.read(packet)
        message = getattr(read, "data", None)
        connect = socketio_packets.read(message) if isinstance(message, str) else None
        if not isinstance(connect, socketio_packets.Connect):
            continue
        token = connect.auth.get("token")
        if isinstance(token, str) and token:
            try:
                return tokens.verify(token).account
            except TokenRefused:
                return ""
    return ""
