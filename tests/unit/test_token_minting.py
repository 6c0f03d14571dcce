"""Minted tokens: what the service reads in them, and what is not minted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from roomcast.token_minting import InvalidClaim, mint
from roomcast_backend.auth.tokens import TokenRules, verify

SECRET = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})


class TestMint:
    def test_what_is_required_and_nothing_else(self) -> None:
        assert claims(mint(SECRET, "42", now=NOW)) == {
            "sub": "42",
            "iat": 1769860800,
            "exp": 1769860800 + 3600,
            "token_type": "access",
        }

    def test_every_claim(self) -> None:
        token = mint(
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
        assert claims(mint(SECRET, "42", projects="123"))["projects"] == ["123"]

    def test_no_project_is_not_the_same_as_no_claim(self) -> None:
        assert claims(mint(SECRET, "42", projects=[]))["projects"] == []

    def test_the_service_takes_it(self) -> None:
        token = mint(SECRET, "42", role="admin", projects=["123"])
        rules = TokenRules(algorithms=("HS256",))
        principal = verify(token, key_for=lambda _: SECRET, rules=rules)
        assert (principal.user_id, principal.is_admin) == ("42", True)
        assert principal.projects.covers("123")

    def test_rooms_are_what_the_service_reads(self) -> None:
        token = mint(SECRET, "42", rooms=["project:atlas", "agent:*"])
        rules = TokenRules(algorithms=("HS256",))
        principal = verify(token, key_for=lambda _: SECRET, rules=rules)
        assert principal.rooms == {"project:atlas", "agent:*"}

    def test_a_user_as_a_provider_names_them(self) -> None:
        token = mint(SECRET, "auth0|6553da60")
        rules = TokenRules(algorithms=("HS256",))
        principal = verify(token, key_for=lambda _: SECRET, rules=rules)
        assert principal.user_id == "auth0|6553da60"

    @pytest.mark.parametrize(
        ("changes", "claim"),
        [
            ({"secret": ""}, "secret"),
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
            mint(**({"secret": SECRET, "user_id": "42"} | changes))
