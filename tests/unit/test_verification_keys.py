"""Where keys come from: a key set that knows the key, lacks it, or does not answer."""

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from roomcast_backend.auth import verification_keys
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import KeysUnavailable, principal_of
from roomcast_backend.settings import settings

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
KEYS = [
    ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": "ec", "use": "sig"},
    RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True) | {"kid": "rsa", "use": "sig"},
]


class FakeKeySet(jwt.PyJWKClient):
    """PyJWT's client without its network: `fetched` is a key set, or the error to raise."""

    def __init__(self, fetched: Any) -> None:
        super().__init__("https://issuer.example/keys", cache_jwk_set=False)
        self.fetched = fetched

    def fetch_data(self) -> Any:
        if isinstance(self.fetched, Exception):
            raise self.fetched
        return json.loads(json.dumps(self.fetched))


@pytest.fixture
def key_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKeySet]:
    client = FakeKeySet({"keys": KEYS})
    monkeypatch.setenv("ROOMCAST_JWKS_URL", client.uri)
    monkeypatch.setattr(verification_keys, "_key_set", lambda _url: client)
    settings.cache_clear()
    yield client
    settings.cache_clear()


def signed(key: Any, algorithm: str, **headers: Any) -> str:
    claims = {"sub": "u1", "exp": int(time.time()) + 86_400, "token_type": "access"}
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


@pytest.mark.usefixtures("key_set")
class TestKeySet:
    @pytest.mark.parametrize(
        ("key", "algorithm", "kid"),
        [(EC_KEY, "ES256", "ec"), (RSA_KEY, "RS256", "rsa"), (RSA_KEY, "PS512", "rsa")],
    )
    def test_the_key_that_the_header_names(self, key: Any, algorithm: str, kid: str) -> None:
        assert principal_of(signed(key, algorithm, kid=kid)).user_id == "u1"

    @pytest.mark.parametrize(
        "token",
        [
            signed(EC_KEY, "ES256", kid="unknown"),
            signed(EC_KEY, "ES256"),
            signed(EC_KEY, "ES256", kid="rsa"),
            signed(RSA_KEY, "RS256", kid="ec"),
            signed("0123456789abcdef" * 4, "HS256", kid="rsa"),
            "a.b.c",
            "",
        ],
        ids=["unknown key", "no key", "RSA key", "EC key", "HMAC", "no token", "empty"],
    )
    def test_another_token_is_refused(self, token: str) -> None:
        with pytest.raises(TokenRefused):
            principal_of(token)

    def test_no_answer(self, key_set: FakeKeySet) -> None:
        key_set.fetched = jwt.PyJWKClientConnectionError("timeout")
        with pytest.raises(KeysUnavailable):
            principal_of(signed(EC_KEY, "ES256", kid="ec"))
