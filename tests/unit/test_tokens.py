"""Tokens: what they may claim, with a shared secret and with a key pair alike."""

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from roomcast_backend.auth.claims import LATEST_TIME
from roomcast_backend.auth.tokens import (
    LONGEST_TOKEN,
    TokenRefused,
    TokenRules,
    uses_shared_secret,
    verify,
)
from roomcast_backend.model.access import EVERYTHING, NOTHING, Principal

SECRET = "0123456789abcdef" * 4
PRIVATE = ec.generate_private_key(ec.SECP256R1())
HS256 = TokenRules(algorithms=("HS256",))
ES256 = TokenRules(algorithms=("ES256",))


def claims(**changes: Any) -> dict[str, Any]:
    values = {"sub": "u1", "exp": int(time.time()) + 60, "token_type": "access", **changes}
    return {name: value for name, value in values.items() if value is not ...}


@dataclass(frozen=True)
class Issuer:
    """Signs tokens with one algorithm, and knows the key that verifies them."""

    algorithm: str
    signing_key: Any = SECRET
    key: Any = SECRET

    def signed(self, **changes: Any) -> str:
        return jwt.encode(claims(**changes), self.signing_key, algorithm=self.algorithm)

    def signed_text(self, payload: str) -> str:
        """Sign a payload that need not be JSON."""
        return jwt.PyJWS().encode(payload.encode(), self.signing_key, algorithm=self.algorithm)

    def check(self, token: str, **rules: Any) -> Principal:
        chosen = TokenRules(algorithms=(self.algorithm,), **rules)
        return verify(token, key_for=lambda _token: self.key, rules=chosen)


ISSUERS = [
    Issuer("HS256"),
    Issuer("HS384"),
    Issuer("HS512"),
    Issuer("ES256", PRIVATE, PRIVATE.public_key()),
]


@pytest.fixture(params=ISSUERS, ids=lambda issuer: issuer.algorithm)
def issuer(request: pytest.FixtureRequest) -> Issuer:
    issuer: Issuer = request.param
    return issuer


def check(token: str, rules: TokenRules = HS256, key: Any = SECRET) -> Principal:
    return verify(token, key_for=lambda _token: key, rules=rules)


def signed(**changes: Any) -> str:
    return ISSUERS[0].signed(**changes)


