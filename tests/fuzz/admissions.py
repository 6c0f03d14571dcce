"""Who may connect: whole handshakes, with an Origin and a token, given to the `Acceptor`."""

from typing import Any

from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.lifecycle.handshake import Acceptor, Handshake, HandshakeRefused
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import JSON, Connection, State
from roomcast_backend.settings import Settings
from tests.fakes.token_checks import unrevoked
from tests.fuzz.mutations import Mutator

ALLOWED = ("https://app.example.com", "https://b.example:8443")
TOKEN = "eyJh.eyJi.c"
REFUSALS = (400, 401, 403)


def admission_event(mutator: Mutator) -> dict[str, Any]:
    """Return API Gateway's `$connect` event of a client that is almost let in."""
    headers = {
        "Authorization": mutator.text([f"Bearer {TOKEN}", ""]),
        "SEC-WebSocket-Protocol": mutator.text([f"roomcast, {TOKEN}", "roomcast", ""]),
        "Origin": mutator.text([*ALLOWED, "null", ", ".join(ALLOWED)]),
    }
    query = {
        "EIO": mutator.text(["4"]),
        "transport": mutator.text(["websocket"]),
        "token": mutator.text([TOKEN]),
    }
    return {
        "requestContext": {"connectionId": "c1"},
        "headers": _some(headers, mutator),
        "queryStringParameters": _some(query, mutator),
    }


def _some(fields: dict[str, str], mutator: Mutator) -> dict[str, str] | None:
    chosen = {name: value for name, value in fields.items() if mutator.random.random() < 0.6}
    return chosen or None


def admit(event: Any) -> None:
    """A client is refused with a status, or stored; a user has a good token, a page its origin."""
    handshake = Handshake.from_event(event)
    rows = _Rows()
    status = _status(handshake, rows)
    if status is not None:
        assert status in REFUSALS
        assert rows.stored == []
        return
    (connection,) = rows.stored
    assert handshake.headers.get("origin") in (None, *ALLOWED)
    is_user = connection.principal is not None
    assert is_user == (handshake.token == TOKEN)
    assert (connection.state is State.OPEN) == (is_user and connection.protocol == JSON)


def _status(handshake: Handshake, rows: "_Rows") -> int | None:
    try:
        _acceptor(rows).accept(handshake)
    except HandshakeRefused as refused:
        return refused.status
    return None


class _Rows:
    """The table of connections, as the handshake reaches it."""

    def __init__(self) -> None:
        self.stored: list[Connection] = []

    def put(self, connection: Connection) -> None:
        self.stored.append(connection)

    def delete(self, connection_id: str) -> None:
        raise AssertionError(f"{connection_id} was deleted: no step has failed")


class _NoSessions:
    """The table of polling sessions, which knows none."""

    def expect_upgrade(self, connection_id: str, *, token: str, due: int) -> tuple[bool, None]:
        return False, None


def _acceptor(rows: Any) -> Acceptor:
    return Acceptor(
        Settings(allowed_origins=" , ".join(ALLOWED)),
        connections=rows,
        polling=_NoSessions(),
        tokens=unrevoked(_principal_of),
        count_connections=lambda: 0,
        open_connection=lambda _: None,
        set_deadline=lambda _id, _wait: None,
        clock=lambda: 1.0,
    )


def _principal_of(token: str) -> Principal:
    if token != TOKEN:
        raise TokenRefused("the token is not valid")
    return Principal("ada", 2_000_000_000)
