"""The two APIs behind the edge, and which headers pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import ClientSession, web
from multidict import CIMultiDict, CIMultiDictProxy

# https://www.rfc-editor.org/rfc/rfc9110#name-connection: they concern one hop only.
_HOP: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade", "proxy-connection"),
    }
)


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The APIs' addresses, each up to and including its stage."""

    websocket_url: str
    http_url: str


UPSTREAMS: Final = web.AppKey("upstreams", Upstreams)
CLIENT: Final = web.AppKey("client", ClientSession)


def end_to_end_headers(
    headers: CIMultiDictProxy[str], *, without: Iterable[str] = ()
) -> CIMultiDict[str]:
    """Return the headers that pass an intermediary, each once, in their order.

    A header that came several times has its values joined with commas, as API Gateway does.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    dropped = _HOP | set(without)
    names = dict.fromkeys(name.lower() for name in headers)
    kept = (name for name in names if name not in dropped)
    return CIMultiDict((name, ",".join(headers.getall(name))) for name in kept)
