"""Key sets over HTTP: what issuers answer, and what tokens may do with the keys."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from roomcast_backend.auth import key_set_request, verification_keys
from roomcast_backend.auth.key_set import LARGEST
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import KeysUnavailable, principal_of
from roomcast_backend.settings import settings

PRIVATE: dict[str, Any] = {
    "r": rsa.generate_private_key(65537, 2048),
    "weak": rsa.generate_private_key(65537, 1024),  # noqa: S505
    "e": ec.generate_private_key(ec.SECP256R1()),
    "d": ed25519.Ed25519PrivateKey.generate(),
}


def published(kid: str, **members: Any) -> dict[str, Any]:
    key = PRIVATE[kid].public_key()
    kinds: dict[str, Any] = {"e": ECAlgorithm, "d": OKPAlgorithm}
    entry = kinds.get(kid, RSAAlgorithm).to_jwk(key, as_dict=True)
    return dict(entry) | {"kid": kid, "use": "sig"} | members


class Issuer(http.server.ThreadingHTTPServer):
    """Serves a key set, in the way that `mode` names."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.mode = "good"
        self.keys = [published(kid) for kid in PRIVATE]
        self.agents: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.agents.append(self.headers["User-Agent"])
        mode = self.server.mode
        if mode == "redirect" and self.path == "/keys":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/moved")
            self.end_headers()
            return
        refused = mode == "picky" and "python" in self.headers["User-Agent"].lower()
        self.send_response(403 if refused else 500 if mode == "500" else 200)
        self.end_headers()
        good = json.dumps({"keys": self.server.keys}).encode()
        body = {
            "html": b"<html>",
            "empty": b'{"keys": []}',
            "huge": good + b" " * LARGEST * 4,
        }.get(mode, good)
        try:
            if mode == "slow":
                time.sleep(0.6)
            for at in range(0, len(body), 64) if mode == "drip" else ():
                self.wfile.write(body[at : at + 64])
                time.sleep(0.05)
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    server = Issuer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("ROOMCAST_JWKS_URL", server.url)
    monkeypatch.setattr(key_set_request, "SECONDS", 0.3)
    settings.cache_clear()
    verification_keys._key_set.cache_clear()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    settings.cache_clear()
    verification_keys._key_set.cache_clear()


def token(key: str, algorithm: str, **headers: Any) -> str:
    claims = {"sub": "u1", "exp": int(time.time()) + 600, "token_type": "access"}
    return jwt.encode(claims, PRIVATE[key], algorithm, headers={"kid": key} | headers)


class TestIssuer:
    def test_is_asked_once_with_a_name_of_our_own(self, issuer: Issuer) -> None:
        for key, algorithm in (("r", "RS256"), ("r", "PS384"), ("e", "ES256"), ("d", "EdDSA")):
            assert principal_of(token(key, algorithm)).user_id == "u1"
        (agent,) = issuer.agents
        assert agent.startswith("roomcast/")

    def test_that_refuses_python(self, issuer: Issuer) -> None:
        issuer.mode = "picky"
        assert principal_of(token("r", "RS256")).user_id == "u1"

    @pytest.mark.parametrize("mode", ["html", "empty", "huge", "redirect", "500", "slow", "drip"])
    def test_that_gives_no_keys_is_unavailable(self, issuer: Issuer, mode: str) -> None:
        issuer.mode = mode
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(KeysUnavailable):
                principal_of(token("r", "RS256"))
        assert time.monotonic() - began < 3
        assert len(issuer.agents) == 1

    def test_that_is_gone_is_unavailable(
        self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_JWKS_URL", "http://127.0.0.1:9/keys")
        settings.cache_clear()
        with pytest.raises(KeysUnavailable):
            principal_of(token("r", "RS256"))


class TestAlgorithms:
    @pytest.mark.parametrize(
        ("key", "algorithm", "kid"),
        [
            ("r", "RS256", "e"),
            ("r", "RS256", "d"),
            ("e", "ES256", "r"),
            ("e", "ES256", "d"),
            ("d", "EdDSA", "r"),
            ("d", "EdDSA", "e"),
            ("weak", "RS256", "weak"),
            ("weak", "RS256", "r"),
        ],
    )
    def test_of_another_key_are_refused(
        self, issuer: Issuer, key: str, algorithm: str, kid: str
    ) -> None:
        with pytest.raises(TokenRefused):
            principal_of(token(key, algorithm, kid=kid))
        assert len(issuer.agents) == 1

    @pytest.mark.parametrize(
        "members", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "PS256"}, {"alg": "RS512"}]
    )
    def test_that_the_key_does_not_allow_are_refused(
        self, issuer: Issuer, members: dict[str, Any]
    ) -> None:
        issuer.keys = [published("r", **members), published("e")]
        with pytest.raises(TokenRefused):
            principal_of(token("r", "RS256"))
