"""The ways in which call sites get hold of a broadcaster, and from where they call it."""

import asyncio
import inspect
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from roomcast import EventBroadcaster, InvalidEvent, get_broadcaster, init_broadcaster
from roomcast.bus import EventBus
from roomcast.bus_connection import BusConnection
from roomcast.events import ProjectDeleted
from roomcast.fork_local import ForkLocal
from roomcast.sync import SyncBroadcaster, _result
from roomcast.time_limits import TimeLimits
from tests.fakes.bus_listener import BUS
from tests.fakes.events_client import FakeEventsClient

DELETED = ProjectDeleted(project_id="p1", deleted_by="u1")


def broadcaster_of(client: FakeEventsClient) -> EventBroadcaster:
    return EventBroadcaster(BUS, client=client.as_boto3)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", "memory:")


@pytest.mark.usefixtures("memory")
class TestGetBroadcaster:
    def test_plain(self) -> None:
        assert get_broadcaster() is init_broadcaster() is get_broadcaster().init()

    async def test_awaited(self) -> None:
        shared = get_broadcaster()
        assert await get_broadcaster() is shared
        assert await init_broadcaster() is shared
        assert await shared.init() is shared
        assert set(await asyncio.gather(shared.init(), init_broadcaster())) == {shared}

    async def test_own(self) -> None:
        own = EventBroadcaster()
        assert own is not get_broadcaster()
        assert own.init() is await own.init() is own

    def test_one_for_all_threads(self) -> None:
        together = threading.Barrier(16)

        def get(_: int) -> EventBroadcaster:
            together.wait(timeout=5)
            return get_broadcaster()

        with ThreadPoolExecutor(16) as threads:
            assert set(threads.map(get, range(16))) == {get_broadcaster()}


class TestPerProcess:
    def test_is_made_once_among_threads(self) -> None:
        made: list[object] = []

        def slowly() -> object:
            time.sleep(0.02)
            made.append(object())
            return made[-1]

        value = ForkLocal(slowly)
        with ThreadPoolExecutor(8) as threads:
            values = set(threads.map(lambda _: value(), range(8)))
        assert values == set(made)
        assert len(made) == 1

    def test_what_failed_is_tried_again(self) -> None:
        tries: list[str] = []

        def make() -> str:
            tries.append("made")
            if len(tries) == 1:
                raise ConnectionError
            return tries[-1]

        value = ForkLocal(make)
        with pytest.raises(ConnectionError):
            value()
        assert value() == "made"

    def test_forgotten_value_is_made_anew(self) -> None:
        value = ForkLocal(object)
        first = value()
        assert value.reset() is first
        assert value.reset() is None
        assert value() is not first

    def test_other_process_makes_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        value = ForkLocal(object)
        first = value()
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert value() is not first


class TestFork:
    def test_child_publishes_after_its_parent_did(self) -> None:
        broadcaster = broadcaster_of(FakeEventsClient())
        assert asyncio.run(broadcaster.publish(DELETED)) is True
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a child that hangs is killed, and the test fails
            os._exit(0 if asyncio.run(broadcaster.publish(DELETED)) else 1)
        assert os.waitpid(child, 0)[1] == 0

    def test_child_publishes_though_a_thread_of_its_parent_was_making_the_client(self) -> None:
        making, go_on = threading.Event(), threading.Event()

        def make() -> bool:
            making.set()
            return go_on.wait(timeout=10)

        value = ForkLocal(make)
        thread = threading.Thread(target=value)
        thread.start()
        assert making.wait(timeout=5)
        child = os.fork()
        if child == 0:
            signal.alarm(5)
            go_on.set()
            value()
            value.reset()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        go_on.set()
        thread.join()
        assert status == 0

    def test_children_of_a_parent_that_publishes(self, aws: None) -> None:
        """Fork at any moment while threads make clients, publish and close."""
        broadcaster = EventBroadcaster(BUS, client=FakeEventsClient().as_boto3)
        own = EventBroadcaster("memory:")
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                broadcaster.sync.publish(DELETED)
                asyncio.run(broadcaster.publish(DELETED))
                own.sync.publish(DELETED)
                get_broadcaster()
                EventBus(BUS).connect()
                broadcaster.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        statuses = []
        for number in range(12):
            time.sleep(0.003 * number)
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                done = broadcaster.sync.publish(DELETED) and own.sync.publish(DELETED)
                done = done and asyncio.run(broadcaster.publish(DELETED))
                broadcaster.close()
                os._exit(0 if done and get_broadcaster() else 1)
            statuses.append(os.waitpid(child, 0)[1])
        stop.set()
        for thread in threads:
            thread.join()
        assert statuses == [0] * len(statuses)


