import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from roomcast_backend.auth.tokens import LONGEST_TOKEN, TokenRefused, TokenRules, verify
from roomcast_backend.model.access import EVERYTHING, NOTHING

SECRET = "0123456789abcdef0123456789abcdef"
HS256 = TokenRules(algorithms=("HS256",))


def claims(**changes: Any) -> dict[str, Any]:
    values = {"sub": "u1", "exp": int(time.time()) + 60, "token_type": "access", **changes}
    return {name: value for name, value in values.items() if value is not ...}


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), secret, algorithm=algorithm)


def check(token: str, rules: TokenRules = HS256, key: Any = SECRET) -> Any:
    return verify(token, key_for=lambda _token: key, rules=rules)


class TestVerify:
    def test_a_good_token(self) -> None:
        expires = int(time.time()) + 60
        principal = check(signed(exp=expires, role="user", email="a@b.c", scopes=["x"]))
        assert (principal.user_id, principal.expires_at, principal.role) == ("u1", expires, "user")
        assert principal.projects == NOTHING
        assert principal.agents == EVERYTHING

    @pytest.mark.parametrize(
        "changes",
        [
            {"exp": 1},
            {"exp": int(time.time()) - 1},
            {"exp": ...},
            {"exp": "tomorrow"},
            {"sub": ...},
            {"sub": ""},
            {"sub": "a b"},
            {"sub": "x" * 129},
            {"token_type": ...},
            {"token_type": "refresh"},
            {"token_type": ["access"]},
            {"nbf": int(time.time()) + 86_400},
            {"projects": 5},
            {"projects": [1]},
            {"projects": {"p": 1}},
            {"agents": [None]},
        ],
    )
    def test_is_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(TokenRefused):
            check(signed(**changes))

    @pytest.mark.parametrize(
        "token", ["", "x", "a.b.c", "a.b.c.d", "\u00e9.\u00e9.\u00e9", "." * 50]
    )
    def test_what_is_no_token_is_refused(self, token: str) -> None:
        with pytest.raises(TokenRefused):
            check(token)

    def test_another_secret_is_refused(self) -> None:
        with pytest.raises(TokenRefused):
            check(signed("another secret of at least 32 bytes"))

    def test_unsigned_is_refused(self) -> None:
        with pytest.raises(TokenRefused):
            check(jwt.encode(claims(), "", algorithm="none"))

    def test_a_public_key_used_as_a_secret_is_refused(self) -> None:
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        forged = signed(pem.hex())
        with pytest.raises(TokenRefused):
            check(forged, TokenRules(algorithms=("ES256",)), public)

    def test_an_asymmetric_token(self) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        token = jwt.encode(claims(), private, algorithm="ES256")
        principal = check(token, TokenRules(algorithms=("ES256",)), private.public_key())
        assert principal.user_id == "u1"

    def test_the_longest_token(self) -> None:
        with pytest.raises(TokenRefused, match="too long"):
            check(signed() + "x" * LONGEST_TOKEN)

    def test_a_refusal_does_not_carry_the_token(self) -> None:
        token = signed(exp=1)
        with pytest.raises(TokenRefused) as refused:
            check(token)
        assert token not in str(refused.value)

    def test_an_issuers_clock_that_runs_ahead(self) -> None:
        assert check(signed(iat=int(time.time()) + 30)).user_id == "u1"


class TestAudienceAndIssuer:
    RULES = TokenRules(algorithms=("HS256",), audience="us", issuer="them")

    def test_as_asked(self) -> None:
        assert check(signed(aud="us", iss="them"), self.RULES).user_id == "u1"

    @pytest.mark.parametrize(
        "changes", [{}, {"aud": "us"}, {"iss": "them"}, {"aud": "x", "iss": "them"}]
    )
    def test_not_as_asked(self, changes: dict[str, Any]) -> None:
        with pytest.raises(TokenRefused):
            check(signed(**changes), self.RULES)

    def test_not_asked_for(self) -> None:
        assert check(signed(aud="anyone")).user_id == "u1"


class TestGrants:
    @pytest.mark.parametrize("value", ["*", ["*"], ["p1", "*"]])
    def test_the_star_is_everything(self, value: Any) -> None:
        assert check(signed(projects=value)).projects == EVERYTHING

    def test_listed_ids_in_canonical_form(self) -> None:
        uuid = "6F1C0F9E-0000-4000-8000-000000000001"
        grant = check(signed(projects=["p1", uuid])).projects
        assert grant.ids == {"p1", uuid.lower()}

    def test_an_empty_list_opens_nothing(self) -> None:
        assert check(signed(agents=[])).agents == NOTHING

    def test_the_setting_for_tokens_without_the_claim(self) -> None:
        rules = TokenRules(algorithms=("HS256",), without_projects=EVERYTHING)
        assert check(signed(), rules).projects == EVERYTHING
        assert check(signed(projects=[]), rules).projects == NOTHING
