"""The local service's settings, from the environment."""

import re
from pathlib import Path

import pytest

from local import stack
from local.errors import CannotRun
from local.settings import ROOT, VARIABLES, InvalidSetting, Settings


class TestSettings:
    def test_defaults(self) -> None:
        settings = Settings.from_environment({})

        assert settings == Settings(port=8000, aws_port=4566, directory=ROOT / ".local")
        assert settings.site_url == "http://127.0.0.1:8000"
        assert settings.aws_url == "http://127.0.0.1:4566"
        assert settings.endpoints_file == ROOT / ".local/endpoints.json"

    def test_environment(self) -> None:
        settings = Settings.from_environment(
            {
                "ROOMCAST_PORT": "8100",
                "ROOMCAST_AWS_PORT": "4600",
                "ROOMCAST_LOCAL_DIR": "/somewhere",
                "ROOMCAST_SETTINGS": "page_size=20  heartbeat_interval=60",
                "ROOMCAST_FUNCTION_WORKERS": "2",
            }
        )

        assert settings == Settings(
            port=8100,
            aws_port=4600,
            directory=Path("/somewhere"),
            context=("page_size=20", "heartbeat_interval=60"),
            workers=2,
        )

    def test_empty_port_is_the_default(self) -> None:
        assert Settings.from_environment({"ROOMCAST_PORT": ""}).port == 8000

    @pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000.0", "²", "٣"])
    def test_what_is_no_port_is_named(self, port: str) -> None:
        with pytest.raises(
            InvalidSetting, match="ROOMCAST_AWS_PORT: expected a number from 1 to 65535"
        ):
            Settings.from_environment({"ROOMCAST_AWS_PORT": port})

    @pytest.mark.parametrize("name", ["ROOMCAST_PROT", "ROOMCAST_SETTING", "ROOMCAST_LOCALDIR"])
    def test_a_slip_in_a_name_is_refused(self, name: str) -> None:
        with pytest.raises(InvalidSetting, match=f"{name}: no such setting, did you mean ROOMCAST"):
            Settings.from_environment({name: "1"})

    def test_names_that_others_read_are_none(self) -> None:
        text = (ROOT / "docs/settings.md").read_text()
        names = re.findall(r"^\| (ROOMCAST_[A-Z_]+) \|", text, re.MULTILINE)
        assert set(VARIABLES) < set(names)
        others = {name: "x" for name in names if name not in VARIABLES}
        assert Settings.from_environment(others) == Settings.from_environment({})

    @pytest.mark.parametrize(
        ("given", "on"), [("", True), ("on", True), ("1", True), ("off", False), ("0", False)]
    )
    def test_the_demo_is_on_unless_it_is_off(self, given: str, *, on: bool) -> None:
        assert Settings.from_environment({"ROOMCAST_DEMO": given}).demo is on

    def test_activity_is_on_unless_it_is_off(self) -> None:
        assert Settings.from_environment({}).activity
        assert not Settings.from_environment({"ROOMCAST_ACTIVITY": "off"}).activity
        with pytest.raises(InvalidSetting, match="ROOMCAST_ACTIVITY: expected on or off"):
            Settings.from_environment({"ROOMCAST_ACTIVITY": "no"})


class TestSettingsOfTheStack:
    def settings(self, text: str) -> Settings:
        return Settings.from_environment({"ROOMCAST_SETTINGS": text})

    def test_are_checked_before_anything_starts(self) -> None:
        with pytest.raises(CannotRun) as refused:
            stack.check(self.settings("max_conections=5"))
        assert str(refused.value) == (
            "ROOMCAST_SETTINGS: Bad setting: max_conections='5': no such setting, "
            "did you mean max_connections?"
        )
        stack.check(self.settings("max_connections=5 page_size=20"))

    def test_have_a_name_and_a_value(self) -> None:
        with pytest.raises(InvalidSetting, match="expected name=value, got 'max_connections'"):
            self.settings("max_connections 5")

    def test_do_not_move_the_stack_elsewhere(self) -> None:
        options = stack._options(self.settings("target=aws"))
        assert options[-2:] == ["--context", "target=local"]
