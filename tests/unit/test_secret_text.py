"""Secrets as people paste them into a console."""

import pytest

from roomcast.secret_text import BadSecret, readings_of, secrets_in
from roomcast_backend.auth.shared_secrets import signing_secrets

SECRET = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


class TestSecretsIn:
    @pytest.mark.parametrize(
        "text",
        [
            SECRET,
            SECRET + "\n",
            f"\ufeff{SECRET}",
            f"  {SECRET}\r\n",
            f'"{SECRET}"',
            f"'{SECRET}'\n",
            f'{{"JWT_SECRET": "{SECRET}"}}',
            f'{{\n  "JWT_SECRET_KEY": "{SECRET}\\n"\n}}\n',
            f'["{SECRET}"]',
            f'["{SECRET}", "{SECRET}"]',
        ],
    )
    def test_one(self, text: str) -> None:
        assert secrets_in(text) == (SECRET,)

    @pytest.mark.parametrize(
        "text", [f'["{SECRET}", "{OTHER}"]', f'{{"JWT_SECRET": ["{SECRET}", "{OTHER}"]}}']
    )
    def test_several_the_first_signs(self, text: str) -> None:
        assert secrets_in(text) == (SECRET, OTHER)

    @pytest.mark.parametrize(
        "text",
        [
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "a b c",
            "{not json",
            "[1, 2",
            '"',
            "'",
            "$ecret'with\"quotes",
        ],
    )
    def test_what_stays_as_it_is(self, text: str) -> None:
        assert secrets_in(text) == (text,)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " \n",
            '""',
            "{}",
            "[]",
            '[""]',
            f'["{SECRET}", ""]',
            '{"a": ""}',
            '{"a": 5}',
            '{"a": {"b": "c"}}',
            f'{{"username": "ada", "password": "{SECRET}"}}',
            f'{{"JWT_SECRET": "{SECRET}", "JWT_SECRET_OLD": "{OTHER}"}}',
            f'["{SECRET}", null]',
            f'["{SECRET}", ["{OTHER}"]]',
        ],
    )
    def test_what_is_refused_with_a_reason(self, text: str) -> None:
        with pytest.raises(BadSecret, match="^expected ") as refused:
            secrets_in(text)
        assert SECRET not in str(refused.value)

    def test_the_text_itself_is_a_reading(self) -> None:
        assert readings_of(SECRET) == (SECRET,)
        assert readings_of(f"{SECRET}\n") == (SECRET, f"{SECRET}\n")


class TestSigningSecrets:
    @pytest.mark.parametrize(("algorithm", "length"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
    def test_the_least_length(self, algorithm: str, length: int) -> None:
        assert signing_secrets("x" * length, algorithm) == ("x" * length,)
        with pytest.raises(BadSecret, match=f"at least {length} bytes for {algorithm}, got "):
            signing_secrets("x" * (length - 1), algorithm)

    def test_the_length_is_that_of_each_one(self) -> None:
        with pytest.raises(BadSecret, match="got 5"):
            signing_secrets(f'["{SECRET}", "short"]', "HS256")

    @pytest.mark.parametrize(
        "text",
        [
            '{"kty": "oct", "k": "' + "x" * 50 + '"}',
            '{"keys": [{"kty": "RSA", "n": "' + "x" * 50 + '"}]}',
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEF\n-----END PUBLIC KEY-----",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        ],
    )
    def test_a_public_key_is_no_secret(self, text: str) -> None:
        with pytest.raises(BadSecret, match="shared secret"):
            signing_secrets(text, "HS256")
