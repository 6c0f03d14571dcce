"""Faults that are planned: at which steps they strike, and what is done with a call."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local.emulator.event_sources import shortened, unchanged
from local.emulator.fault_points import PATH, BrokenOff, application
from local.emulator.faults import Fault, Faults
from local.emulator.workers import own_failure

KEY = "ASIA0000000000000001"


class Process:
    killed = False

    def kill(self) -> None:
        self.killed = True

    def wait(self, timeout: float) -> None:
        pass


class Worker:
    func_name = "Stack-BroadcastFunction1"

    def __init__(self) -> None:
        self._proc: Any = Process()


class TestFaults:
    def test_strikes_the_nth_call_of_the_first_invocation_that_fits(self) -> None:
        faults, worker = Faults(), Worker()
        faults.plan([Fault.of({"texts": ["e1"], "function": "Broadcast", "call": 2})])
        faults.begin(worker, "Stack-Count", "e1")
        assert faults.at_call(worker, "PutItem") is None
        faults.begin(worker, worker.func_name, "e2")
        assert faults.at_call(worker, "PutItem") is None
        faults.begin(worker, worker.func_name, "… e1 …")
        assert faults.at_call(worker, "PutItem") is None
        fault = faults.at_call(worker, "Query")
        assert fault is not None
        assert fault.calls == ["PutItem", "Query"]
        assert faults.at_call(worker, "Query") is None
        faults.end(worker)
        faults.begin(worker, worker.func_name, "… e1 …")
        assert faults.at_call(worker, "Query") is None
        (report,) = faults.report()
        assert (report["struck"], report["ended"]) == (True, True)

    def test_calls_that_are_skipped_do_not_count(self) -> None:
        faults, worker = Faults(), Worker()
        faults.plan([Fault(texts=[], skip=["@connections"])])
        faults.begin(worker, worker.func_name, "")
        assert faults.at_call(worker, "@connections") is None
        assert faults.at_call(worker, "SendMessage")

    def test_the_bus_and_queues_fail_once_at_their_step(self) -> None:
        faults = Faults()
        faults.plan([Fault(texts=["e1"], place="bus", when="after")])
        assert faults.at("bus", "e1", when="before") is None
        assert faults.at("delete", "e1", when="after") is None
        assert faults.at("bus", "e1", when="after")
        assert faults.at("bus", "e1", when="after") is None

    @pytest.mark.parametrize("value", [{}, {"texts": [], "when": "later"}, {"texts": [], "x": 1}])
    def test_what_is_no_fault(self, value: dict[str, Any]) -> None:
        with pytest.raises((TypeError, ValueError)):
            Fault.of(value)


class Calls:
    """An application that notes what it carried out, behind the faults."""

    def __init__(self, **fault: Any) -> None:
        self.worker, self.done, self.sent = Worker(), 0, []
        self.faults = Faults()
        if fault:
            self.faults.plan([Fault(texts=[], **fault)])
        self.faults.begin(self.worker, self.worker.func_name, "")
        workers = {KEY: self.worker}
        self.application = application(self._carry_out, self.faults, workers.get)

    done: int
    sent: list[dict[str, Any]]

    def call(self, path: str = "/", *, method: str = "POST", body: bytes = b"") -> list[Any]:
        signature = f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/dynamodb/aws4_request"
        headers = [(b"Authorization", signature.encode()), (b"X-Amz-Target", b"DynamoDB_1.PutItem")]
        scope = {"type": "http", "path": path, "method": method, "headers": headers}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        asyncio.run(self._run(scope, receive))
        return [message.get("status") or message.get("body") for message in self.sent]

    async def _run(self, scope: dict[str, Any], receive: Any) -> None:
        await self.application(scope, receive, self._send)

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def _carry_out(
        self, _scope: Any, _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        self.done += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


class TestCalls:
    def test_pass_without_a_fault(self) -> None:
        calls = Calls()
        assert calls.call() == [200, b"ok"]
        assert calls.done == 1

    @pytest.mark.parametrize(("when", "done"), [("before", 0), ("after", 1)])
    def test_the_worker_is_killed_and_nobody_is_answered(self, when: str, done: int) -> None:
        calls = Calls(when=when)
        with pytest.raises(BrokenOff):
            calls.call()
        assert calls.worker._proc.killed
        assert calls.done == done
        assert all(message.get("body") is None for message in calls.sent)

    def test_a_call_is_broken_off_and_the_worker_lives(self) -> None:
        calls = Calls(effect="break")
        with pytest.raises(BrokenOff):
            calls.call()
        assert not calls.worker._proc.killed

    def test_a_call_is_refused(self) -> None:
        calls = Calls(effect="refuse")
        assert calls.call()[0] == 503
        assert calls.done == 0

    def test_faults_are_planned_told_and_forgotten(self) -> None:
        calls = Calls()
        planned = json.dumps([{"texts": ["e1"], "call": 3}]).encode()
        assert calls.call(PATH, method="PUT", body=planned)[0] == 200
        assert calls.call(PATH, method="PUT", body=b"[1]")[2] == 400
        assert [fault["call"] for fault in calls.faults.report()] == [3]
        calls.call(PATH, method="DELETE")
        assert calls.faults.report() == []


class TestQueues:
    @pytest.mark.parametrize("fails", [True, False])
    def test_what_was_not_done_comes_back_in_a_sixtieth_of_the_time(self, *, fails: bool) -> None:
        message = {"receipt_handle": "r1", "visible_at": time.time() + 360}

        def run(*_: Any) -> None:
            if fails:
                raise ValueError

        try:
            shortened(run)({}, {}, {}, [message], "url", "name")
        except ValueError:
            assert fails
        assert 5 < float(str(message["visible_at"])) - time.time() < 7

    def test_what_another_one_has_received_since_is_left_alone(self) -> None:
        message: dict[str, Any] = {"receipt_handle": "r1", "visible_at": 360.0}

        def run(*_: Any) -> None:
            message["receipt_handle"] = "r2"

        shortened(run)({}, {}, {}, [message])
        assert message["visible_at"] == 360.0


class TestStreams:
    def test_a_batch_is_repeated_unchanged_until_it_is_done(self) -> None:
        records: list[dict[str, Any]] = [{"n": 1}]
        read = unchanged(lambda _table, position, most: records[position : position + most])
        assert read("t", 0, 10) == [{"n": 1}]
        records.append({"n": 2})
        assert read("t", 0, 10) == [{"n": 1}]
        assert read("t", 1, 10) == [{"n": 2}]
        assert read("t", 2, 10) == []
        records.append({"n": 3})
        assert read("t", 2, 10) == [{"n": 3}]

    def test_of_two_that_read_one_stream_each_has_its_own_batches(self) -> None:
        records: list[dict[str, Any]] = [{"n": 1}, {"n": 2}]
        read = unchanged(lambda _table, position, most: records[position : position + most])
        assert read("t", 0, 1) == [{"n": 1}]
        assert read("t", 1, 10) == [{"n": 2}]
        records.append({"n": 3})
        assert read("t", 0, 10) == [{"n": 1}]
        assert read("t", 1, 10) == [{"n": 2}]


class TestWorkers:
    def test_one_that_ends_while_it_starts_fails_alone(self) -> None:
        worker, process = Worker(), Process()
        worker._proc = process

        def start(_worker: Any) -> dict[str, Any]:
            raise RuntimeError("exited immediately")

        result = own_failure(start)(worker)
        assert result == {"status": "error", "error": "RuntimeError: exited immediately"}
        assert process.killed
        assert worker._proc is None
