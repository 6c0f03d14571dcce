"""Refuses what a page in the developer's browser sends to the emulator.

MiniStack answers every origin with `Access-Control-Allow-Origin: *`, and its keys are published:
any page that is open in a browser on this machine could create functions and invoke them, that is
run code here. Programs send neither `Origin` nor `Sec-Fetch-Site`; a browser sends one of them.

What is public on AWS, too, is open to pages: the routes of the APIs, whose functions check the
origin themselves, and what a page has a presigned link to. The foreign names in `Host` are those of
DNS rebinding: a page's own name that points to 127.0.0.1.
"""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final

from local.emulator.patch import wrap

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
PUBLIC: Final = "/_aws/execute-api/"
MANAGEMENT: Final = "/@connections/"
OBJECT: Final = "/data/"
SIGNATURE: Final = b"X-Amz-Signature="


def install(app: ModuleType) -> None:
    """Put the rule before MiniStack's application."""
    wrap(app, "app", guarded)


def refusal(path: str, headers: dict[str, str], *, presigned: bool = False) -> str | None:
    """Return why a request is refused, None when it is not; header names are in lower case."""
    host = headers.get("host", "")
    if host.removesuffix(f":{host.rpartition(':')[2]}") not in HOSTS and host not in HOSTS:
        return f"the emulator answers to {', '.join(sorted(HOSTS))}, not to another host name"
    if presigned or (path.startswith(PUBLIC) and MANAGEMENT not in path):
        return None
    if "origin" in headers or "sec-fetch-site" in headers:
        return "the emulator answers programs, not pages in a browser"
    return None


def guarded(app: App) -> App:
    """Return an ASGI application that refuses first and asks `app` then."""

    async def application(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        why = refusal(scope["path"], headers, presigned=_is_presigned(scope))
        if why is None:
            await app(scope, receive, send)
        else:
            await _refuse(scope, receive, send, why)

    return application


def _is_presigned(scope: Scope) -> bool:
    """Tell whether a request reads an object by a link that somebody signed."""
    query = scope.get("query_string", b"")
    return scope.get("method") == "GET" and SIGNATURE in query and OBJECT in scope["path"]


async def _refuse(scope: Scope, receive: Any, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # the handshake
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"application/json")]
    await send(
        {"type": "http.response.start", "status": HTTPStatus.FORBIDDEN.value, "headers": headers}
    )
    await send({"type": "http.response.body", "body": json.dumps({"message": why}).encode()})
