"""The verifier of tokens with a shared secret, compared with PyJWT."""

import base64
import hashlib
import hmac
import json
import warnings
from functools import cache

import jwt
from jwt.api_jws import PyJWS

from roomcast_backend.auth import hmac_signature
from tests.fuzz.mutations import Mutator

SECRET = "a secret of thirty-two characters"
ALGORITHMS = ["HS256"]
PAYLOAD = {"sub": "ada", "exp": 2_000_000_000, "token_type": "access"}
HEADERS = [
    '{"alg":"HS256","typ":"JWT"}',
    '{"typ":"JWT","alg":"HS256","kid":"1"}',
    '{"alg":"HS256","crit":["b64"],"b64":false}',
    '{"alg":"none"}',
]


@cache
def tokens() -> list[str]:
    """Return tokens that are valid, and some that almost are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            jwt.encode(PAYLOAD, SECRET, algorithm="HS256"),
            jwt.encode(PAYLOAD, SECRET, algorithm="HS512"),
            jwt.encode(PAYLOAD, "another secret of enough characters", algorithm="HS256"),
            jwt.encode(PAYLOAD, "", algorithm="none"),
        ]


def signed_token(mutator: Mutator) -> str:
    """Return a token whose odd header and payload are signed with the right secret."""
    return signed(mutator.text(HEADERS), mutator.text([json.dumps(PAYLOAD)]))


def signed(header: str, payload: str) -> str:
    """Return the token of a header and a payload, whatever they are."""
    texts = (header.encode("utf-8", "surrogatepass"), payload.encode("utf-8", "surrogatepass"))
    message = ".".join(map(_base64url, texts))
    digest = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).digest()
    return f"{message}.{_base64url(digest)}"


def verify_token(token: str) -> None:
    """Ours and PyJWT read the same payload, or both refuse; ours alone refuses what 0013 lists."""
    ours, theirs = _ours(token), _pyjwts(token)
    if ours is None and theirs is not None:
        assert _is_refused_by_us_alone(token), "PyJWT takes it, and no listed difference applies"
    else:
        assert ours == theirs


def _ours(token: str) -> bytes | None:
    try:
        return hmac_signature.verified_payload(token, SECRET, algorithms=ALGORITHMS)
    except ValueError:
        return None


def _pyjwts(token: str) -> bytes | None:
    try:
        payload: bytes = PyJWS().decode(token, SECRET, algorithms=ALGORITHMS)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    return payload


def _is_refused_by_us_alone(token: str) -> bool:
    """Tell whether docs/decisions/0013-hmac-tokens.md lists why PyJWT takes the token and we not.

    A name twice counts at every depth, as in `strict_json.py`.
    """
    if "=" in token:
        return True
    part = token.partition(".")[0]
    header = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    odd: list[str] = []

    def noted(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len({name for name, _ in pairs}) < len(pairs):
            odd.append("a name twice")
        return dict(pairs)

    try:
        read = json.loads(
            header.decode("utf-8"), object_pairs_hook=noted, parse_constant=odd.append
        )
    except ValueError:  # another encoding, or a byte order mark
        return True
    return bool(odd) or "crit" in read or "b64" in read


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
