"""Every setting is documented, and reaches the functions under the name that they read."""

import dataclasses
import re

import pytest

from infra.settings import FunctionSettings, Settings, variable
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
        unset = {"jwks_url", "jwt_audience", "jwt_issuer"}
        assert known - given == {variable(name) for name in unset}
