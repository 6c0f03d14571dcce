"""A request of HTTP long-polling, read from API Gateway's event (payload format 2.0).

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from roomcast_backend.auth.bearer import bearer_token
from roomcast_backend.polling.errors import (
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    TRANSPORT_UNKNOWN,
    UNSUPPORTED_VERSION,
    PollingRefused,
)
from roomcast_backend.protocol.engineio_errors import version_hint
from roomcast_backend.protocol.engineio_packets import SEPARATOR

LARGEST_BODY = 128 * 1024
"""Bytes of a client's body, announced in its handshake; clients send more in several bodies."""

MOST_PACKETS = 100
"""In one body: each of them is a command."""

USE_WEBSOCKET = 'use `transports: ["websocket"]`'


@dataclass(frozen=True, slots=True)
class PollingRequest:
    """A request; header names are in lower case, the body is as it came.

    `at` is when API Gateway got it, epoch milliseconds; None when it does not say.
    """

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""
    at: int | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read API Gateway's event."""
        body = event.get("body") or ""
        return cls(
            method=event["requestContext"]["http"]["method"],
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            query=event.get("queryStringParameters") or {},
            body=b64decode(body) if event.get("isBase64Encoded") else body.encode(),
            at=event["requestContext"].get("timeEpoch"),
        )

    @property
    def sid(self) -> str:
        """The secret of the client's session, empty for a handshake."""
        return self.query.get("sid", "")

    @property
    def token(self) -> str | None:
        """The token of `Authorization: Bearer`, else of `?token=`."""
        return (
            bearer_token(self.headers.get("authorization", "")) or self.query.get("token") or None
        )

    def check(self) -> None:
        """Raise `PollingRefused` unless this is a request of Engine.IO v4 over HTTP."""
        version = self.query.get("EIO")
        if version != "4":
            raise PollingRefused(UNSUPPORTED_VERSION, version_hint(version))
        transport = self.query.get("transport", "")
        if transport == "websocket":
            raise PollingRefused(BAD_REQUEST, "expected a WebSocket handshake, got a plain request")
        if transport != "polling":
            raise PollingRefused(TRANSPORT_UNKNOWN, "expected polling or websocket")
        if not self.sid and self.method != "GET":
            raise PollingRefused(BAD_HANDSHAKE_METHOD, "expected GET without a sid")
        if self.method not in ("GET", "POST"):
            raise PollingRefused(BAD_REQUEST, f"expected GET or POST, got {self.method}")

    def packets(self) -> list[str]:
        """Return the packets of the body; raise `PollingRefused` for one that holds none.

        413 for a body over `LARGEST_BODY`; `MOST_PACKETS` stand in one.
        """
        if len(self.body) > LARGEST_BODY:
            hint = f"expected a body of at most {LARGEST_BODY} bytes, got {len(self.body)}"
            raise PollingRefused(BAD_REQUEST, hint, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            packets = self.body.decode().split(SEPARATOR)
        except UnicodeDecodeError as exc:
            raise PollingRefused(BAD_REQUEST, "expected a body in UTF-8") from exc
        if not self.body:
            raise PollingRefused(BAD_REQUEST, "expected packets, got an empty body")
        if len(packets) > MOST_PACKETS:
            raise PollingRefused(BAD_REQUEST, f"expected at most {MOST_PACKETS} packets in a body")
        return packets
