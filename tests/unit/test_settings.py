import pytest

from roomcast_backend.settings import BadSetting, Settings


class TestSettings:
    def test_defaults(self) -> None:
        settings = Settings.from_environment({})
        assert (settings.max_connections, settings.global_shards) == (0, 16)

    def test_reads_what_is_set_and_ignores_the_empty(self) -> None:
        environment = {"ROOMCAST_PAGE_SIZE": "250", "ROOMCAST_JWKS_URL": "", "ROOMCAST_OTHER": "x"}
        settings = Settings.from_environment(environment)
        assert (settings.page_size, settings.jwks_url) == (250, "")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PAGE_SIZE", "many"),
            ("PAGE_SIZE", "1"),
            ("GLOBAL_SHARDS", "0"),
            ("ROOM_KINDS", '{"user": "authenticated"}'),
            ("MAX_ROOMS_PER_CONNECTION", "91"),
            ("COMMANDS_PER_SECOND", "0"),
            ("COMMAND_BURST", "0"),
            ("SOCKETIO_HEARTBEAT", "pong"),
            ("HEARTBEAT_INTERVAL", "0"),
            ("PROJECTS_WITHOUT_CLAIM", "some"),
        ],
    )
    def test_a_bad_value_is_named(self, name: str, value: str) -> None:
        with pytest.raises(BadSetting, match=name.lower()):
            Settings.from_environment({f"ROOMCAST_{name}": value})
