"""Lambda's execution environments: how many there are, and what a function's log and errors become.

MiniStack runs each environment as a process of its own, a `Worker`.
"""

import logging
import os
import threading
from collections import defaultdict
from contextlib import suppress
from types import ModuleType
from typing import Any, Final, NamedTuple

from local.emulator.patch import wrap
from local.emulator.sockets import error_frame

RECHECK_SECONDS: Final = 1.0
"""How long a waiting invocation trusts to be woken: a worker can also go without being released."""

WAITING: Final = {"functions.poll.handler.handler": 256, "functions.access.handler.handler": 64}
"""Workers of functions that mostly wait, by handler: an invocation of theirs occupies one for
seconds. On AWS each has an execution of its own."""

END_SECONDS: Final = 5.0
"""How long a killed process may take to be gone."""

_log = logging.getLogger("functions")


def install(runtime: ModuleType, dispatcher: ModuleType) -> None:
    """Put the rules into MiniStack's modules for Lambda: the runtime, and what dispatches to it."""
    limit = int(os.environ["ROOMCAST_FUNCTION_WORKERS"])
    queue = WorkerQueue(runtime.acquire_worker, runtime.release_worker, limit)
    for module in (runtime, dispatcher):
        wrap(module, "acquire_worker", lambda _: queue.acquire)
        wrap(module, "release_worker", lambda _: queue.release)
    wrap(runtime, "get_or_create_worker", lambda _: queue.lease)
    wrap(runtime.Worker, "_read_stderr", lambda _: read_log)
    wrap(runtime.Worker, "_drain_stderr_bounded", lambda _: runtime.Worker._drain_stderr)
    wrap(runtime.Worker, "invoke", own_failure)


class WorkerQueue:
    """At most `limit` workers for each function, or what `WAITING` says; others wait.

    Without it 200 clients that connect at once start 200 processes for `open`. Waiting cannot
    deadlock: no function of this service invokes itself, or waits for another one.
    """

    def __init__(self, acquire: Any, release: Any, limit: int) -> None:
        self._acquire = acquire
        self._release = release
        self._limit = limit
        self._freed: defaultdict[str, threading.Condition] = defaultdict(threading.Condition)

    def acquire(
        self,
        function: str,
        config: Any,
        code: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> tuple[Any, str]:
        """Lease a worker, waiting as long as it takes; `release` gives it back."""
        limit = max_concurrency or WAITING.get(config.get("Handler", ""), self._limit)
        with self._freed[function]:
            while True:
                worker, reason = self._acquire(function, config, code, qualifier, limit)
                if worker is not None:
                    return worker, reason
                self._freed[function].wait(RECHECK_SECONDS)

    def release(self, worker: Any) -> None:
        """Give a worker back and wake one of those that wait for it."""
        self._release(worker)
        if worker is not None:
            with self._freed[worker.func_name]:
                self._freed[worker.func_name].notify()

    def lease(
        self, function: str, config: Any, code: bytes, qualifier: str = "$LATEST"
    ) -> "SocketInvoker":
        """Return what MiniStack's WebSocket routes invoke in place of a worker that nobody leased.

        They would queue up on one worker for each function, however many there are.
        """
        return SocketInvoker(self, function, config, code, qualifier)


class SocketInvoker(NamedTuple):
    """Invokes a function for a WebSocket route, on a worker leased for that one invocation."""

    queue: WorkerQueue
    function: str
    config: Any
    code: bytes
    qualifier: str

    def invoke(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Return `{"status": "ok", "result": …}` or `{"status": "error", "error": …}`.

        An event without a body has no `body`, as on AWS; MiniStack has an empty one.
        """
        if not event.get("body"):
            event = {name: value for name, value in event.items() if name != "body"}
        worker, _ = self.queue.acquire(self.function, self.config, self.code, self.qualifier)
        try:
            result: dict[str, Any] = worker.invoke(event, request_id)
        finally:
            self.queue.release(worker)
        if result.get("status") == "error":
            result["error"] = error_frame(event["requestContext"]["connectionId"], request_id)
        return result


def read_log(worker: Any) -> None:
    """Copy what a worker prints to the emulator's log, line by line, until the worker ends.

    MiniStack keeps it for its CloudWatch Logs, and for a WebSocket route forgets it. It also waits
    up to 50 ms after each invocation for lines to come; with the log written here it need not.
    """
    with suppress(ValueError):  # closed while it was read: the worker was stopped
        for line in worker._proc.stderr:
            worker._stderr_queue.put(line.rstrip("\n"))
            _log.info("%s %s", worker.func_name, line.rstrip("\n"))


def own_failure(original: Any) -> Any:
    """Wrap an invocation: what fails is logged, and ends no other worker of the function.

    A process that ends while it starts raises; MiniStack would end every worker of the function
    then, in the middle of their invocations or of their own starts.
    """

    def invoke(worker: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            result: dict[str, Any] = original(worker, *args, **kwargs)
        except Exception as exc:
            process, worker._proc = worker._proc, None
            if process:
                process.kill()
                process.wait(END_SECONDS)
            result = {"status": "error", "error": f"{type(exc).__name__}: {exc}"}
        if result.get("status") == "error":
            _log.error("%s %s", worker.func_name, result.get("trace") or result.get("error"))
        return result

    return invoke
