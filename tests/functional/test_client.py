"""The receiving client at a WebSocket server in this process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

import roomcast
from roomcast.backoff import Backoff
from roomcast.client import CannotConnect, Received, Refused
from roomcast.client import client as receiving
from roomcast.errors import InvalidRoom
from tests.fakes.events_service import EventsService, envelope, sends, serving, stays


class Watch:
    """A client and what it tells."""

    def __init__(self, service: EventsService, *rooms: str, **options: Any) -> None:
        self.notices: list[str] = []
        self.gaps: list[str] = []
        self.client: Any = None
        self._options = options
        self._rooms = rooms or ("project:123",)
        self._service = service
        self._tokens = 0

    async def events(self, count: int) -> list[Received]:
        """Return the first events."""
        found: list[Received] = []
        async with (
            asyncio.timeout(10),
            roomcast.connect(
                self._service.url,
                self._token,
                on_notice=self.notices.append,
                on_gap=self.gaps.append,
            ) as self.client,
            aclosing(self.client.events(*self._rooms, **self._options)) as events,
        ):
            async for each in events:
                found.append(each)
                if len(found) == count:
                    break
        return found

    async def ids(self, count: int) -> list[str]:
        """Return the ids of the first events."""
        return [event.id for event in await self.events(count)]

    def _token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"


@pytest.fixture
async def start() -> AsyncIterator[Any]:
    async with serving() as start:
        yield start


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "BACKOFF", Backoff(base=0.01, cap=0.1, attempts=0))


class TestEvents:
    async def test_of_every_room(self, start: Any) -> None:
        service = await start(sends(envelope("e1", seq=7), envelope("e2"), rooms=2))
        watch = Watch(service, "project:123", "agent:7", types=["project.*"])
        first, second = await watch.events(2)
        assert (first.id, first.type, first.room) == ("e1", "project.deleted", "project:123")
        assert (first.data, first.seq) == ({"project_id": "123", "deleted_by": "42"}, 7)
        assert first.published_at == datetime(2026, 1, 31, 12, 0, 1, 234000, tzinfo=UTC)
        assert second.seq == 0
        assert service.subscribed == ["project:123", "agent:7"]
        assert [command["types"] for command in service.commands] == [["project.*"]] * 2
        assert watch.notices == ["subscribed to project:123", "subscribed to agent:7"]
        assert watch.gaps == []

    async def test_a_heartbeat_and_what_is_no_frame_are_passed_over(self, start: Any) -> None:
        service = await start(stays({"action": "ping"}, "{", "[]", b"\xff", envelope("e1")))
        assert await Watch(service).ids(1) == ["e1"]

    async def test_repeats_are_dropped(self, start: Any) -> None:
        again = envelope("e1"), envelope("e2"), envelope("e1")
        service = await start(sends(*again), stays(*again, envelope("e3")))
        assert await Watch(service).ids(3) == ["e1", "e2", "e3"]

    async def test_a_second_iteration_has_a_connection_of_its_own(self, start: Any) -> None:
        service = await start(stays(envelope("e1")), stays(envelope("e2")))
        found = []
        async with asyncio.timeout(10), roomcast.connect(service.url, "t") as client:
            first = client.events("project:1")
            found.append((await anext(first)).id)
            async for event in client.events("project:2"):
                found.append(event.id)
                break
            assert [event async for event in first] == []
        assert found == ["e1", "e2"]
        assert service.subscribed == ["project:1", "project:2"]

    async def test_one_that_is_connecting_again_ends_with_the_client(self, start: Any) -> None:
        service = await start(sends(envelope("e1")), stays(envelope("e2")))
        connecting, found = asyncio.Event(), []
        calls = 0

        def token() -> str:
            nonlocal calls
            calls += 1
            if calls > 1:
                connecting.set()
            return "t"

        async def follow(client: Any) -> None:
            found.extend([event.id async for event in client.events("project:123")])

        async with asyncio.timeout(20):
            async with roomcast.connect(service.url, token) as client:
                following = asyncio.create_task(follow(client))
                await connecting.wait()
            await following
        assert found == ["e1"]
        assert service.subscribed == ["project:123"]

    async def test_a_name_that_is_no_room(self, start: Any) -> None:
        service = await start(stays())
        with pytest.raises(InvalidRoom):
            await Watch(service, "project").ids(1)


class TestReconnecting:
    async def test_has_a_fresh_token_and_goes_on_where_it_was(self, start: Any) -> None:
        service = await start(
            sends(envelope("e1", seq=5)), sends(envelope("e2", seq=6)), stays(envelope("e3"))
        )
        watch = Watch(service)
        assert await watch.ids(3) == ["e1", "e2", "e3"]
        assert service.tokens == ["token-1", "token-2", "token-3"]
        assert [command.get("since") for command in service.commands] == [None, 5, 6]
        lost = [notice for notice in watch.notices if "connecting again in" in notice]
        assert len(lost) == 2
        assert watch.gaps == []

    async def test_a_token_that_cannot_be_fetched_is_fetched_again(self, start: Any) -> None:
        service = await start(sends(envelope("e1")), stays(envelope("e2")))
        answers: list[Any] = ["t1", KeyError("the backend is down"), "t2"]
        notices: list[str] = []

        def fetch() -> str:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return str(answer)

        async with roomcast.connect(service.url, fetch, on_notice=notices.append) as client:
            events = client.events("project:123")
            heard = [(await anext(events)).id for _ in range(2)]
        assert heard == ["e1", "e2"]
        assert any("the token could not be fetched" in notice for notice in notices)
        assert service.tokens == ["t1", "t2"]

    async def test_a_first_token_that_cannot_be_fetched(self) -> None:
        def fetch() -> str:
            raise KeyError("down")

        with pytest.raises(CannotConnect, match="the token could not be fetched"):
            async with roomcast.connect("ws://127.0.0.1:1/ws", fetch):
                pass

    async def test_a_quiet_room_goes_on_with_the_greeting(self, start: Any) -> None:
        service = await start(sends(), sends(greeting="g2"), stays(envelope("e1")))
        watch = Watch(service)
        assert await watch.ids(1) == ["e1"]
        assert [command.get("since") for command in service.commands] == [None, "e0", "g2"]
        assert watch.gaps == []

    async def test_what_comes_before_the_answer_moves_nothing(self, start: Any) -> None:
        async def breaks(service: EventsService, connection: ServerConnection) -> None:
            service.commands.append(json.loads(await connection.recv()))
            await connection.send('{"type": "a.b", "id": "e9", "room": "project:123", "seq": 9}')
            await connection.close()

        service = await start(sends(envelope("e5", seq=5)), breaks, stays(envelope("e6")))
        assert await Watch(service).ids(3) == ["e5", "e9", "e6"]
        assert [command.get("since") for command in service.commands] == [None, 5, 5]

    async def test_tells_of_a_gap(self, start: Any) -> None:
        service = await start(
            sends(envelope("e1", seq=5)), stays(envelope("e2"), recovered=False, replayed=3)
        )
        watch = Watch(service)
        assert await watch.ids(2) == ["e1", "e2"]
        assert watch.gaps == ["project:123"]
        assert watch.client.gaps == {"project:123"}
        assert "subscribed to project:123, 3 replayed" in watch.notices

    async def test_where_nothing_can_be_asked_for_there_may_be_a_gap(self, start: Any) -> None:
        service = await start(sends(greeting=""), stays(envelope("e1")))
        watch = Watch(service)
        assert await watch.ids(1) == ["e1"]
        assert watch.gaps == ["project:123"]

    async def test_a_torn_connection(self, start: Any) -> None:
        async def torn(service: EventsService, connection: ServerConnection) -> None:
            await service.reply(connection)
            connection.transport.abort()

        service = await start(torn, stays(envelope("e1")))
        assert await Watch(service).ids(1) == ["e1"]

    async def test_a_full_service_is_asked_again(self, start: Any) -> None:
        service = await start(sends(envelope("e1")), stays(envelope("e2")))
        service.statuses = [0, 503, 429, 500]
        watch = Watch(service)
        assert await watch.ids(2) == ["e1", "e2"]
        assert len(service.tokens) == 5
        assert any("HTTP 503" in notice for notice in watch.notices)

    async def test_the_waits_grow_until_a_room_is_joined(
        self, start: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The connections are: an event, refused, refused, an event, refused, an event."""
        asked: list[int] = []

        def pause(_rule: Backoff, retry: int) -> float:
            asked.append(retry)
            return 0.0

        monkeypatch.setattr(Backoff, "pause", pause)
        service = await start(sends(envelope("e1")), sends(envelope("e2")), sends(envelope("e3")))
        service.statuses = [0, 503, 503, 0, 503, 0]
        assert await Watch(service).ids(3) == ["e1", "e2", "e3"]
        assert asked == [0, 1, 2, 0, 1]


