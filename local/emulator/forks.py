"""Starts the execution environments of a function as forks of an initialised one.

MiniStack starts an interpreter for each, which imports the function's code: 60 requests of `poll`
that wait at once would keep a machine busy for half a minute. A fork takes some milliseconds and
shares the memory. It shares no connection: functions make those while they are invoked.

    template     a worker's process that has imported the function and invokes nothing
    fork         a worker's process, forked from it, with pipes of its own (template.py)
"""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final
from uuid import uuid4

from local.emulator.patch import UnknownMiniStack, wrap
from local.emulator.template import STREAMS

_VARIABLE: Final = "ROOMCAST_TEMPLATE"
_TEMPLATE: Final = Path(__file__).with_name("template.py")
_LOOP: Final = "    while True:\n        line = sys.stdin.readline()\n"
_HOOK: Final = f"""    if "{_VARIABLE}" in os.environ:
        import runpy
        runpy.run_path(os.environ.pop("{_VARIABLE}"), run_name="__main__")
"""
_LOOK_SECONDS: Final = 0.01


def install(runtime: ModuleType) -> None:
    """Let the workers be forks; raise `UnknownMiniStack` for another worker."""
    wrap(runtime, "_PYTHON_WORKER_SCRIPT", with_hook)
    wrap(runtime.Worker, "_spawn", lambda spawn: _method(Forking(runtime, spawn)))


def with_hook(script: str) -> str:
    """Return MiniStack's worker, which hands over to template.py once it is initialised."""
    if script.count(_LOOP) != 1:
        raise UnknownMiniStack("MiniStack's worker for Python reads its invocations otherwise")
    return script.replace(_LOOP, _HOOK + _LOOP)


def _method(forking: "Forking") -> Any:
    def spawn(worker: Any) -> None:
        forking.spawn(worker)

    return spawn


class Fork:
    """A forked process, with what MiniStack uses of `subprocess.Popen`.

    Its parent is the template, which leaves no zombie: it is gone when its id is.
    """

    def __init__(self, pid: int, stdin: IO[str], stdout: IO[str], stderr: IO[str]) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr

    def __repr__(self) -> str:
        return f"Fork(pid={self.pid})"

    def poll(self) -> int | None:
        """Return None while the process runs."""
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, PermissionError):  # gone, or its id is somebody else's now
            return 0
        return None

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """Wait until it has ended and close its pipes; raise `subprocess.TimeoutExpired`."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self), timeout)
            time.sleep(_LOOK_SECONDS)
        for stream in (self.stdin, self.stdout):  # the thread that reads the log closes nothing
            with suppress(OSError):
                stream.close()
        return code

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, number)


class Template:
    """A worker's process that waits for requests to fork, of one revision of a function."""

    def __init__(self, worker: Any, revision: str) -> None:
        self.revision = revision
        self._worker = worker
        self._lock = threading.Lock()
        self._ended = False

    def fork(self, environment: dict[str, str], spawn: Any) -> Fork:
        """Return a fork with variables of its own; `spawn` starts the template's own process.

        A process that ends instead of forking is started again, once. Raises what `spawn` raises,
        and `RuntimeError` where that one ends, too.
        """
        with self._lock:
            for _ in range(2):
                self._start(spawn)
                if fork := self._ask(environment):
                    return fork
                self._leave()
        raise RuntimeError(f"{self._worker.func_name} cannot be forked: see aws.log")

    def end(self) -> None:
        """End the template's own process, also in the middle of a fork; its forks go on."""
        self._ended = True
        while not self._lock.acquire(timeout=_LOOK_SECONDS):
            if process := self._worker._proc:
                process.kill()  # who waits for its answer holds the lock
        try:
            self._leave()
        finally:
            self._lock.release()

    def _ask(self, environment: dict[str, str]) -> Fork | None:
        """Return a fork of the running process; None where it has ended."""
        with tempfile.TemporaryDirectory() as directory:
            streams = open_streams(Path(directory))
            request = json.dumps({"pipes": directory, "environment": environment})
            try:
                print(request, file=self._worker._proc.stdin, flush=True)
                pid = int(self._worker._proc.stdout.readline())
            except (OSError, ValueError):  # a broken pipe, or nothing instead of a number
                for stream in streams:
                    stream.close()
                return None
        return Fork(pid, *streams)

    def _start(self, spawn: Any) -> None:
        """Start the process unless it runs, in a folder of its own."""
        if self._ended:
            raise RuntimeError(f"{self._worker.func_name} has been updated")
        if self._worker._proc and self._worker._proc.poll() is None:
            return
        self._worker._tmpdir = None  # MiniStack would remove it; older forks still import from it
        try:
            spawn(self._worker)
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        process, self._worker._proc = self._worker._proc, None
        if process:
            process.kill()
            process.wait()


def open_streams(directory: Path) -> tuple[IO[str], IO[str], IO[str]]:
    """Create the pipes of `STREAMS` and open this side of them; neither side waits for the other.

    Opening a named pipe for writing waits for a reader, so there is one until it is open.
    https://man7.org/linux/man-pages/man7/fifo.7.html
    """
    for name, _ in STREAMS:
        os.mkfifo(directory / name)
    stdin, stdout, stderr = (
        os.open(directory / name, os.O_RDONLY | os.O_NONBLOCK) for name, _ in STREAMS
    )
    reader, stdin = stdin, os.open(directory / "stdin", os.O_WRONLY)
    os.close(reader)
    for descriptor in (stdout, stderr):
        os.set_blocking(descriptor, True)
    modes = ((stdin, "w"), (stdout, "r"), (stderr, "r"))
    opened = [os.fdopen(descriptor, mode, buffering=1) for descriptor, mode in modes]
    return opened[0], opened[1], opened[2]


class Forking:
    """Starts the process of a worker; `spawn` is how MiniStack does it."""

    def __init__(self, runtime: ModuleType, spawn: Any) -> None:
        self._runtime = runtime
        self._spawn = spawn
        self._templates: dict[tuple[str, ...], Template] = {}
        self._lock = threading.Lock()

    def spawn(self, worker: Any) -> None:
        """Start what `worker._proc` is."""
        template = self._template(worker)
        own = {"AWS_LAMBDA_LOG_STREAM_NAME": str(uuid4())}
        own |= self._runtime.execution_credentials(worker.config)
        worker._proc = template.fork(own, self._spawn)
        worker._start_time = time.time()
        log = threading.Thread(target=worker._read_stderr, daemon=True)
        worker._stderr_thread = log
        log.start()

    def _template(self, worker: Any) -> Template:
        names = ("FunctionArn", "Version", "RevisionId")
        *function, revision = (str(worker.config.get(name)) for name in names)
        with self._lock:
            before = self._templates.get(tuple(function))
            if before and before.revision == revision:
                return before
            template = Template(self._make(worker), revision)
            self._templates[tuple(function)] = template
        if before:
            before.end()
        return template

    def _make(self, worker: Any) -> Any:
        variables = worker.config.get("Environment", {}).get("Variables", {})
        told = {"Variables": {**variables, _VARIABLE: str(_TEMPLATE)}}
        config = {**worker.config, "Environment": told}
        return self._runtime.Worker(worker.func_name, config, worker.code_zip)
