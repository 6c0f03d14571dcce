"""Signature Version 4 in headers; what is the same in all posts of one fan-out is computed once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

A signature is HMAC(key, stamp + SHA256(method + path + headers + payload's hash)). Of that a post
has only the connection id for its own, so that hashes are kept with all that comes before already
in them, and copied for each signature.
"""

import hmac
import re
import time
from binascii import hexlify
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from roomcast.version import __version__
from roomcast_backend.aws.credentials import Credentials, current

if TYPE_CHECKING:
    from hashlib import _Hash

ALGORITHM = "AWS4-HMAC-SHA256"

RENEW_AFTER = 50.0
"""Seconds for which a date is used again; AWS refuses one that is five minutes off."""

BLOCK = 64
"""Bytes of SHA-256's block, to which HMAC fills a key up.

https://www.rfc-editor.org/rfc/rfc2104#section-2
"""

OWN_HEADERS = frozenset(
    {"authorization", "content-length", "host", "user-agent", "x-amz-date", "x-amz-security-token"}
)
"""Headers that are written here and not to be given."""

USUAL: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
"""What API Gateway makes connection ids of; of these only `=` is quoted in a path."""

_PATH: Final = re.compile(r"/[^\s?#]*")
_NAME: Final = re.compile(r"[a-z0-9-]+")
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Signer:
    """Writes requests to one service of AWS as they go over the wire, signed."""

    def __init__(
        self,
        service: str,
        region: str,
        *,
        credentials: Callable[[], Credentials] = current,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service = service
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._seal: _Seal | None = None

    def request(
        self,
        method: str,
        host: str,
        path: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        payload: bytes = b"",
    ) -> bytes:
        """Return a whole HTTP/1.1 request; all its headers but its length and agent are signed.

        `host` names the port where it is not the scheme's own. `path` is percent-encoded already,
        without a query and without `.`, `..` or empty segments: these are signed as they are.
        Raises `ValueError` for what would not be one request, such as a line's end in a header.
        """
        if not _PATH.fullmatch(path):
            raise ValueError(f"expected a quoted path without a query, got {path!r}")
        line = _safe(f"{method} {path}").encode()
        form = self._sealed().form(method, host, headers, payload)
        canonical = sha256(_canonical(method, path))
        canonical.update(form.signed)
        return b"".join((line, form.head, form.signature(canonical), form.end))

    def posts(self, host: str, prefix: str, payload: bytes) -> Callable[[str], bytes]:
        """Return a function from connection id to the whole signed POST of `payload` to it.

        `prefix` is the path up to the id, e.g. `/prod/@connections/`. Date and credentials are
        renewed while the function is in use.
        """
        return _Posts(self._sealed, self._clock, host, prefix, payload).write

    def _sealed(self) -> "_Seal":
        """Return what signs now: the one of last time unless it is old or the credentials new."""
        now = self._clock()
        credentials = self._credentials()
        seal = self._seal
        if seal is None or seal.credentials != credentials or not _is_fresh(seal.made, now):
            seal = self._seal = _Seal(credentials, now, self._region, self._service)
        return seal


class _Form(NamedTuple):
    """What requests have in common that differ in their path only.

    `signed` and `head` are what follows the path, in the canonical request and over the wire.
    """

    signed: bytes
    head: bytes
    end: bytes
    inner: "_Hash"
    outer: "_Hash"

    def signature(self, canonical: "_Hash") -> bytes:
        inner = self.inner.copy()
        inner.update(hexlify(canonical.digest()))
        outer = self.outer.copy()
        outer.update(inner.digest())
        return hexlify(outer.digest())


class _Seal:
    """Credentials and a date, made into a key: `made` in epoch seconds.

    `inner` and `outer` are the two hashes that HMAC is made of, the key already in them.
    """

    def __init__(self, credentials: Credentials, made: float, region: str, service: str) -> None:
        self.credentials = credentials
        self.made = made
        self._date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(made))
        day = self._date[:8]
        self._scope = f"{day}/{region}/{service}/aws4_request"
        key = f"AWS4{credentials.secret_key}".encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in key.ljust(BLOCK, b"\0")))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in key.ljust(BLOCK, b"\0")))
        self._inner.update(f"{ALGORITHM}\n{self._date}\n{self._scope}\n".encode())

    def form(self, method: str, host: str, headers: Mapping[str, str], payload: bytes) -> _Form:
        """Return what follows the path of requests to `host`, with these headers and payload."""
        given = {_other(name.lower()): _safe(value) for name, value in headers.items()}
        given |= {"host": _safe(host), "x-amz-date": self._date}
        if self.credentials.token:
            given["x-amz-security-token"] = _safe(self.credentials.token)
        names = ";".join(sorted(given))
        lines = "".join(f"{name}:{' '.join(given[name].split())}\n" for name in sorted(given))
        head = [f"{name}: {value}" for name, value in given.items()]
        if payload or method != "GET":
            head.append(f"content-length: {len(payload)}")
        head.append(f"user-agent: roomcast/{__version__}")
        access_key = _safe(self.credentials.access_key)
        head.append(
            f"authorization: {ALGORITHM} Credential={access_key}/{self._scope}, "
            f"SignedHeaders={names}, Signature="
        )
        return _Form(
            signed=f"\n\n{lines}\n{names}\n{sha256(payload).hexdigest()}".encode(),
            head=(" HTTP/1.1\r\n" + "\r\n".join(head)).encode(),
            end=b"\r\n\r\n" + payload,
            inner=self._inner,
            outer=self._outer,
        )


class _Posts:
    """One fan-out's posts."""

    __slots__ = ("_canonical", "_clock", "_form", "_host", "_made", "_payload", "_prefix", "_seal")

    def __init__(
        self,
        seal: "Callable[[], _Seal]",
        clock: Callable[[], float],
        host: str,
        prefix: str,
        payload: bytes,
    ) -> None:
        self._seal = seal
        self._clock = clock
        self._host = host
        self._prefix = _safe(f"POST {prefix}").encode()
        self._payload = payload
        self._canonical = sha256(_canonical("POST", prefix))
        self._renew()

    def write(self, connection_id: str) -> bytes:
        """Return the post to a connection."""
        if not _is_fresh(self._made, self._clock()):
            self._renew()
        segment = connection_id.encode()
        if segment.translate(None, USUAL):
            segment = quote(segment, safe="").encode()
        else:
            segment = segment.replace(b"=", b"%3D")
        form = self._form
        canonical = self._canonical.copy()
        canonical.update(segment.replace(b"%", b"%25") + form.signed)
        return b"".join((self._prefix, segment, form.head, form.signature(canonical), form.end))

    def _renew(self) -> None:
        seal = self._seal()
        self._made = seal.made
        self._form = seal.form("POST", self._host, _NO_HEADERS, self._payload)


def _is_fresh(made: float, now: float) -> bool:
    return 0 <= now - made < RENEW_AFTER  # a clock that was set back makes it as old


def _canonical(method: str, path: str) -> bytes:
    """Return the canonical request up to the end of its path, which is quoted once more."""
    return f"{method}\n{quote(path)}".encode()


def _other(name: str) -> str:
    if name in OWN_HEADERS or not _NAME.fullmatch(name):
        raise ValueError(f"expected the name of a header that is not made here, got {name!r}")
    return name


def _safe(text: str) -> str:
    """Return what may be a part of a request's head; raise `ValueError` for all else."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("expected printable ASCII in a request's head, got something else")
    return text
