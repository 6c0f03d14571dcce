"""Signature Version 4 in headers; the parts that all posts of a fan-out share are computed once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

A signature is HMAC(key, stamp + SHA256(method + path + headers + payload's hash)). Posts of one
fan-out differ only in the connection id at the end of their path. So the hashes of everything
before it are computed once, and copied for each signature.
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
"""Seconds for which a date is reused; AWS refuses a date that is more than five minutes off."""

BLOCK = 64
"""Bytes of a SHA-256 block, to which HMAC pads its key.

https://www.rfc-editor.org/rfc/rfc2104#section-2
"""

OWN_HEADERS = frozenset(
    {"authorization", "content-length", "host", "user-agent", "x-amz-date", "x-amz-security-token"}
)
"""Headers that this module writes: a caller must not pass them."""

CONNECTION_ID_BYTES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
"""The characters of API Gateway's connection ids; of these only `=` is quoted in a path."""

_PATH: Final = re.compile(r"/[^\s?#]*")
_NAME: Final = re.compile(r"[a-z0-9-]+")
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Signer:
    """Writes signed HTTP requests to one service of AWS."""

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
        self._key: _SigningKey | None = None

    def __repr__(self) -> str:
        key = f"key made at {self._key.made:.0f}" if self._key else "no key yet"
        return f"<Signer {self._service} {self._region}: {key}>"

    def request(
        self,
        method: str,
        host: str,
        path: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        payload: bytes = b"",
    ) -> bytes:
        """Return a whole HTTP/1.1 request; all headers are signed except its length and agent.

        `host` contains the port unless it is the scheme's default. `path` must be percent-encoded,
        without a query and without `.`, `..` or empty segments: it is signed as it is. Raises
        `ValueError` for values that would break the request, such as a newline in a header.
        """
        if not _PATH.fullmatch(path):
            raise ValueError(f"expected a quoted path without a query, got {path!r}")
        line = _safe(f"{method} {path}").encode()
        template = self._signing_key().template(method, host, headers, payload)
        canonical = sha256(_canonical(method, path))
        canonical.update(template.signed)
        return b"".join((line, template.head, template.signature(canonical), template.end))

    def posts(self, host: str, prefix: str, payload: bytes) -> Callable[[str], bytes]:
        """Return a function from connection id to the whole signed POST of `payload` to it.

        `prefix` is the path up to the id, e.g. `/prod/@connections/`. Date and credentials are
        renewed while the function is in use.
        """
        return _Posts(self._signing_key, self._clock, host, prefix, payload).write

    def _signing_key(self) -> "_SigningKey":
        """Return the last signing key, or a new one when it is old or the credentials changed."""
        now = self._clock()
        credentials = self._credentials()
        key = self._key
        if key is None or key.credentials != credentials or not _is_fresh(key.made, now):
            key = self._key = _SigningKey(credentials, now, self._region, self._service)
        return key


class _Template(NamedTuple):
    """The parts that requests share which differ only in their path.

    `signed` follows the path in the canonical request, `head` follows it in the HTTP request;
    `end` follows the signature. `inner` and `outer` are the two hashes of HMAC.
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


class _SigningKey:
    """The key that is derived from credentials and a date; `made` is that date in epoch seconds.

    `_inner` and `_outer` are the two hashes of HMAC, which have the padded key in them already.
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

    def template(
        self, method: str, host: str, headers: Mapping[str, str], payload: bytes
    ) -> _Template:
        """Return the template of requests to `host` with these headers and payload."""
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
        return _Template(
            signed=f"\n\n{lines}\n{names}\n{sha256(payload).hexdigest()}".encode(),
            head=(" HTTP/1.1\r\n" + "\r\n".join(head)).encode(),
            end=b"\r\n\r\n" + payload,
            inner=self._inner,
            outer=self._outer,
        )


class _Posts:
    """Writes the posts of one fan-out: the same payload to many connections."""

    __slots__ = (
        "_canonical",
        "_clock",
        "_host",
        "_made",
        "_payload",
        "_prefix",
        "_signing_key",
        "_template",
    )

    def __init__(
        self,
        signing_key: "Callable[[], _SigningKey]",
        clock: Callable[[], float],
        host: str,
        prefix: str,
        payload: bytes,
    ) -> None:
        self._signing_key = signing_key
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
        if segment.translate(None, CONNECTION_ID_BYTES):
            segment = quote(segment, safe="").encode()
        else:
            segment = segment.replace(b"=", b"%3D")
        template = self._template
        canonical = self._canonical.copy()
        canonical.update(segment.replace(b"%", b"%25") + template.signed)
        return b"".join(
            (self._prefix, segment, template.head, template.signature(canonical), template.end)
        )

    def _renew(self) -> None:
        key = self._signing_key()
        self._made = key.made
        self._template = key.template("POST", self._host, _NO_HEADERS, self._payload)


def _is_fresh(made: float, now: float) -> bool:
    return 0 <= now - made < RENEW_AFTER  # a clock that was set back makes it old, too


def _canonical(method: str, path: str) -> bytes:
    """Return the canonical request up to the end of its path, which is quoted a second time."""
    return f"{method}\n{quote(path)}".encode()


def _other(name: str) -> str:
    if name in OWN_HEADERS or not _NAME.fullmatch(name):
        raise ValueError(f"expected the name of a header that is not written here, got {name!r}")
    return name


def _safe(text: str) -> str:
    """Return `text`; raise `ValueError` unless it is printable ASCII."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("expected printable ASCII in a request's head, got something else")
    return text
