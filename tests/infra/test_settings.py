"""Every setting is documented, and reaches the functions under the name that they read."""

import dataclasses
import json
import re

import pytest
from pydantic import ValidationError

from infra.settings import FunctionSettings, Settings, variable
from infra.settings.limits import BODY, REQUEST
from roomcast_backend.settings import Settings as BackendSettings
from tests.infra.conftest import ROOT, Template

DOCUMENT = (ROOT / "docs/settings.md").read_text()
ROWS = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|", DOCUMENT, re.MULTILINE))
READ = {field.name: field.default for field in dataclasses.fields(BackendSettings)}


class TestDocument:
    @pytest.mark.parametrize("name", Settings.model_fields)
    def test_has_each_setting_with_its_default(self, name: str) -> None:
        default = Settings.model_fields[name].default
        shown = (
            "not set"
            if default == ""
            else f"`{str(default).lower() if default is False else default}`"
        )
        assert ROWS[name].strip() == shown

    def test_has_no_other(self) -> None:
        assert set(ROWS) == set(Settings.model_fields)


class TestFunctions:
    @pytest.mark.parametrize("name", FunctionSettings.model_fields)
    def test_a_setting_of_functions_is_read_and_has_the_same_default(self, name: str) -> None:
        assert READ[name] == FunctionSettings.model_fields[name].default

    def test_what_functions_read_is_set(self, service: Template) -> None:
        given = {
            name
            for function in service.properties("AWS::Lambda::Function")
            for name in function["Environment"]["Variables"]
            if name.startswith("ROOMCAST_")
        }
        known = {variable(name) for name in READ}
        assert given <= known
        unset = {
            "departures_queue_url",
            "access_function",
            "broadcast_function",
            "dead_letters",
            "room_kinds",
            "presence_rooms",
            "jwks_url",
            "jwt_audience",
            "jwt_tenant_claim",
            "jwt_issuer",
            "jwt_token_type",
        }
        assert known - given == {variable(name) for name in unset}


class TestWebhooks:
    def test_the_largest_body_reaches_the_function_however_it_is_encoded(self) -> None:
        worst = max(
            len(json.dumps(text * (1000 // len(text.encode()))).encode())
            for text in ('"', "\n", "a", "\u00e4", "\u20ac", "\U0001f600")
        )
        rest = 100_000  # headers, and what API Gateway says beside them
        assert worst / 1000 * BODY + rest <= REQUEST
        assert BODY * 4 / 3 + rest <= REQUEST

    def test_a_larger_one_cannot_be_set(self) -> None:
        assert Settings(max_webhook_bytes=BODY).max_webhook_bytes == BODY
        with pytest.raises(ValidationError, match="max_webhook_bytes"):
            Settings(max_webhook_bytes=BODY + 1)


class TestReconciliation:
    @pytest.mark.parametrize("seconds", [0, 300, 360, 3600])
    def test_is_every_five_minutes_at_most(self, seconds: int) -> None:
        assert Settings(reconcile_interval=seconds).reconcile_interval == seconds

    @pytest.mark.parametrize("seconds", [60, 240, 299, 301])
    def test_not_more_often(self, seconds: int) -> None:
        with pytest.raises(ValidationError, match="from 300 on"):
            Settings(reconcile_interval=seconds)