class TestVerify:
    def test_a_good_token(self, issuer: Issuer) -> None:
        expires = int(time.time()) + 60
        token = issuer.signed(exp=expires, role="user", email="a@b.c", scopes=["x"])
        principal = issuer.check(token)
        assert (principal.user_id, principal.expires_at, principal.role) == ("u1", expires, "user")
        assert principal.projects == NOTHING
        assert principal.agents == EVERYTHING

    @pytest.mark.parametrize(
        "changes",
        [
            {"exp": 1},
            {"exp": int(time.time()) - 1},
            {"exp": ...},
            {"exp": None},
            {"exp": "tomorrow"},
            {"exp": [1]},
            {"exp": LATEST_TIME + 1},
            {"exp": 10**400},
            {"exp": int("9" * 4000)},
            {"exp": 1e300},
            {"exp": (int(time.time()) + 60) * 1000},  # milliseconds
            {"exp": str(int(time.time()) + 86_400)},
            {"exp": "9" * 4000},
            {"exp": True},
            {"exp": -1},
            {"exp": -86_400.5},
            {"nbf": str(int(time.time()))},
            {"nbf": True},
            {"nbf": -1},
            {"nbf": (int(time.time()) - 60) * 1000},
            {"iat": int(time.time()) + 86_400},
            {"iat": "yesterday"},
            {"iat": None},
            {"iat": int(time.time()) * 1000},
            {"sub": ...},
            {"sub": None},
            {"sub": 5},
            {"sub": ""},
            {"sub": "a b"},
            {"sub": "a\n"},
            {"sub": "x" * 129},
            {"sub": ":" * 43},
            {"token_type": ...},
            {"token_type": "refresh"},
            {"token_type": ["access"]},
            {"nbf": int(time.time()) + 86_400},
            {"nbf": None},
            {"nbf": "yesterday"},
            {"jti": 5},
            {"projects": 5},
            {"projects": [1]},
            {"projects": {"p": 1}},
            {"agents": [None]},
        ],
    )
    def test_is_refused(self, issuer: Issuer, changes: dict[str, Any]) -> None:
        with pytest.raises(TokenRefused):
            issuer.check(issuer.signed(**changes))

    @pytest.mark.parametrize(
        "changes",
        [
            {"exp": LATEST_TIME},
            {"exp": int(time.time()) + 86_400.5},
            {"nbf": int(time.time())},
            {"iat": int(time.time())},
            {"iat": time.time() - 0.5},
            {"jti": "1"},
            {"role": 5},
        ],
    )
    def test_is_accepted(self, issuer: Issuer, changes: dict[str, Any]) -> None:
        assert issuer.check(issuer.signed(**changes)).user_id == "u1"

    @pytest.mark.parametrize(
        "payload",
        [
            "",
            "x",
            "[]",
            "null",
            '{"sub": "u1", "token_type": "access", "exp": 9999999999, "exp": 9999999999}',
            '{"sub": "u1", "token_type": "access", "exp": 9999999999, "x": {"a": 1, "a": 2}}',
            '{"sub": "u1", "token_type": "access", "exp": 9999999999, "x": NaN}',
            '{"sub": "u1", "token_type": "access", "exp": Infinity}',
            '{"sub": "u1", "token_type": "access", "exp": 1e999}',
            f'{{"sub": "u1", "token_type": "access", "exp": {"9" * 4301}}}',
            f'{{"sub": "u1", "token_type": "access", "exp": 9999999999, "x": {"[" * 3000}}}',
        ],
    )
    def test_a_signed_payload_that_is_not_claims_is_refused(
        self, issuer: Issuer, payload: str
    ) -> None:
        with pytest.raises(TokenRefused):
            issuer.check(issuer.signed_text(payload))

    @pytest.mark.parametrize(
        "token", ["", "x", "a.b.c", "a.b.c.d", "\u00e9.\u00e9.\u00e9", "\ud800", "." * 50]
    )
    def test_what_is_no_token_is_refused(self, issuer: Issuer, token: str) -> None:
        with pytest.raises(TokenRefused):
            issuer.check(token)

    def test_another_key_is_refused(self) -> None:
        other = Issuer("HS256", SECRET + "x")
        with pytest.raises(TokenRefused):
            check(other.signed())
        pair = Issuer("ES256", ec.generate_private_key(ec.SECP256R1()))
        with pytest.raises(TokenRefused):
            check(pair.signed(), ES256, PRIVATE.public_key())

    def test_unsigned_is_refused(self, issuer: Issuer) -> None:
        with pytest.raises(TokenRefused):
            issuer.check(jwt.encode(claims(), "", algorithm="none"))

    def test_a_public_key_used_as_a_secret_is_refused(self) -> None:
        public = PRIVATE.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(TokenRefused):
            check(Issuer("HS256", pem.hex()).signed(), ES256, public)

    def test_an_algorithm_of_another_kind_of_key_is_refused(self) -> None:
        public = rsa.generate_private_key(65537, 2048).public_key()
        rules = TokenRules(algorithms=("RS256", "ES256"))
        with pytest.raises(TokenRefused):
            check(Issuer("ES256", PRIVATE).signed(), rules, public)

    def test_secrets_and_public_keys_are_not_mixed(self) -> None:
        assert uses_shared_secret(("HS256", "HS512"))
        assert not uses_shared_secret(("RS256", "ES256"))
        with pytest.raises(ValueError, match="not both"):
            uses_shared_secret(("HS256", "ES256"))

    def test_the_longest_token(self) -> None:
        padding = LONGEST_TOKEN * 3 // 4 - 130
        assert len(signed(x="y" * padding)) < LONGEST_TOKEN
        assert check(signed(x="y" * padding)).user_id == "u1"
        with pytest.raises(TokenRefused, match="too long"):
            check(signed(x="y" * (padding + 130)))

    def test_the_second_in_which_a_token_expires(self) -> None:
        token = signed(exp=1000, nbf=900)
        assert verify(token, key_for=lambda _: SECRET, rules=HS256, clock=lambda: 999.9)
        for moment, reason in ((1000, "expired"), (899.9, "not valid")):
            with pytest.raises(TokenRefused, match=reason):
                verify(token, key_for=lambda _: SECRET, rules=HS256, clock=partial(float, moment))

    @pytest.mark.parametrize(
        ("changes", "accepted"),
        [
            ({"exp": 971}, True),
            ({"exp": 970}, False),
            ({"exp": 2000, "nbf": 1030}, True),
            ({"exp": 2000, "nbf": 1031}, False),
            ({"exp": 2000, "iat": 1030}, True),
            ({"exp": 2000, "iat": 1031}, False),
        ],
    )
    def test_the_leeway_of_thirty_seconds(
        self, issuer: Issuer, changes: dict[str, Any], *, accepted: bool
    ) -> None:
        rules = TokenRules(algorithms=(issuer.algorithm,), leeway=30)
        token = issuer.signed(**changes)
        try:
            principal = verify(
                token, key_for=lambda _: issuer.key, rules=rules, clock=lambda: 1000.0
            )
        except TokenRefused:
            assert not accepted
        else:
            assert accepted
            assert principal.expires_at == changes["exp"] + 30

    def test_the_last_second_of_all_is_not_passed(self) -> None:
        rules = TokenRules(algorithms=("HS256",), leeway=30)
        assert check(signed(exp=LATEST_TIME), rules).expires_at == LATEST_TIME

    def test_a_refusal_does_not_carry_the_token(self, issuer: Issuer) -> None:
        token = issuer.signed(exp=1)
        with pytest.raises(TokenRefused) as refused:
            issuer.check(token)
        assert token not in str(refused.value)


