"""Minted tokens: what the service reads in them, and what is not minted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

import roomcast
from roomcast.token_minting import SHORTEST_SECRET, InvalidClaim, mint_token
from roomcast_backend.auth.hmac_signature import HASHES
from roomcast_backend.auth.tokens import TokenRules, verify

SECRET = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})


class TestMint:
    def test_what_is_required_and_nothing_else(self) -> None:
        assert claims(mint_token(SECRET, "42", now=NOW)) == {
            "sub": "42",
            "iat": 1769860800,
            "exp": 1769860800 + 3600,
            "token_type": "access",
        }

    def test_every_claim(self) -> None:
        token = mint_token(
            SECRET,
            "42",
            role="admin",
            projects=["123", "*"],
            agents=iter(["7"]),
            email="ada@example.com",
            lifetime=timedelta(minutes=5),
            now=NOW,
        )
        expected = {
            "role": "admin",
            "projects": ["123", "*"],
            "agents": ["7"],
            "email": "ada@example.com",
            "exp": 1769860800 + 300,
        }
        assert expected.items() <= claims(token).items()

    def test_one_id_as_text(self) -> None:
        assert claims(mint_token(SECRET, "42", projects="123"))["projects"] == ["123"]

    def test_no_project_is_not_the_same_as_no_claim(self) -> None:
        assert claims(mint_token(SECRET, "42", projects=[]))["projects"] == []

    def test_the_service_takes_it(self) -> None:
        token = mint_token(SECRET, "42", role="admin", projects=["123"])
        rules = TokenRules(algorithms=("HS256",))
        principal = verify(token, key_for=lambda _: SECRET, rules=rules)
        assert (principal.user_id, principal.is_admin) == ("42", True)
        assert principal.projects.covers("123")

    def test_rooms_are_what_the_service_reads(self) -> None:
        token = mint_token(SECRET, "42", rooms=["project:atlas", "agent:*"])
        rules = TokenRules(algorithms=("HS256",))
        principal = verify(token, key_for=lambda _: SECRET, rules=rules)
        assert principal.rooms == {"project:atlas", "agent:*"}

    def test_further_claims_are_what_the_service_asks_for(self) -> None:
        more = {"aud": "events", "iss": "https://api.example.com", "teams": ["red"]}
        token = mint_token(SECRET * 2, "42", claims=more, algorithm="HS512")
        rules = TokenRules(
            algorithms=("HS512",), audience="events", issuer="https://api.example.com"
        )
        assert verify(token, key_for=lambda _: SECRET * 2, rules=rules).user_id == "42"
        assert jwt.decode(token, options={"verify_signature": False})["teams"] == ["red"]

    @pytest.mark.parametrize(
        "text", [f'"{SECRET}"\n', f'{{"JWT_SECRET": "{SECRET}"}}', f'["{SECRET}", "{"o" * 32}"]']
    )
    def test_the_secret_is_the_text_in_secrets_manager(self, text: str) -> None:
        assert claims(mint_token(text, "42"))["sub"] == "42"

    def test_the_shortest_secrets_are_those_of_the_service(self) -> None:
        sizes = {name: digest().digest_size for name, digest in HASHES.items()}
        assert sizes == SHORTEST_SECRET

    def test_a_refused_secret_is_not_told(self) -> None:
        with pytest.raises(InvalidClaim) as refused:
            mint_token("hunter2", "42")
        assert "hunter2" not in str(refused.value)

    def test_is_a_name_of_the_package(self) -> None:
        assert roomcast.mint_token is mint_token
        assert roomcast.InvalidClaim is InvalidClaim

    def test_a_user_as_a_provider_names_them(self) -> None:
        token = mint_token(SECRET, "auth0|6553da60")
        rules = TokenRules(algorithms=("HS256",))
        principal = verify(token, key_for=lambda _: SECRET, rules=rules)
        assert principal.user_id == "auth0|6553da60"

    @pytest.mark.parametrize(
        ("changes", "claim"),
        [
            ({"secret": ""}, "secret"),
            ({"secret": SECRET[1:]}, "secret"),
            ({"secret": SECRET, "algorithm": "HS384"}, "secret"),
            ({"algorithm": "none"}, "algorithm"),
            ({"lifetime": timedelta(0)}, "lifetime"),
            ({"claims": {"sub": "7"}}, "claims"),
            ({"claims": {"token_type": "refresh"}}, "claims"),
            ({"user_id": ""}, "user_id"),
            ({"user_id": "a b"}, "user_id"),
            ({"user_id": "f%3A1"}, "user_id"),
            ({"projects": ["123", "project:1"]}, "projects"),
            ({"agents": [""]}, "agents"),
            ({"rooms": ["*"]}, "rooms"),
            ({"rooms": ["project:a*s"]}, "rooms"),
            ({"rooms": ["project:"]}, "rooms"),
            ({"rooms": ["user:*"]}, "rooms"),
            ({"rooms": ["global"]}, "rooms"),
        ],
    )
    def test_what_the_service_would_refuse(self, changes: dict[str, Any], claim: str) -> None:
        with pytest.raises(InvalidClaim, match=f"^{claim}: expected"):
            mint_token(**({"secret": SECRET, "user_id": "42"} | changes))
