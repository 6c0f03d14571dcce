"""The token in a request's `Authorization` header (RFC 6750, section 2.1)."""


def bearer_token(authorization: str) -> str | None:
    """Return the token of the value `Bearer <token>`; None for another scheme or no token."""
    scheme, _, credentials = authorization.partition(" ")
    return (credentials.strip() or None) if scheme.lower() == "bearer" else None
