"""A client of Socket.IO as engine.io-client 6 and socket.io-client 4 are, as far as transports go.

It begins with HTTP long-polling, posts its CONNECT, and tries a WebSocket beside its requests:

GET ─▶ 0{"sid"} ─┬─▶ POST 40/ws,      GET, GET, …
                 └─▶ WebSocket ─▶ 2probe ─▶ 3probe: no more requests ─▶ 5

On any error, and when the service closes it, it connects again. When its WebSocket breaks after
`3probe` and before `5` it hangs, as the original does: it begins no request any more.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Protocol

SEPARATOR = "\x1e"
NAMESPACE = "/ws"

Answer = Callable[[int, str], None]
"""Gets the status and the body of an HTTP answer; 0 when the request has failed."""


class Socket(Protocol):
    """The client's end of a WebSocket."""

    def send(self, frame: str) -> None:
        """Send a frame."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Network(Protocol):
    """What a client reaches the service with."""

    def request(self, method: str, sid: str, body: str, answer: Answer) -> None:
        """Send a request."""
        ...

    def connect(self, sid: str, engine: "Engine") -> Socket:
        """Begin a WebSocket, which calls the engine's `socket_…` methods."""
        ...

    def later(self, seconds: float, step: Callable[[], object]) -> None:
        """Do something after some seconds."""
        ...


class Engine:
    """One connection of a client, from its handshake to its end."""

    def __init__(self, network: Network, connects: list[str], ended: Callable[[], object]) -> None:
        self._network = network
        self._ended = ended
        self._buffer: list[str] = []
        self._flushed = 0
        self._polling = self._writing = self._pausing = self._upgraded = False
        self._socket: Socket | None = None
        self._connects = connects
        self.sid = ""
        self.closed = self.upgrading = False
        self.sent: Counter[str] = Counter()
        self.heard: list[str] = []
        self._get()

    @property
    def hangs(self) -> bool:
        """Tell whether it waits for ever: its WebSocket has broken in the middle of the upgrade."""
        return self.upgrading and self._socket is None

    @property
    def transport(self) -> str:
        return "websocket" if self._upgraded else "polling"

    def send(self, packet: str) -> None:
        """Send a packet, when it is possible."""
        if not self.closed:
            self.sent[packet] += 1
            self._buffer.append(packet)
            self._flush()

    def close(self) -> None:
        """End the connection, and tell the service so if nothing stands in the way."""
        if self.closed:
            return
        self.closed = True
        if self._socket is not None:
            self._socket.close()
        if not self._upgraded and self.sid and not self._pausing:
            self._network.request("POST", self.sid, "1", lambda _status, _body: None)
        self._ended()

    def vanish(self) -> None:
        """End without a word, as a page whose computer is switched off."""
        if self.closed:
            return
        self.closed = True
        if self._socket is not None:
            self._socket.close()
        self._ended()

    def _get(self) -> None:
        self._polling = True
        self._network.request("GET", self.sid, "", self._got)

    def _got(self, status: int, body: str) -> None:
        if self.closed:
            return
        if status != 200:  # noqa: PLR2004
            return self.close()
        packets = body.split(SEPARATOR)
        if "1" in packets:  # socket.io-client hands on what came beside it later, and not any more
            return self.close()
        for packet in packets:
            self._hear(packet)
        self._polling = False
        if self._pausing:
            return self._paused()
        if not self.closed and not self._upgraded:
            self._get()
        return None

    def _hear(self, packet: str) -> None:
        if packet.startswith("0") and not self.sid:
            self.sid = json.loads(packet[1:])["sid"]
            for connect in self._connects:
                self.send(connect)
            self._socket = self._network.connect(self.sid, self)
        elif packet.startswith("4"):
            self.heard.append(packet)

    def _flush(self) -> None:
        if self.closed or not self._buffer or self.upgrading or self._writing:
            return
        if self._upgraded and self._socket is not None:
            for packet in self._buffer:
                self._socket.send(packet)
            self._buffer = []
        elif self.sid:
            self._writing, self._flushed = True, len(self._buffer)
            self._network.request("POST", self.sid, SEPARATOR.join(self._buffer), self._posted)

    def _posted(self, status: int, _body: str) -> None:
        if self.closed:
            return
        if status != 200:  # noqa: PLR2004
            return self.close()
        self._writing = False
        del self._buffer[: self._flushed]
        if self._pausing:
            self._paused()
        return self._flush()

    def socket_opened(self) -> None:
        """Hear that the WebSocket is open."""
        if self._socket is not None and not self.closed:
            self._socket.send("2probe")

    def socket_heard(self, frame: str) -> None:
        """Hear a frame of the WebSocket."""
        if self.closed:
            return
        if self._upgraded:
            if frame.startswith("{"):
                return self.close()  # no packet at all
            self._hear(frame)
        elif frame == "3probe":
            self.upgrading = self._pausing = True
            self._paused()
        return None

    def socket_closed(self) -> None:
        """Hear that the WebSocket has ended, or never was."""
        self._socket = None
        if self._upgraded:
            self.close()

    def _paused(self) -> None:
        """Upgrade, when no request is under way any more."""
        if self._polling or self._writing or self._socket is None or self._upgraded:
            return
        self._upgraded, self.upgrading, self._pausing = True, False, False
        self._socket.send("5")
        self._flush()
