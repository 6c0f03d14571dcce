"""Origins of browsers, as these write them in the header `Origin`.

https://www.rfc-editor.org/rfc/rfc6454#section-6.2
"""

from urllib.parse import urlsplit

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}


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
    parts = urlsplit(text.lower())
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username)
    if not parts.scheme or not parts.hostname or any(rest) or "*" in text:
        raise ValueError(f"expected scheme://host or scheme://host:port, got {text!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"