class TestSince:
    @pytest.mark.parametrize("since", [7, "an-id", {"project:123": 7}])
    async def test_is_where_it_begins(self, start: Any, since: Any) -> None:
        service = await start(stays(envelope("e1")))
        await Watch(service, "project:123", since=since).ids(1)
        (command,) = service.commands
        assert command["since"] == (7 if isinstance(since, dict) else since)

    @pytest.mark.parametrize("is_duration", [True, False])
    async def test_may_be_a_time(self, start: Any, *, is_duration: bool) -> None:
        service = await start(stays(envelope("e1")))
        ago = timedelta(minutes=15)
        since = ago if is_duration else datetime.now(UTC) - ago
        await Watch(service, since=since).ids(1)
        offset = service.commands[0]["since"]
        at = int(offset[:8] + offset[9:13], 16) / 1000
        assert abs(datetime.now(UTC).timestamp() - 900 - at) < 20

    async def test_a_time_before_all_times_is_the_beginning(self, start: Any) -> None:
        service = await start(stays(envelope("e1")))
        await Watch(service, since=timedelta(days=999_999)).ids(1)
        assert service.commands[0]["since"] == "00000000-0000-7000-8000-000000000000"

    async def test_is_kept_for_a_later_process(self, start: Any) -> None:
        service = await start(stays(envelope("e1", seq=5), envelope("e2", seq=6)))
        watch = Watch(service)
        await watch.ids(2)
        assert watch.client.since == {"project:123": 6}


