"""The verifier for shared secrets: it refuses whatever PyJWT refuses, and what is listed here."""

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roomcast_backend.auth.hmac_signature import HASHES, BadSignature, verified_payload
from roomcast_backend.auth.tokens import TokenRefused, TokenRules, verify

SECRET = "0123456789abcdef" * 4
NOW = 4_000_000_000
"""A moment in 2096. PyJWT reads the clock: what has not expired at NOW has not expired today."""
CLAIMS = {"sub": "u1", "exp": NOW + 60, "token_type": "access"}
PUBLIC = ec.generate_private_key(ec.SECP256R1()).public_key()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(
    header: object, payload: object, *, secret: str = SECRET, algorithm: str = "HS256"
) -> str:
    """Sign any header and payload: bytes as they are, other values as JSON."""
    parts = [
        base64url(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (header, payload)
    ]
    text = ".".join(parts)
    signature = hmac.new(secret.encode(), text.encode(), HASHES[algorithm]).digest()
    return f"{text}.{base64url(signature)}"


GOOD = token_of({"alg": "HS256", "typ": "JWT"}, CLAIMS)


def accepts(token: str, secret: str = SECRET, algorithm: str = "HS256", **rules: Any) -> bool:
    """Tell whether the service accepts a token."""
    chosen = TokenRules(algorithms=(algorithm,), **rules)
    try:
        verify(token, key_for=lambda _: secret, rules=chosen, clock=lambda: NOW)
    except TokenRefused:
        return False
    return True


def pyjwt_accepts(token: str, secret: str = SECRET, algorithm: str = "HS256", **rules: Any) -> bool:
    """Tell whether PyJWT accepts a token whose times and user are not in question."""
    audience = rules.get("audience")
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[algorithm],
            audience=audience,
            issuer=rules.get("issuer"),
            options={
                "require": ["exp", "sub"],
                "verify_aud": audience is not None,
            },
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False
    return claims.get("token_type") == "access" and claims["sub"] == "u1"


class TestAccepts:
    @pytest.mark.parametrize("algorithm", HASHES)
    def test_what_pyjwt_signs(self, algorithm: str) -> None:
        token = jwt.encode(CLAIMS, SECRET, algorithm=algorithm, headers={"kid": "1", "x": 5})
        payload = verified_payload(token, SECRET, algorithms=[algorithm])
        assert json.loads(payload) == CLAIMS

    def test_the_example_of_rfc_7515(self) -> None:
        """Appendix A.1, with the text of its key: PyJWT and we take keys as UTF-8."""
        header = b'{"typ":"JWT",\r\n "alg":"HS256"}'
        payload = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
        token = token_of(header, payload)
        assert token.startswith("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJl")
        assert verified_payload(token, SECRET, algorithms=["HS256"]) == payload

    def test_a_short_secret_with_a_warning_as_pyjwt_does(self) -> None:
        token = token_of({"alg": "HS256"}, CLAIMS, secret="short")
        with pytest.warns(UserWarning, match="asks for at least 32"):
            assert accepts(token, "short")
        with pytest.warns(jwt.InsecureKeyLengthWarning, match="32 bytes"):
            assert pyjwt_accepts(token, "short")

    def test_a_secret_that_is_json_but_no_key(self) -> None:
        secret = '{"password": "0123456789abcdef0123456789abcdef"}'
        token = token_of({"alg": "HS256"}, CLAIMS, secret=secret)
        assert accepts(token, secret)
        assert pyjwt_accepts(token, secret)


class TestRefusesAsPyjwtDoes:
    @pytest.mark.parametrize(
        "token",
        [
            token_of({"alg": "none"}, CLAIMS),
            token_of({"alg": "RS256"}, CLAIMS),
            token_of({"alg": "HS384"}, CLAIMS, algorithm="HS384"),
            token_of({"alg": "HS384"}, CLAIMS),
            token_of({"alg": "hs256"}, CLAIMS),
            token_of({"alg": ["HS256"]}, CLAIMS),
            token_of({"alg": None}, CLAIMS),
            token_of({}, CLAIMS),
            token_of(["alg", "HS256"], CLAIMS),
            token_of(b"", CLAIMS),
            token_of(b"\xff", CLAIMS),
            token_of(b"[" * 3000, CLAIMS),
            token_of({"alg": "HS256", "kid": 5}, CLAIMS),
            token_of({"alg": "HS256", "crit": []}, CLAIMS),
            token_of({"alg": "HS256", "crit": ["exp"], "exp": 1}, CLAIMS),
            token_of({"alg": "HS256", "b64": False, "crit": ["b64"]}, CLAIMS),
            token_of({"alg": "HS256"}, CLAIMS, secret="another secret of more than 32 bytes"),
            GOOD + ".",
            "." + GOOD,
            GOOD + "\n",
            " " + GOOD,
            GOOD.rpartition(".")[0],
            GOOD.rpartition(".")[0] + ".",
            GOOD.replace(".", "..", 1),
            GOOD.rpartition(".")[0] + ".\u00e9",
        ],
    )
    def test_a_token(self, token: str) -> None:
        assert not accepts(token)
        assert not pyjwt_accepts(token)

    def test_bits_of_the_last_character_that_say_nothing(self) -> None:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        same_bytes = GOOD[:-1] + alphabet[alphabet.index(GOOD[-1]) + 1]
        assert not accepts(same_bytes)
        assert not pyjwt_accepts(same_bytes)

    @pytest.mark.parametrize(
        "secret",
        [
            "",
            PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
            json.dumps({"kty": "oct", "k": "MDEyMw"}),
            json.dumps({"keys": [{"kty": "EC", "n": 10**4000}]}),
            '{"\\u006bty": "oct", "n": ' + "9" * 5000 + "}",
        ],
        ids=["empty", "PEM", "SSH", "JWK", "key set", "escaped"],
    )
    def test_a_secret(self, secret: str) -> None:
        token = token_of({"alg": "HS256"}, CLAIMS, secret=secret)
        assert not accepts(token, secret)
        assert not pyjwt_accepts(token, secret)


class TestRefusesWhatPyjwtAccepts:
    """Each deliberate difference; docs/decisions/0013-hmac-tokens.md lists them."""

    @pytest.mark.parametrize(
        "token",
        [
            token_of({"alg": "HS256", "crit": ["b64"], "b64": True}, CLAIMS),
            token_of({"alg": "HS256", "b64": True}, CLAIMS),
            token_of(b'{"alg": "HS256", "alg": "HS256"}', CLAIMS),
            token_of(b'{"alg": "HS256", "x": NaN}', CLAIMS),
            token_of('{"alg": "HS256"}'.encode("utf-16"), CLAIMS),
            token_of(b'\xef\xbb\xbf{"alg": "HS256"}', CLAIMS),
            token_of({"alg": "HS256"}, json.dumps(CLAIMS).encode("utf-32")),
            token_of({"alg": "HS256"}, CLAIMS | {"x": float("nan")}),
            token_of({"alg": "HS256"}, json.dumps(CLAIMS).encode()[:-1] + b', "sub": "u1"}'),
            token_of({"alg": "HS256"}, CLAIMS | {"exp": 253_402_300_800}),
            token_of({"alg": "HS256"}, CLAIMS | {"exp": str(NOW + 60)}),
            token_of({"alg": "HS256"}, CLAIMS | {"nbf": True}),
            token_of({"alg": "HS256"}, CLAIMS | {"nbf": -1}),
            token_of({"alg": "HS256"}, CLAIMS | {"iat": "0"}),
            GOOD + "=",
        ],
        ids=[
            "crit b64",
            "b64",
            "duplicate in the header",
            "NaN in the header",
            "UTF-16 header",
            "byte order mark",
            "UTF-32 payload",
            "NaN claim",
            "duplicate claim",
            "exp after the year 9999",
            "exp as text",
            "nbf as a truth value",
            "nbf before 1970",
            "iat as text",
            "padding",
        ],
    )
    def test_a_token(self, token: str) -> None:
        assert not accepts(token)
        assert pyjwt_accepts(token)

    def test_a_secret_nested_too_deep_to_be_read(self) -> None:
        secret = "[" * 100_000
        token = token_of({"alg": "HS256"}, CLAIMS, secret=secret)
        assert not accepts(token, secret)
        assert pyjwt_accepts(token, secret)


class TestRaises:
    @pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d"])
    def test_bad_signature_for_another_number_of_parts(self, token: str) -> None:
        with pytest.raises(BadSignature, match="three parts"):
            verified_payload(token, SECRET, algorithms=["HS256"])

    def test_a_message_without_token_and_secret(self) -> None:
        with pytest.raises(BadSignature) as refused:
            verified_payload(GOOD[:-2] + "AA", SECRET, algorithms=["HS256"])
        assert SECRET not in str(refused.value)
        assert GOOD.split(".")[1] not in str(refused.value)

    def test_the_signature_is_compared_in_constant_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[tuple[bytes, bytes]] = []

        def compare(one: bytes, other: bytes) -> bool:
            compared.append((one, other))
            return one == other

        monkeypatch.setattr(hmac, "compare_digest", compare)
        assert accepts(GOOD)
        expected = hmac.new(SECRET.encode(), GOOD.rpartition(".")[0].encode(), hashlib.sha256)
        assert compared == [(expected.digest(), expected.digest())]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
ALGORITHMS = st.sampled_from([*HASHES, "none", "RS256", "ES256", "HS1", ""])
HEADERS = st.fixed_dictionaries(
    {"alg": ALGORITHMS | JSON},
    optional={"typ": JSON, "kid": JSON, "jku": JSON, "crit": JSON, "b64": JSON, "x": JSON},
)
PAYLOADS = st.fixed_dictionaries(
    {"sub": st.just("u1"), "exp": st.just(NOW * 2), "token_type": st.just("access")},
    optional={
        "nbf": st.sampled_from([0, 1.5, "x", None, NOW * 2, [], {}]),
        "aud": st.sampled_from(["us", ["us"], ["us", 1], "them", "", [], {}, 5, None]),
        "iss": st.sampled_from(["issuer", "Issuer", "", 5, None]),
        "jti": JSON,
        "iat": st.sampled_from([0, 1.5, "x", None, NOW * 2, [], {}]),
        "x": JSON,
    },
)


def _base64_of(part: str) -> str:
    return base64.b64encode(part.encode(errors="replace")).decode()


CHANGES: list[Callable[[str, int], str]] = [
    lambda token, _: token,
    lambda token, at: token[:at],
    lambda token, at: token[at:],
    lambda token, at: token[:at] + token[at + 1 :],
    lambda token, at: token[:at] + "A" + token[at + 1 :],
    lambda token, at: token[:at] + "." + token[at:],
    lambda token, at: token[:at] + "\u00e9" + token[at:],
    lambda token, at: token[:at] + "\ud800" + token[at:],
    lambda token, at: token[:at] + "\x00" + token[at:],
    lambda token, at: token[:at] + " " + token[at:],
    lambda token, at: token[:at] + token[at : at + 1].swapcase() + token[at + 1 :],
    lambda token, _: token.replace("-", "+").replace("_", "/"),
    lambda token, _: _base64_of(token),
    lambda token, _: ".".join(reversed(token.split("."))),
]


class TestAgreesWithPyjwt:
    """Both give one verdict, but for the differences above, which all refuse more."""

    @settings(max_examples=200)
    @given(HEADERS, PAYLOADS, st.sampled_from(list(HASHES)), st.sampled_from(["HS256", "HS512"]))
    @example({"alg": "HS256"}, dict(CLAIMS, exp=NOW * 2), "HS256", "HS256")
    @example({"alg": "HS256", "b64": 0}, dict(CLAIMS, exp=NOW * 2), "HS256", "HS256")
    def test_on_signed_tokens(
        self, header: dict[str, Any], payload: dict[str, Any], signed_with: str, configured: str
    ) -> None:
        token = token_of(header, payload, algorithm=signed_with)
        for rules in ({}, {"audience": "us"}, {"issuer": "issuer"}):
            ours = accepts(token, algorithm=configured, **rules)
            theirs = pyjwt_accepts(token, algorithm=configured, **rules)
            if header.keys() & {"crit", "b64"}:
                assert not ours
            else:
                assert ours == theirs

    @settings(max_examples=200)
    @given(HEADERS, PAYLOADS, st.sampled_from(CHANGES), st.integers(0, 400))
    def test_on_changed_tokens(
        self,
        header: dict[str, Any],
        payload: dict[str, Any],
        change: Callable[[str, int], str],
        at: int,
    ) -> None:
        token = token_of({"alg": "HS256"} | {"x": header}, payload)
        changed = change(token, at % (len(token) + 1))
        assert accepts(changed) == pyjwt_accepts(changed)

    @settings(max_examples=200)
    @given(st.text(max_size=200) | st.text("AQabyJ0-_.=", max_size=60))
    def test_on_any_text(self, text: str) -> None:
        assert not accepts(text)
        assert not pyjwt_accepts(text)

    @settings(max_examples=200)
    @given(st.integers(0, 3), st.sampled_from([0, 1, 2]), PAYLOADS)
    def test_padding_is_refused_wherever_it_stands(
        self, padding: int, part: int, payload: dict[str, Any]
    ) -> None:
        parts = token_of({"alg": "HS256"}, payload).split(".")
        parts[part] += "=" * padding
        token = ".".join(parts)
        assert accepts(token) == (padding == 0 and pyjwt_accepts(token))

    @settings(max_examples=200)
    @given(st.text(max_size=80) | st.builds(json.dumps, JSON))
    def test_on_any_secret(self, secret: str) -> None:
        try:
            token = token_of({"alg": "HS256"}, CLAIMS | {"exp": NOW * 2}, secret=secret)
        except UnicodeEncodeError:
            token = GOOD  # a secret that UTF-8 cannot write signs nothing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert accepts(token, secret) == pyjwt_accepts(token, secret)
