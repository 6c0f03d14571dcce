"""CORS of the HTTP API on the emulator: as the template says, in CloudFormation's spelling."""

from typing import Any

import pytest

from local.emulator.cors import api_spelling, in_both_spellings

GIVEN = {"AllowOrigins": ["https://app.example"], "MaxAge": 7200}


class TestSpelling:
    @pytest.mark.parametrize("name", ["AllowOrigins", "allowOrigins"])
    def test_both_are_read(self, name: str) -> None:
        assert api_spelling(name) == "allowOrigins"

    def test_the_configuration_arrives_in_the_api_spelling(self) -> None:
        seen: list[Any] = []
        in_both_spellings(lambda *given: seen.append(given))(GIVEN, "https://app.example")
        expected = {"allowOrigins": ["https://app.example"], "maxAge": 7200}
        assert seen == [(expected, "https://app.example")]

    def test_without_a_configuration_there_is_none(self) -> None:
        assert in_both_spellings(lambda configuration, _origin: configuration)({}, "") == {}
