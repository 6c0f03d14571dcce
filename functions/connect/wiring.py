"""Builds what `connect` calls: the acceptor of handshakes."""

from typing import TYPE_CHECKING

from roomcast_backend.auth.verification_keys import load_verifier
from roomcast_backend.runtime.acceptor import acceptor

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.frame_limit import FrameLimit


def warm_up() -> None:
    """Build the acceptor and import the token verifier, in the Init phase."""
    acceptor()
    load_verifier()


def frame_limit() -> "FrameLimit":
    """Return the limit of frames that a client has sent to this route."""
    from roomcast_backend.runtime import frame_limit as rare  # noqa: PLC0415  for such frames only

    return rare.frame_limit()


__all__ = ["acceptor", "frame_limit", "warm_up"]
