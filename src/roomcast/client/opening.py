"""Opens a connection, and says in words why it did not open or has ended."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from roomcast.client.errors import CannotConnect, Refused
from roomcast.client.session import decoded
from roomcast.envelope import encode
from roomcast.refusals import in_words

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

REFUSED: Final = frozenset({400, 401, 403, 404})
"""HTTP statuses of a handshake after which a retry would be refused, too."""

FAILURES: Final = (OSError, InvalidHandshake, ConnectionClosed)
"""What ends a connection, or keeps it from being made."""

WHY_SECONDS: Final = 5.0
"""How long the reason of a refusal is waited for; functions may have to start."""


async def opened(url: str, token: str | Callable[[], str], *, timeout: float) -> "ClientConnection":
    """Return an open connection; raise `Refused`, or one of `FAILURES` that can pass."""
    bearer = token if isinstance(token, str) else _fetched(token)
    try:
        return await connect(
            url,
            additional_headers={"Authorization": f"Bearer {bearer}"},
            open_timeout=timeout,
        )
    except InvalidURI as exc:
        raise Refused(f"not a WebSocket address: {url}", "INVALID_ADDRESS") from exc
    except InvalidStatus as exc:
        status = exc.response.status_code
        if status not in REFUSED:
            raise
        why = await _why(url, bearer) if status == HTTPStatus.UNAUTHORIZED else ""
        said = f"HTTP {in_words(status, b'')}: {why}" if why else reason(exc)
        raise Refused(f"{url} refused the connection: {said}", str(status)) from exc


def _fetched(token: Callable[[], str]) -> str:
    """Return what a function of the program returns; whatever it raises can pass.

    `Refused` ends it: so the program says that there will be no token any more.
    """
    try:
        return token()
    except Refused:
        raise
    except Exception as exc:
        raise ConnectionError(f"the token could not be fetched: {reason(exc)}") from exc


async def _why(url: str, token: str) -> str:
    """Return why a token is refused, which an answer to a frame tells; empty if nothing does.

    API Gateway may leave out what the function said to the handshake.
    """
    try:
        async with asyncio.timeout(WHY_SECONDS), connect(url) as socket:
            await socket.send(encode({"action": "authenticate", "token": token}))
            reply = decoded(await socket.recv())
    except FAILURES:
        return ""
    return f"{reply['message']} ({reply.get('code')})" if reply.get("message") else ""


def cannot_connect(url: str, error: Exception) -> CannotConnect:
    """Return the error for the first connection, which nobody would wait for to come back."""
    status = error.response.status_code if isinstance(error, InvalidStatus) else 0
    return CannotConnect(url, reason(error), status)


def reason(error: Exception) -> str:
    """Return why a connection failed: the answer of the service with its reason, or the error."""
    if isinstance(error, InvalidStatus):
        return f"HTTP {in_words(error.response.status_code, bytes(error.response.body or b''))}"
    return str(error) or type(error).__name__


def end_of(socket: "ClientConnection") -> str:
    """Return how a connection was closed in order."""
    return f"closed by the service{f': {socket.close_reason}' if socket.close_reason else ''}"
