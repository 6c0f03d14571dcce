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
from roomcast.events import ProjectDeleted
from roomcast.fork_local import ForkLocal
from roomcast.sync import SyncBroadcaster, _result
from tests.fakes.bus_listener import BUS
from tests.fakes.events_client import FakeEventsClient

DELETED = ProjectDeleted(project_id="p1", deleted_by="u1")


def broadcaster_of(client: FakeEventsClient) -> EventBroadcaster:
    return EventBroadcaster(BUS, client=client.as_boto3)


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
