"""WebSocket subprotocols: a browser's only way to send a token that is not part of the URL.

    new WebSocket(url, ["roomcast", token])

The server answers with one of the offered names; a browser that gets none, or another, closes the
connection (RFC 6455, section 4.1). The token is never what is answered: replies are logged.
"""

import re
from typing import Final

HEADER: Final = "sec-websocket-protocol"
ROOMCAST: Final = "roomcast"
"""The subprotocol behind which a token may follow."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A name that may be answered: a token of HTTP (RFC 6455, section 4.1; RFC 9110, section 5.6.2)."""


def offered(header: str) -> list[str]:
    """Return the subprotocols that a handshake's header offers, in the client's order."""
    return [name for each in header.split(",") if (name := each.strip())]


def token_in(names: list[str]) -> str | None:
    """Return the token among the offered names: what else is offered beside `roomcast`."""
    if ROOMCAST not in names:
        return None
    return next((name for name in names if name != ROOMCAST), None)


def chosen(names: list[str]) -> str | None:
    """Return the offered name to answer with; None when there is none but a token.

    What is no name is not answered: browsers offer none such, and a reply could not carry it.
    """
    if ROOMCAST in names:
        return ROOMCAST
    return next((name for name in names if _may_be_answered(name)), None)


def _may_be_answered(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not _looks_like_a_token(name)


def _looks_like_a_token(name: str) -> bool:
    """Tell whether a name has the shape of a JWT: three parts, the first begins with `{`."""
    return name.count(".") == 2 and name.startswith("ey")  # noqa: PLR2004