class TestAsync:
    async def test_loop_goes_on_while_boto3_blocks(self) -> None:
        asked, answer = threading.Event(), threading.Event()

        class Slow(FakeEventsClient):
            def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
                asked.set()
                assert answer.wait(timeout=5)
                return super().put_events(Entries)

        client = Slow()
        publishing = asyncio.create_task(broadcaster_of(client).publish(DELETED))
        while not asked.is_set():
            await asyncio.sleep(0.001)
        assert not publishing.done()
        answer.set()
        assert await publishing is True
        assert all(name.startswith("roomcast") for name in client.threads)

    async def test_many_at_once(self) -> None:
        client = FakeEventsClient()
        broadcaster = broadcaster_of(client)
        accepted = await asyncio.gather(*(broadcaster.publish(DELETED) for _ in range(200)))
        assert accepted == [True] * 200
        assert len(client.requests) == 200

    async def test_tracing_context_reaches_the_thread(self) -> None:
        span: ContextVar[str] = ContextVar("span", default="none")
        seen: list[str] = []

        class Traced(FakeEventsClient):
            def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
                seen.append(span.get())
                return super().put_events(Entries)

        span.set("request-1")
        await broadcaster_of(Traced()).publish(DELETED)
        assert seen == ["request-1"]

    async def test_bad_value_fails_the_task_not_the_caller(self) -> None:
        broadcaster = broadcaster_of(FakeEventsClient())
        outcomes = await asyncio.gather(
            broadcaster.broadcast_project_deleted("a b", "u1"),
            broadcaster.broadcast_project_deleted("p1", "u1"),
            return_exceptions=True,
        )
        assert isinstance(outcomes[0], InvalidEvent)
        assert outcomes[1] is True


class TestSync:
    def test_has_every_method(self) -> None:
        coroutines = dict(inspect.getmembers(EventBroadcaster, inspect.iscoroutinefunction))
        for name, coroutine in coroutines.items():
            if name.startswith("_"):
                continue
            plain = getattr(SyncBroadcaster, name)
            assert inspect.signature(plain) == inspect.signature(coroutine)
            assert not inspect.iscoroutinefunction(plain)
            assert plain.__doc__

    def test_without_a_loop(self) -> None:
        client = FakeEventsClient(None, ["MalformedDetail"])
        sync = broadcaster_of(client).sync
        assert sync.broadcast_project_deleted("p1", deleted_by="u1") is True
        assert sync.publish(DELETED) is False
        assert sync.publish_many([DELETED, DELETED]) == [True, True]
        assert client.threads == {threading.current_thread().name}
        with pytest.raises(InvalidEvent, match="project_id"):
            sync.broadcast_project_deleted("a b", "u1")

    def test_coroutine_that_would_wait_is_not_taken_for_done(self) -> None:
        async def waits() -> bool:
            await asyncio.sleep(0)
            return True

        with pytest.raises(RuntimeError, match="await nothing"):
            _result(waits())

    async def test_within_a_running_loop(self) -> None:
        client = FakeEventsClient()
        assert broadcaster_of(client).sync.broadcast_project_deleted("p1", "u1") is True
        assert client.sent() == [["project.deleted"]]


class TestClose:
    async def test_waits_and_can_go_on_afterwards(self) -> None:
        client = FakeEventsClient()
        broadcaster = broadcaster_of(client)
        broadcaster.close()
        assert await broadcaster.publish(DELETED) is True
        broadcaster.close()
        broadcaster.close()
        assert await broadcaster.publish(DELETED) is True
        assert len(client.requests) == 2

    async def test_under_load_nothing_is_raised_and_nothing_lost(self) -> None:
        client = FakeEventsClient()
        broadcaster = broadcaster_of(client)
        stop = threading.Event()

        def close_often() -> None:
            while not stop.is_set():
                broadcaster.close()

        closing = [threading.Thread(target=close_often) for _ in range(2)]
        for thread in closing:
            thread.start()
        try:
            with ThreadPoolExecutor(2) as others:
                blocking = [others.submit(broadcaster.sync.publish, DELETED) for _ in range(200)]
                for _ in range(20):
                    calls = (broadcaster.publish(DELETED) for _ in range(20))
                    assert await asyncio.gather(*calls) == [True] * 20
                assert all(call.result() for call in blocking)
        finally:
            stop.set()
            for thread in closing:
                thread.join()
        assert len(client.requests) == 600

    def test_client_is_closed_by_its_last_user(self, aws: None) -> None:
        closed: list[str] = []
        connection = BusConnection(BUS, None, TimeLimits(), look=True)
        connection._client.close = lambda: closed.append("closed")  # type: ignore[method-assign]
        assert connection.begin()
        assert connection.begin()
        connection.close()
        connection.close()
        assert not connection.begin()
        connection.end()
        assert closed == []
        connection.end()
        assert closed == ["closed"]

    def test_idle_client_is_closed_at_once(self, aws: None) -> None:
        closed: list[str] = []
        connection = BusConnection(BUS, None, TimeLimits(), look=True)
        connection._client.close = lambda: closed.append("closed")  # type: ignore[method-assign]
        connection.close()
        connection.close()
        assert closed == ["closed"]
