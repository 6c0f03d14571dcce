"""A transport, what it sends and what its names are resolved to."""

import socket
from typing import Any

import pytest

from roomcast_backend.aws.credentials import Credentials
from roomcast_backend.aws.http.transport import HttpResponse, Transport
from roomcast_backend.aws.signing import Signer
from tests.fakes.connections_server import PATH, trusting

KEYS = Credentials("key", "secret")


class Sender:
    """A transport and what it sends: signed posts, keyed by connection id."""

    def __init__(self, url: str, **options: Any) -> None:
        options.setdefault("tls", trusting() if url.startswith("https") else None)
        self.transport = Transport(url, **{"window": 8, "timeout": 5.0, **options})
        self._signer = Signer("execute-api", "us-east-1", credentials=lambda: KEYS)

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.close()

    def write(self, connection_id: str, payload: bytes = b"frame") -> bytes:
        """Return the signed request."""
        host = self.transport.origin.authority
        return self._signer.posts(host, PATH, payload)(connection_id)

    def answers(self, *connection_ids: str) -> dict[str, HttpResponse]:
        """Post to each id; every one must be answered once."""
        answers = list(self.transport.exchange((id_, self.write(id_)) for id_ in connection_ids))
        assert sorted(answer.key for answer in answers) == sorted(connection_ids)
        return {answer.key: answer for answer in answers}

    def statuses(self, *connection_ids: str) -> list[int]:
        """Return the statuses, in the ids' order."""
        answers = self.answers(*connection_ids)
        return [answers[connection_id].status for connection_id in connection_ids]

    def post(self, connection_id: str) -> int:
        """Return the status of one post."""
        return self.statuses(connection_id)[0]


class Resolver:
    """Answers with addresses on this machine, one for each port."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
        self.ports = list(ports)
        self.asked = 0
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, *_: object, **__: object) -> list[Any]:
        self.asked += 1
        where = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*where, ("127.0.0.1", port)) for port in self.ports]


def names(count: int) -> list[str]:
    """Return connection ids."""
    return [f"Jk{number}=" for number in range(count)]