class TestAudienceAndIssuer:
    RULES = {"audience": "us", "issuer": "them"}

    @pytest.mark.parametrize("audience", ["us", ["us"], ["others", "us"]])
    def test_as_asked(self, issuer: Issuer, audience: Any) -> None:
        assert issuer.check(issuer.signed(aud=audience, iss="them"), **self.RULES).user_id == "u1"

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"aud": "us"},
            {"iss": "them"},
            {"aud": "x", "iss": "them"},
            {"aud": "", "iss": "them"},
            {"aud": [], "iss": "them"},
            {"aud": ["us", 1], "iss": "them"},
            {"aud": {"us": 1}, "iss": "them"},
            {"aud": "us", "iss": "their"},
        ],
    )
    def test_not_as_asked(self, issuer: Issuer, changes: dict[str, Any]) -> None:
        with pytest.raises(TokenRefused):
            issuer.check(issuer.signed(**changes), **self.RULES)

    @pytest.mark.parametrize(
        ("changes", "accepted"),
        [
            ({"aud": "us", "iss": "them"}, True),
            ({"aud": "we", "iss": "they"}, True),
            ({"aud": ["others", "we"], "iss": "them"}, True),
            ({"aud": "us, we", "iss": "them"}, False),
            ({"aud": "us", "iss": "them, they"}, False),
            ({"client_id": "we", "iss": "them"}, True),  # Amazon Cognito
            ({"client_id": "x", "iss": "them"}, False),
            ({"client_id": "us", "aud": "x", "iss": "them"}, False),
            ({"client_id": "us", "aud": None, "iss": "them"}, False),
        ],
    )
    def test_several(self, issuer: Issuer, changes: dict[str, Any], *, accepted: bool) -> None:
        token = issuer.signed(**changes)
        rules = {"audience": "us, we", "issuer": "them,they"}
        if accepted:
            assert issuer.check(token, **rules).user_id == "u1"
            return
        with pytest.raises(TokenRefused):
            issuer.check(token, **rules)

    def test_an_issuer_that_is_not_text(self, issuer: Issuer) -> None:
        token = issuer.signed_text(
            '{"sub": "u1", "token_type": "access", "exp": 9999999999, "iss": ["them"]}'
        )
        with pytest.raises(TokenRefused):
            issuer.check(token, issuer="them")

    @pytest.mark.parametrize("audience", ["anyone", ["anyone"], 5])
    def test_not_asked_for(self, issuer: Issuer, audience: Any) -> None:
        assert issuer.check(issuer.signed(aud=audience)).user_id == "u1"


class TestUnicode:
    """What UTF-8 cannot write can be stored nowhere: the token is refused, with a reason."""

    @pytest.mark.parametrize("claim", ["sub", "role", "projects", "agents"])
    @pytest.mark.parametrize("lone", ["\ud800", "p\udfff1"])
    def test_a_lone_surrogate(self, issuer: Issuer, claim: str, lone: str) -> None:
        for value in (lone, [lone], ["*", lone], ["p1", lone], ["admin", lone]):
            token = issuer.signed_text(json.dumps(claims(**{claim: value})))
            with pytest.raises(TokenRefused):
                issuer.check(token)

    def test_elsewhere_it_is_not_looked_at(self, issuer: Issuer) -> None:
        token = issuer.signed_text(json.dumps(claims(name="Ada \ud83d")))
        assert issuer.check(token).user_id == "u1"


class TestIssuedAt:
    @pytest.mark.parametrize(
        ("claims", "expected"), [({}, 0), ({"iat": 1700000000}, 1700000000), ({"iat": 7.9}, 7)]
    )
    def test_is_kept_in_whole_seconds(self, claims: dict[str, Any], expected: int) -> None:
        assert check(signed(**claims)).issued_at == expected


class TestGrants:
    @pytest.mark.parametrize("value", ["*", ["*"], ["p1", "*"]])
    def test_the_star_is_everything(self, value: Any) -> None:
        assert check(signed(projects=value)).projects == EVERYTHING

    def test_listed_ids_in_canonical_form(self) -> None:
        uuid = "6F1C0F9E-0000-4000-8000-000000000001"
        grant = check(signed(projects=["p1", uuid])).projects
        assert grant.ids == {"p1", uuid.lower()}

    @pytest.mark.parametrize("value", [["project:at*", "*", "user:u2"], "project:at* user:u2"])
    def test_rooms_are_patterns_and_what_is_none_opens_nothing(self, value: Any) -> None:
        assert check(signed(rooms=value)).rooms == {"project:at*"}

    @pytest.mark.parametrize("value", [7, {"project": "p1"}, [7], True, ["\ud800"]])
    def test_rooms_of_another_type_are_refused(self, value: Any) -> None:
        with pytest.raises(TokenRefused, match="rooms"):
            check(signed(rooms=value))

    def test_an_empty_list_opens_nothing(self) -> None:
        assert check(signed(agents=[])).agents == NOTHING

    def test_the_setting_for_tokens_without_the_claim(self) -> None:
        rules = TokenRules(algorithms=("HS256",), without_projects=EVERYTHING)
        assert check(signed(), rules).projects == EVERYTHING
        assert check(signed(projects=[]), rules).projects == NOTHING
