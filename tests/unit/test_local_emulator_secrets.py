"""Secrets that the emulator generates for a template."""

import string
from typing import Any

from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.emulator.generated_secrets import without_punctuation

generate = without_punctuation(provisioners._sm_secret_string)


def rules(**given: Any) -> dict[str, Any]:
    return {"GenerateSecretString": {"PasswordLength": 2000, **given}}


class TestGenerated:
    def test_are_letters_and_digits_where_the_template_asks_for_it(self) -> None:
        for value in (True, "true"):
            assert generate(rules(ExcludePunctuation=value)).isalnum()

    def test_leave_out_what_else_is_excluded(self) -> None:
        secret = generate(rules(ExcludePunctuation=True, ExcludeCharacters="abc"))
        assert not set(secret) & set("abc" + string.punctuation)

    def test_are_left_as_they_are_otherwise(self) -> None:
        assert not generate(rules()).isalnum()
        assert generate({"SecretString": "a-b"}) == "a-b"
