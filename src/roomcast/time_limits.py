"""How long a publisher waits for the bus."""

from dataclasses import dataclass
from math import isfinite
from typing import Final, Self

from roomcast import environment

CONNECT_TIMEOUT: Final = "ROOMCAST_CONNECT_TIMEOUT"
READ_TIMEOUT: Final = "ROOMCAST_READ_TIMEOUT"
PUBLISH_TIMEOUT: Final = "ROOMCAST_PUBLISH_TIMEOUT"

CONNECT_SECONDS: Final = 1.0
READ_SECONDS: Final = 2.0
PUBLISH_SECONDS: Final = 6.0


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds for connecting, for an answer, and for one call with everything that is repeated.

    Two requests fit into a call, since the first one is preceded by the look for the bus: a limit
    for the call that is too short for this shortens the others.
    """

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    publish: float = PUBLISH_SECONDS

    @classmethod
    def chosen(
        cls,
        connect: float | None = None,
        read: float | None = None,
        publish: float | None = None,
    ) -> Self:
        """Return what is given, the rest from the environment or its defaults.

        Raises `NotConfigured` when a variable is not a positive number of seconds.
        """
        connect = connect or environment.seconds(CONNECT_TIMEOUT, CONNECT_SECONDS)
        read = read or environment.seconds(READ_TIMEOUT, READ_SECONDS)
        publish = publish or environment.seconds(PUBLISH_TIMEOUT, PUBLISH_SECONDS)
        shorter = min(1.0, publish / 2 / (connect + read))
        return cls(connect * shorter, read * shorter, publish)

    @property
    def request(self) -> float:
        """How long one request takes at most: until it is connected, and then answered."""
        return self.connect + self.read


def check(**limits: float | None) -> None:
    """Raise `ValueError` for a limit that is given and is not a positive number of seconds."""
    for name, limit in limits.items():
        if limit is not None and not (isfinite(limit) and limit > 0):
            raise ValueError(f"{name}: expected a positive number of seconds")
