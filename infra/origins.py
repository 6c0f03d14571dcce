"""Origins of browsers, as these write them in the header `Origin`.

https://www.rfc-editor.org/rfc/rfc6454#section-6.2
"""

import re
from urllib.parse import urlsplit

ANY = "*"
NULL = "null"
DEFAULT_PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", re.ASCII)


def normalised(origins: str) -> str:
    """Return comma-separated origins as browsers write them; raise `ValueError` for another thing.

    Lower case, no default port, no slash at the end: API Gateway and the functions compare them
    with the header as they are.
    """
    found = list(
        dict.fromkeys(_origin(each.strip()) for each in origins.split(",") if each.strip())
    )
    if not found:
        raise ValueError("expected origins, comma-separated, or `*` for any")
    if ANY in found and len(found) > 1:
        raise ValueError("expected `*` alone, or origins without it")
    return ",".join(found)


def _origin(text: str) -> str:
    if text == ANY:
        return text
    if text.lower() == NULL:
        raise ValueError("expected an origin, got null, which any page can have in a sandbox")
    parts = urlsplit(text.lower())
    if parts.scheme in ("ws", "wss"):
        raise ValueError(f"expected the origin of a page, https://host, got {text!r}")
    rest = (parts.path.strip("/"), parts.query, parts.fragment, "@" in parts.netloc)
    if not parts.scheme or not parts.hostname or any(rest):
        raise ValueError(f"expected scheme://host or scheme://host:port, got {text!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if not HOST.fullmatch(host):
        raise ValueError(
            f"expected a host of letters, digits, dots and hyphens, got {text!r}: "
            "name each host, one of other letters as xn--"
        )
    if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"