class TestWhatEndsIt:
    async def test_an_expired_token_does_not(self, start: Any) -> None:
        error = {"error_code": "AUTH_FAILED", "error_message": "the token has expired"}
        ended = envelope("e9", type="connection.error", data=error)
        service = await start(sends(ended), stays(envelope("e1")))
        watch = Watch(service)
        assert await watch.ids(1) == ["e1"]
        assert "the token has expired (AUTH_FAILED)" in watch.notices

    @pytest.mark.parametrize("code", ["CONNECTION_LIMIT", "ACCESS_REVOKED"])
    async def test_an_end_that_is_meant(self, start: Any, code: str) -> None:
        error = {"error_code": code, "error_message": "enough"}
        ended = envelope("e9", type="connection.error", data=error)
        service = await start(sends(ended), stays(envelope("e1")))
        with pytest.raises(Refused, match=code):
            await Watch(service).ids(1)

    async def test_one_room_that_is_taken_away_does_not(self, start: Any) -> None:
        error = {"error_code": "ACCESS_REVOKED", "error_message": "left", "room": "agent:7"}
        told = envelope("e9", type="connection.error", data=error)
        service = await start(stays(told, envelope("e1")))
        watch = Watch(service)
        assert await watch.ids(1) == ["e1"]
        assert "agent:7: left (ACCESS_REVOKED)" in watch.notices

    async def test_a_subscription_that_came_too_fast_is_repeated(self, start: Any) -> None:
        async def limited(service: EventsService, connection: ServerConnection) -> None:
            await service.reply(
                connection, status="error", code="RATE_LIMITED", message="wait", retry_after_ms=20
            )
            await stays(envelope("e1"))(service, connection)

        service = await start(limited)
        assert await Watch(service).ids(1) == ["e1"]
        assert service.subscribed == ["project:123"] * 2

    async def test_other_rooms_are_read_until_it_is_repeated(self, start: Any) -> None:
        async def limited(service: EventsService, connection: ServerConnection) -> None:
            wait = {"code": "RATE_LIMITED", "message": "wait", "retry_after_ms": 60_000}
            await service.reply(connection, status="error", **wait)
            await stays(envelope("e1", room="agent:7"))(service, connection)

        service = await start(limited)
        watch = Watch(service, "project:123", "agent:7")
        assert await watch.ids(1) == ["e1"]
        assert service.subscribed == ["project:123", "agent:7"]

    async def test_rooms_that_were_refused_are_repeated_one_after_the_other(
        self, start: Any
    ) -> None:
        wait = {"code": "RATE_LIMITED", "message": "wait", "retry_after_ms": 300}
        moments: list[float] = []

        async def limited(service: EventsService, connection: ServerConnection) -> None:
            for _ in range(3):
                await service.reply(connection, status="error", **wait)
            for _ in range(3):
                await service.reply(connection)
                moments.append(time.monotonic())
            await connection.send(json.dumps(envelope("e1")))
            await connection.wait_closed()

        rooms = ("project:123", "agent:1", "agent:2")
        service = await start(limited)
        assert await Watch(service, *rooms).ids(1) == ["e1"]
        assert service.subscribed == [*rooms, *rooms]
        assert moments[-1] - moments[0] > 0.3  # 0.6 s by the pauses

    async def test_a_connection_that_ends_before_it_is_repeated(self, start: Any) -> None:
        async def limited(service: EventsService, connection: ServerConnection) -> None:
            wait = {"code": "RATE_LIMITED", "message": "wait", "retry_after_ms": 300}
            await service.reply(connection, status="error", **wait)
            await connection.close()

        service = await start(limited, stays(envelope("e1")))
        assert await Watch(service).ids(1) == ["e1"]
        await asyncio.sleep(0.4)
        assert service.subscribed == ["project:123"] * 2

    async def test_a_refused_room(self, start: Any) -> None:
        service = await start(
            stays(status="error", code="ROOM_ACCESS_DENIED", message="not yours", greeting="")
        )
        with pytest.raises(Refused, match=r"project:123: not yours \(ROOM_ACCESS_DENIED\)"):
            await Watch(service).ids(1)

    @pytest.mark.parametrize("status", [401, 403])
    async def test_a_refused_token_at_any_time(self, start: Any, status: int) -> None:
        service = await start(sends(envelope("e1")))
        service.statuses = [0, status]
        with pytest.raises(Refused, match=f"refused the connection: HTTP {status} .*: no") as told:
            await Watch(service).ids(2)
        assert told.value.code == str(status)

    async def test_the_reason_is_asked_for_where_the_handshake_does_not_tell(
        self, start: Any
    ) -> None:
        service = await start(stays())
        service.statuses, service.why = [401], "the token has expired"
        with pytest.raises(Refused) as told:
            await Watch(service).ids(1)
        assert str(told.value) == (
            f"{service.url} refused the connection: HTTP 401 Unauthorized: "
            "the token has expired (AUTH_FAILED)"
        )

    async def test_a_first_connection_that_fails(self, start: Any) -> None:
        with pytest.raises(CannotConnect, match="cannot connect to ws://127.0.0.1:1/ws"):
            async with roomcast.connect("ws://127.0.0.1:1/ws", "t"):
                pass
        service = await start(stays())
        service.statuses = [503]
        with pytest.raises(CannotConnect, match="HTTP 503") as told:
            await Watch(service).ids(1)
        assert told.value.status == 503

    async def test_an_address_that_is_none(self) -> None:
        with pytest.raises(Refused, match="not a WebSocket address"):
            async with roomcast.connect("http://127.0.0.1:1/ws", "t"):
                pass
