"""What long-polling costs: to connect, by what happens, and for clients that stay with it.

A client that stays asks again as soon as it is answered, so that one of its requests waits nearly
all the time: Lambda takes money for that time, as API Gateway does for the minutes of a WebSocket.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from roomcast_backend.model.connection import LONGEST_CONNECTION
from roomcast_backend.settings import Settings
from simulation.costs_actions import (
    CALL_SECONDS,
    DEFAULTS,
    INVOCATION_SECONDS,
    Options,
    cost,
    together,
)
from simulation.costs_connections import SECONDS, month
from simulation.metered import POLLING, Metered, polling, recorded

DEADLINE = "deadline of a connection without a token"
GREETED = ("connect, Socket.IO", "greeting, Socket.IO", "authenticate, Socket.IO", DEADLINE)

BEGIN = (f"{POLLING}the handshake", f"{POLLING}POST of the CONNECT")
UPGRADED = (
    *BEGIN,
    f"{POLLING}GET until the WebSocket has probed",
    f"{POLLING}`$connect` of the WebSocket",
    f"{POLLING}`2probe`",
    f"{POLLING}`5`, its reply to the CONNECT, the greeting",
    DEADLINE,
)
SETTLED = (
    *BEGIN,
    f"{POLLING}GET that settles and answers the CONNECT, the greeting",
    f"{POLLING}GET that returns the greeting",
    DEADLINE,
)
WAYS = {
    '`transports: ["websocket"]`': GREETED,
    "default options: by upgrade": UPGRADED,
    "default options, WebSockets blocked: stays on polling": SETTLED,
}
"""What happens until a Socket.IO client is greeted, its deadline's look at it too."""

WAITING = "GET that waits for nothing"
END = (f"{POLLING}POST of a `subscribe`", f"{POLLING}POST of the end")


@dataclass(frozen=True, slots=True)
class Way:
    """One way of connecting, all its actions together."""

    actions: tuple[Metered, ...]

    @property
    def requests(self) -> int:
        """Requests of the HTTP API."""
        return sum(action.requests for action in self.actions)

    @property
    def frames(self) -> int:
        """Messages of the WebSocket API."""
        return sum(action.frames for action in self.actions)

    @property
    def invoked(self) -> int:
        """Invocations of functions."""
        return sum(action.invoked for action in self.actions)

    @property
    def calls(self) -> int:
        """Calls of AWS, those of @connections included."""
        return sum(sum(action.calls.values()) for action in self.actions)

    @property
    def waits(self) -> float:
        """Seconds that requests sleep."""
        return sum(action.waits for action in self.actions)


def way(names: Iterable[str]) -> Way:
    """Return a way of connecting by the names of its recorded actions."""
    return Way(tuple(recorded()[name] for name in names))


def waiting_seconds() -> float:
    """Return how long a GET takes that waits for nothing."""
    waiting = polling()[WAITING]
    return INVOCATION_SECONDS + waiting.depth * CALL_SECONDS + waiting.waits


def staying(clients: int = 1, options: Options = DEFAULTS) -> dict[str, float]:
    """Return the dollars of a month of clients that are always there, on polling, and idle.

    Its requests one after the other, by service; and `connecting again`, every two hours.
    """
    gets = clients * SECONDS / waiting_seconds()
    once = {name: gets * dollars for name, dollars in cost(polling()[WAITING], options).items()}
    begins = clients * SECONDS / LONGEST_CONNECTION
    again = sum(together((*SETTLED, *END), options).values())
    return once | {"connecting again": begins * again}


def most_staying(options: Options = DEFAULTS) -> dict[str, float]:
    """Return the dollars of a month in which as many stay as `max_polling_connections` lets."""
    return staying(Settings().max_polling_connections, options)


def on_a_websocket(options: Options = DEFAULTS) -> float:
    """Return what an idle client's month on a WebSocket costs, of 1,000 of them, nothing fixed."""
    found = month(1_000, options)
    return (sum(found.values()) - found["fixed"]) / 1_000
