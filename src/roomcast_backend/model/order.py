"""The order in which one client has sent its commands.

Lambda runs the frames of one client side by side, so they can finish in another order than they
were sent in. Whoever changes a room, a session or a token keeps with it when the command was sent;
a command that was sent before the one that is kept is superseded: it changes nothing.

sent       subscribe (1)   unsubscribe (2)   subscribe (3)
executed   (3) joins       (1) superseded    (2) superseded       the client is in the room
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

LARGEST_NUMBER = 2**53 - 1
"""Clients number in doubles, which hold no larger number without gaps."""

SCALE = 2**54
"""More than any number of a command, so that one version holds a time and a number after it."""

AUTHENTICATION = "#authenticate"
"""The subject of `authenticate`; neither a room nor a namespace has this name."""

NAME_BYTES = 6


class Sent(NamedTuple):
    """When a command was sent: `at` is when API Gateway got its frame, epoch milliseconds.

    `number` tells commands of the same millisecond apart. It is None when the client gave none;
    then the one that is executed last wins. Numbers of one client go up.
    """

    at: int
    number: int | None = None

    @property
    def version(self) -> int:
        """What is kept with a change: it is larger for a command that was sent later."""
        return self.at * SCALE + (0 if self.number is None else self.number + 1)

    @property
    def newest(self) -> int:
        """The largest version of a change that this command may replace."""
        return self.version if self.number is not None else self.at * SCALE + SCALE - 1


def number_of(ref: object) -> int | None:
    """Return the number that a client gave a command, if what it gave is one that can go up."""
    if isinstance(ref, int) and not isinstance(ref, bool) and 0 <= ref <= LARGEST_NUMBER:
        return ref
    return None


def sent_at(version: int) -> int:
    """Return when the command with a version was sent, epoch milliseconds."""
    return version // SCALE


def version_name(subject: str) -> str:
    """Return the short name under which a connection keeps the version of a room or namespace.

    Room names have up to 136 characters, and each KB of a row costs a write unit for every frame.
    """
    return urlsafe_b64encode(sha256(subject.encode()).digest()[:NAME_BYTES]).decode()


def is_superseded(versions: Mapping[str, int], subject: str, sent: Sent) -> bool:
    """Tell whether a command that was sent later has changed the same subject already."""
    return versions.get(version_name(subject), 0) > sent.newest
