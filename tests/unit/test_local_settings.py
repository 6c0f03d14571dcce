"""The local service's settings, from the environment."""

from pathlib import Path

import pytest

from local.settings import ROOT, InvalidSetting, Settings


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
