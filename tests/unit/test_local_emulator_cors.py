"""CORS of the HTTP API on the emulator: as the template says, in CloudFormation's spelling."""

from typing import Any

import pytest

from local.emulator.cors import api_spelling, as_api_gateway_reads_it, matches

GIVEN = {"AllowOrigins": ["https://app.example"], "MaxAge": 7200}


class TestSpelling:
    @pytest.mark.parametrize("name", ["AllowOrigins", "allowOrigins"])
    def test_both_are_read(self, name: str) -> None:
        assert api_spelling(name) == "allowOrigins"

    def test_the_configuration_arrives_in_the_api_spelling(self) -> None:
        seen: list[Any] = []
        as_api_gateway_reads_it(lambda *given: seen.append(given))(GIVEN, "https://app.example")
        expected = {"allowOrigins": ["https://app.example"], "maxAge": 7200}
        assert seen == [(expected, "https://app.example")]

    def test_without_a_configuration_there_is_none(self) -> None:
        assert as_api_gateway_reads_it(lambda configuration, _origin: configuration)({}, "") == {}


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "origin", "expected"),
        [
            ("https://*", "https://app.example", True),
            ("https://*", "HTTPS://app.example:8443", True),
            ("https://*", "http://app.example", False),
            ("http://*", "http://localhost:3000", True),
            ("https://*", "null", False),
            ("https://*", "", False),
            ("*", "https://app.example", False),
            ("https://app.example", "https://app.example", False),
        ],
    )
    def test_stand_for_a_scheme(self, pattern: str, origin: str, expected: bool) -> None:
        assert matches(pattern, origin) is expected

    def test_the_origin_itself_is_allowed(self) -> None:
        given = {"AllowOrigins": ["https://*", "http://*"], "AllowCredentials": True}
        read = as_api_gateway_reads_it(lambda configuration, _origin: configuration)
        assert read(given, "http://localhost:3000")["allowOrigins"] == [
            "https://*",
            "http://*",
            "http://localhost:3000",
        ]
        assert read(given, "null")["allowOrigins"] == ["https://*", "http://*"]
