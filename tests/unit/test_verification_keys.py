"""Where keys come from: a key set that knows the key, lacks it, or does not answer; a secret."""

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from roomcast_backend.auth import verification_keys
from roomcast_backend.auth.key_set import ALGORITHMS, BadKeySet
from roomcast_backend.auth.key_set_cache import INTERVAL, KeySetCache
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import ASYMMETRIC, KeysUnavailable, principal_of
from roomcast_backend.settings import settings
from tests.fakes.clock import FakeClock

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
KEYS = [
    ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": "ec", "use": "sig"},
    RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True) | {"kid": "rsa", "use": "sig"},
]


class Issuer:
    """Answers with a key set, and counts how often it is asked."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.answer: Any = {"keys": KEYS}
        self.asked = 0
        self.key_set = KeySetCache(self._fetch, clock=self.clock)

    def _fetch(self) -> bytes:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    issuer = Issuer()
    monkeypatch.setenv("ROOMCAST_JWKS_URL", "https://issuer.example/keys")
    monkeypatch.setattr(verification_keys, "_key_set", lambda _url: issuer.key_set)
    settings.cache_clear()
    yield issuer
    settings.cache_clear()


def signed(key: Any, algorithm: str, **headers: Any) -> str:
    claims = {"sub": "u1", "exp": int(time.time()) + 86_400, "token_type": "access"}
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


@pytest.mark.usefixtures("issuer")
class TestKeySet:
    def test_the_algorithms_are_those_of_the_keys(self) -> None:
        assert sorted(ASYMMETRIC) == list(ALGORITHMS)

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
            signed(EC_KEY, "ES256", kid=""),
            signed(EC_KEY, "ES256", kid="rsa"),
            signed(RSA_KEY, "RS256", kid="ec"),
            signed(rsa.generate_private_key(65537, 2048), "RS256", kid="rsa"),
            signed("0123456789abcdef" * 4, "HS256", kid="rsa"),
            "a.b.c",
            "",
            "\ud800.a.b",
        ],
    )
    def test_another_token_is_refused(self, token: str) -> None:
        with pytest.raises(TokenRefused):
            principal_of(token)

    def test_no_answer(self, issuer: Issuer) -> None:
        issuer.answer = BadKeySet("timeout")
        with pytest.raises(KeysUnavailable):
            principal_of(signed(EC_KEY, "ES256", kid="ec"))


class TestPublicKeyInPlaceOfASecret:
    def test_verifies_its_algorithm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        monkeypatch.setattr(verification_keys, "_text", lambda _arn: pem.decode())
        monkeypatch.setenv("ROOMCAST_JWT_ALGORITHM", "RS256")
        settings.cache_clear()
        try:
            assert principal_of(signed(RSA_KEY, "RS256")).user_id == "u1"
            with pytest.raises(TokenRefused):
                principal_of(signed(RSA_KEY, "RS512"))
        finally:
            monkeypatch.undo()
            settings.cache_clear()


class TestSecretOfWebhooks:
    @pytest.mark.parametrize("text", ["hush", "hush\n", '"hush"', '{"GITHUB": "hush"}'])
    def test_as_it_was_pasted(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        monkeypatch.setattr(verification_keys, "_text", lambda _arn: text)
        assert verification_keys.secret("arn") == "hush"

    def test_that_holds_several_things_is_unavailable_and_said(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verification_keys, "_text", lambda _arn: '{"a": "hush", "b": "x"}')
        with pytest.raises(KeysUnavailable, match="one key, got 2") as error:
            verification_keys.secret("arn")
        assert "hush" not in str(error.value)


class TestStrangers:
    """Whoever has no valid token causes at most one request per interval."""

    def test_with_unknown_keys(self, issuer: Issuer) -> None:
        assert principal_of(signed(EC_KEY, "ES256", kid="ec"))
        for number in range(200):
            with pytest.raises(TokenRefused):
                principal_of(signed(EC_KEY, "ES256", kid=f"no-{number}"))
        assert issuer.asked == 1
        issuer.clock.advance(INTERVAL)
        for number in range(200):
            with pytest.raises(TokenRefused):
                principal_of(signed(EC_KEY, "ES256", kid=f"no-{number}"))
        assert issuer.asked == 2

    @pytest.mark.parametrize(
        "token",
        [
            signed("0123456789abcdef" * 4, "HS256", kid="ec"),
            signed(EC_KEY, "ES256"),
            jwt.encode({}, "", algorithm="none", headers={"kid": "ec"}),
            "eyJhbGciOiJSUzI1NiIsImtpZCI6NX0.e30.AAAA",  # "kid": 5
            "eyJhbGciOlsiUlMyNTYiXSwia2lkIjoiZWMifQ.e30.AAAA",  # "alg": ["RS256"]
            "eyJhbGciOiJSUzI1NiIsImtpZCI6ImVjIiwiY3JpdCI6W119.e30.AAAA",  # "crit": []
        ],
    )
    def test_with_no_token_for_public_keys(self, issuer: Issuer, token: str) -> None:
        with pytest.raises(TokenRefused):
            principal_of(token)
        assert issuer.asked == 0
