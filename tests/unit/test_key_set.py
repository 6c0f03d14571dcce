"""Which keys of a set may verify which tokens, and what is no key set."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from roomcast_backend.auth.key_set import LARGEST, BadKeySet, read_key_set

RSA = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
WEAK = RSAAlgorithm.to_jwk(
    rsa.generate_private_key(65537, 1024).public_key(),  # noqa: S505
    as_dict=True,
)
PRIVATE = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
P256 = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
P384 = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
P521 = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP521R1()).public_key(), as_dict=True)
ED25519 = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True)
ED448 = OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True)
SECRET = {"kty": "oct", "k": base64.urlsafe_b64encode(b"evil" * 8).decode().rstrip("=")}
ALL_OF_RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def algorithms_of(key: dict[str, Any], **members: Any) -> set[str]:
    (read,) = read_key_set(json.dumps({"keys": [key | {"kid": "k"} | members]}).encode())
    return set(read.algorithms)


class TestAlgorithms:
    @pytest.mark.parametrize(
        ("key", "members", "expected"),
        [
            (RSA, {}, ALL_OF_RSA),
            (RSA, {"use": "sig", "alg": "RS256"}, {"RS256"}),
            (RSA, {"key_ops": ["verify"]}, ALL_OF_RSA),
            (PRIVATE, {"key_ops": ["sign", "verify"]}, ALL_OF_RSA),
            (PRIVATE, {"key_ops": ["sign"]}, set()),
            (P256, {}, {"ES256"}),
            (P384, {}, {"ES384"}),
            (ED25519, {}, {"EdDSA"}),
            (ED448, {}, {"EdDSA"}),
            (RSA, {"use": "enc"}, set()),
            (RSA, {"use": None}, set()),
            (RSA, {"key_ops": ["encrypt", "wrapKey"]}, set()),
            (RSA, {"key_ops": []}, set()),
            (RSA, {"key_ops": "verify"}, set()),
            (RSA, {"alg": "RSA-OAEP"}, set()),
            (RSA, {"alg": "ES256"}, set()),
            (RSA, {"alg": "HS256"}, set()),
            (RSA, {"alg": ["RS256"]}, set()),
            (P256, {"alg": "ES384"}, set()),
            (P521, {}, set()),
            (WEAK, {}, set()),
            (SECRET, {"alg": "HS256"}, set()),
        ],
    )
    def test_of_a_key(self, key: dict[str, Any], members: Any, expected: set[str]) -> None:
        assert algorithms_of(key, **members) == expected


class TestRead:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>",
            b"\xff",
            b"[]",
            b"null",
            b"{}",
            b'{"keys": []}',
            b'{"keys": null}',
            b'{"keys": {"kid": 1}}',
            b'{"keys": [null, 5, "x", [], {}]}',
            b'{"keys": [{"kty": "RSA", "n": "!!", "e": "AQAB", "kid": "r"}]}',
            b'{"keys": [{"kty": "RSA", "kid": "r"}]}',
            b'{"keys": [{"kty": "RSA", "n": 5, "e": [], "kid": "r"}]}',
            b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "r"}]}',
            b'{"keys": [{"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "r"}]}',
            b'{"keys": [{"kty": ["RSA"], "kid": "r"}]}',
            b"[" * 100_000,
            b'{"keys": ' + b"9" * 5000 + b"}",
            json.dumps({"keys": [RSA]}).encode(),  # without an id
            json.dumps({"keys": [RSA | {"kid": "r"}]}).encode() + b" " * LARGEST,
        ],
    )
    def test_what_is_no_key_set(self, body: bytes) -> None:
        with pytest.raises(BadKeySet, match="^expected a key"):
            read_key_set(body)

    def test_a_damaged_key_does_not_hide_the_others(self) -> None:
        entries = [{"kty": "RSA", "n": "!!", "e": "AQAB", "kid": "bad"}, RSA | {"kid": "good"}]
        keys = read_key_set(json.dumps({"keys": entries}).encode())
        assert [key.key_id for key in keys] == ["good"]

    def test_a_point_that_is_not_on_the_curve(self) -> None:
        entries = [P256 | {"kid": "r", "x": P384["x"][:43]}, RSA | {"kid": "good"}]
        keys = read_key_set(json.dumps({"keys": entries}).encode())
        assert [key.key_id for key in keys] == ["good"]
