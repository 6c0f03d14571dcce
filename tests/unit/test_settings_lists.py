"""Settings of several values, as people write them: origins, audiences, issuers."""

from typing import Any

import pytest
from pydantic import ValidationError

from infra.settings import FunctionSettings, Settings


def origins(value: Any) -> str:
    return FunctionSettings(allowed_origins=value).allowed_origins


class TestOrigins:
    @pytest.mark.parametrize(
        "value",
        [
            "https://app.example.com",
            "https://app.example.com/",
            "https://app.example.com//",
            "HTTPS://App.Example.COM",
            "https://app.example.com:443",
            "https://app.example.com:443/",
            "https://app.example.com:0443",
            " https://app.example.com , ",
            "https://app.example.com,https://APP.example.com:443/",
            '["https://app.example.com"]',
            ' ["https://App.example.com/", "https://app.example.com:443"] ',
            ["https://app.example.com/"],
            ["https://app.example.com", "https://app.example.com"],
        ],
    )
    def test_are_written_as_browsers_do(self, value: Any) -> None:
        assert origins(value) == "https://app.example.com"

    @pytest.mark.parametrize(
        ("value", "written"),
        [
            ("*", "*"),
            ('["*"]', "*"),
            (["*"], "*"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("http://LOCALHOST:80", "http://localhost"),
            ("http://app.example:443", "http://app.example:443"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("chrome-extension://abcdef/", "chrome-extension://abcdef"),
            (["https://a.example", "https://b.example/"], "https://a.example,https://b.example"),
        ],
    )
    def test_others(self, value: Any, written: str) -> None:
        assert origins(value) == written

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("null", "got null"),
            ('["null"]', "got null"),
            ("NULL,https://a.example", "got null"),
            ("app.example", "scheme://host"),
            ("https://", "scheme://host"),
            ("https://a.example/app", "scheme://host"),
            ("https://a.example?x=1", "scheme://host"),
            ("https://ada@a.example", "scheme://host"),
            ("https://:pw@a.example", "scheme://host"),
            ("https://*.example.com", "name each host"),
            ("https://b\u00fccher.example", "xn--"),
            ("https://a.example https://b.example", "expected"),
            ("https://a.example;https://b.example", "expected"),
            ("https://a.example:http", "[Pp]ort"),
            ("https://a.example:99999", "[Pp]ort"),
            ("wss://a.example", "origin of a page"),
            ("*,https://a.example", "alone"),
            ("", "comma-separated"),
            ("[]", "comma-separated"),
            ([], "comma-separated"),
            ('["https://a.example"', "list in JSON"),
            ('["https://a.example", 5]', "list of texts"),
            (["https://a.example,https://b.example"], "without commas"),
        ],
    )
    def test_what_is_none_is_refused_with_a_reason(self, value: Any, reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            origins(value)


class TestAudiences:
    @pytest.mark.parametrize("value", [["a", "api://b"], '["a", "api://b"]', "a,api://b"])
    def test_several(self, value: Any) -> None:
        assert FunctionSettings(jwt_audience=value).jwt_audience == "a,api://b"
        assert FunctionSettings(jwt_issuer=value).jwt_issuer == "a,api://b"


class TestTokenSettings:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("jwks_url", "http://issuer.example/keys"),
            ("jwks_url", "http://127.0.0.1.evil.example/keys"),
            ("jwks_url", "https://"),
            ("jwks_url", "https:///keys"),
            ("jwks_url", "file:///etc/passwd"),
            ("jwt_user_claim", ""),
            ("jwt_user_claim", "a b"),
            ("jwt_projects_claim", "a,b"),
            ("jwt_admin_role", ""),
            ("jwt_admin_role", "two words"),
            ("jwt_token_type", "access"),
            ("jwt_token_type", "token_use="),
            ("jwt_leeway", -1),
            ("jwt_leeway", 301),
        ],
    )
    def test_are_refused(self, name: str, value: Any) -> None:
        with pytest.raises(ValidationError, match=name):
            Settings(**{name: value})

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("jwks_url", "https://issuer.example/keys"),
            ("jwks_url", "http://127.0.0.1:8123/keys"),
            ("jwt_user_claim", "https://example.com/user"),
            ("jwt_role_claim", "realm_access.roles"),
            ("jwt_projects_claim", "cognito:groups"),
            ("jwt_token_type", "token_use=access"),
            ("jwt_leeway", 0),
        ],
    )
    def test_are_taken(self, name: str, value: Any) -> None:
        assert getattr(Settings(**{name: value}), name) == value
