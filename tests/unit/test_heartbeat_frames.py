"""What a heartbeat is in each protocol, and what Engine.IO's clients are told of it."""

import json

import pytest

from roomcast_backend.protocol.heartbeats import EngineIoTimers, heartbeat_frame

HOUR = 3_600_000


class TestFrame:
    @pytest.mark.parametrize("protocol", ["socketio", "socketio:/", "socketio:/ws:recover"])
    def test_of_socket_io_is_by_the_mode(self, protocol: str) -> None:
        assert heartbeat_frame(protocol, "noop") == "6"
        assert heartbeat_frame(protocol, "ping") == "2"

    @pytest.mark.parametrize("mode", ["noop", "ping"])
    def test_of_json_is_the_same_in_both(self, mode: str) -> None:
        assert heartbeat_frame("json", mode) == '{"action":"ping"}'

    def test_of_an_unknown_mode(self) -> None:
        with pytest.raises(KeyError):
            heartbeat_frame("socketio", "pong")


class TestTimers:
    def test_no_client_gives_up_without_pings(self) -> None:
        timers = EngineIoTimers.announced("noop", interval=510, timeout=240)
        assert timers.interval == 510_000
        assert timers.timeout >= 2 * HOUR  # alone, too: python-engineio takes the longer one
        opening = json.loads(timers.open_packet("c1")[1:])
        assert opening["pingInterval"] + opening["pingTimeout"] > 2 * HOUR

    def test_with_pings_they_are_the_settings(self) -> None:
        timers = EngineIoTimers.announced("ping", interval=30, timeout=60)
        assert timers == EngineIoTimers(30_000, 60_000)
