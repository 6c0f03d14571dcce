"""The steps at which a planned fault can strike, and the address at which faults are planned.

    PUT     /_roomcast/faults    plan faults: a list of `Fault` in JSON
    GET     /_roomcast/faults    what came of them
    DELETE  /_roomcast/faults    forget them

Which worker a call comes from says its access key: each one gets a key of its own, as on AWS.
"""

import json
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from local.emulator.faults import Fault, Faults
from local.emulator.patch import wrap

PATH: Final = "/_roomcast/faults"
TRY_AGAIN_SECONDS: Final = 1.0
"""How long the bus waits before it tries again, and how long an unanswered receive hides messages.

Both are minutes on AWS, or longer.
"""

Scope = dict[str, Any]
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]


class MiniStack(NamedTuple):
    """The modules that the faults are put into."""

    app: ModuleType
    runtime: ModuleType
    sts: ModuleType
    eventbridge: ModuleType
    sqs: ModuleType


class BrokenOff(Exception):
    """Ends a connection in the middle of an answer."""


def install(ministack: MiniStack) -> None:
    """Put the points into MiniStack."""
    faults, workers = Faults(), Workers(ministack.sts)
    worker_class = ministack.runtime.Worker
    wrap(ministack.runtime, "execution_credentials", workers.with_own_key)
    wrap(worker_class, "_spawn", workers.noting_the_spawned)
    wrap(worker_class, "invoke", lambda original: _followed(original, faults))
    wrap(ministack.app, "app", lambda original: application(original, faults, workers.of_key))
    wrap(ministack.eventbridge, "_dispatch_to_lambda", lambda original: _bus(original, faults))
    wrap(ministack.sqs, "_receive_messages_for_esm", lambda original: _receive(original, faults))
    wrap(
        ministack.sqs,
        "_delete_messages_for_esm",
        lambda original: _delete(original, faults, ministack.sqs._get_q),
    )


class Workers:
    """Gives each worker an access key of its own, and finds the worker again by the key."""

    def __init__(self, sts: ModuleType) -> None:
        self._sts = sts
        self._spawning = threading.local()
        self._by_key: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def noting_the_spawned(self, original: Any) -> Any:
        """Wrap what starts the process of a worker."""

        def spawn(worker: Any) -> None:
            self._spawning.worker = worker
            try:
                original(worker)
            finally:
                self._spawning.worker = None

        return spawn

    def with_own_key(self, original: Any) -> Any:
        """Wrap what makes the credentials of a process: the session's, under another key."""

        def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
            found: dict[str, str] = original(config)
            worker = getattr(self._spawning, "worker", None)
            session = self._sts._sessions.get(found["AWS_ACCESS_KEY_ID"])
            if worker is None or session is None:
                return found
            key = f"ASIA{secrets.token_hex(8).upper()}"
            self._sts.register_session(key, dict(session))
            self._by_key[key] = worker
            return {**found, "AWS_ACCESS_KEY_ID": key}

        return execution_credentials

    def of_key(self, key: str) -> Any:
        """Return the worker with an access key; None for whoever else calls."""
        return self._by_key.get(key)


def application(app: App, faults: Faults, worker_of_key: Callable[[str], Any]) -> App:
    """Return an ASGI application with the address of the faults, in which calls can go wrong."""

    async def with_faults(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
        elif scope["path"] == PATH:
            await _answer(send, *_control(faults, scope["method"], await _body(receive)))
        else:
            worker = worker_of_key(_access_key(scope))
            fault = worker and faults.at_call(worker, call_name(scope))
            if fault:
                await _strike(fault, worker, app, (scope, receive, send))
            else:
                await app(scope, receive, send)

    return with_faults


def call_name(scope: Scope) -> str:
    """Return the action of a call of a JSON service, else the first part of its path."""
    for name, value in scope["headers"]:
        if name.lower() == b"x-amz-target":
            return str(value.decode("latin-1").rpartition(".")[2])
    if "/@connections/" in scope["path"]:
        return "@connections"
    return str(scope["path"].split("/")[1])


async def _strike(fault: Fault, worker: Any, app: App, request: tuple[Scope, Any, Send]) -> None:
    scope, receive, send = request
    if fault.when == "after":
        await app(scope, receive, _ignore)
    if fault.effect == "refuse":
        await _answer(send, HTTPStatus.SERVICE_UNAVAILABLE, {"__type": "ServiceUnavailable"})
        return
    if fault.effect == "kill" and worker._proc:
        worker._proc.kill()
    headers = [(b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": headers})
    raise BrokenOff


async def _ignore(_message: Message) -> None:
    pass


def _access_key(scope: Scope) -> str:
    """Return the access key that signed a request, empty without one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
    """
    for name, value in scope["headers"]:
        if name.lower() == b"authorization":
            return str(value.decode("latin-1").partition("Credential=")[2].partition("/")[0])
    return ""


def _control(faults: Faults, method: str, body: bytes) -> tuple[HTTPStatus, object]:
    if method == "PUT":
        try:
            faults.plan([Fault.of(value) for value in json.loads(body)])
        except (TypeError, ValueError) as exc:
            return HTTPStatus.BAD_REQUEST, {"message": str(exc)}
    elif method == "DELETE":
        faults.clear()
    return HTTPStatus.OK, faults.report()


async def _body(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _answer(send: Send, status: HTTPStatus, value: object) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


def _followed(original: Any, faults: Faults) -> Any:
    """Wrap an invocation of a worker."""

    def invoke(worker: Any, event: Any, *args: Any, **kwargs: Any) -> Any:
        faults.begin(worker, worker.func_name, json.dumps(event))
        try:
            return original(worker, event, *args, **kwargs)
        finally:
            faults.end(worker)

    return invoke


def _bus(original: Any, faults: Faults) -> Any:
    """EventBridge tries again what the function did not take, or what it heard no answer to.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    """

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        if not faults.at("bus", payload, when="before"):
            original(arn, payload)
            if not faults.at("bus", payload, when="after"):
                return
        timer = threading.Timer(TRY_AGAIN_SECONDS, dispatch_to_lambda, (arn, payload))
        timer.daemon = True
        timer.start()

    return dispatch_to_lambda


def _receive(original: Any, faults: Faults) -> Any:
    """A receive whose answer is lost: the messages stay hidden for a while, and count as received.

    A receive that fails before it is carried out changes nothing: the next one finds the same.
    """

    def receive_messages_for_esm(queue_url: str, most: int) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = original(queue_url, most)
        lost = [each for each in batch if faults.at("receive", each["body"], when="after")]
        for message in lost:
            message["visible_at"] = time.time() + TRY_AGAIN_SECONDS
        return [message for message in batch if message not in lost]

    return receive_messages_for_esm


def _delete(original: Any, faults: Faults, queue_of: Callable[[str], dict[str, Any]]) -> Any:
    """A delete that fails: the messages are done, and are delivered again all the same.

    A delete whose answer is lost has deleted them: it is repeated, and finds nothing.
    """

    def delete_messages_for_esm(queue_url: str, handles: set[str]) -> None:
        for message in queue_of(queue_url)["messages"]:
            handle = message.get("receipt_handle")
            if handle in handles and faults.at("delete", message["body"], when="before"):
                message["visible_at"] = time.time() + TRY_AGAIN_SECONDS
                handles = handles - {handle}
        original(queue_url, handles)

    return delete_messages_for_esm
