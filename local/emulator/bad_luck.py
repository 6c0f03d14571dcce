"""What AWS does now and then, here counted so that it happens in every run of some length.

    asynchronous invocations come twice     every 20th, five seconds later
    @connections calls are throttled        every 100th is answered with 429
    a function that EventBridge invokes fails: Lambda tries it again, twice

Lambda's document says that an event can be delivered more than once, and that functions have to
expect it: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import itertools
import json
import os
import threading
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final

from local.emulator.patch import wrap

DUPLICATE_AFTER_SECONDS: Final = 5.0
"""Later than fan-outs take on a busy machine: what is complete must not be delivered again. Two
that run side by side may deliver twice, as docs/PROTOCOL.md says."""


class Every:
    """Tells which calls it strikes: each `n`th one; with 0 none. For several threads."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._calls = itertools.count(1)

    def __repr__(self) -> str:
        return f"Every({self._n})"

    def strikes(self) -> bool:
        """Count one call and tell whether it is struck."""
        return bool(self._n) and next(self._calls) % self._n == 0


def install(apigateway: ModuleType, lambda_service: ModuleType, eventbridge: ModuleType) -> None:
    """Put the rules into MiniStack; the environment says how often each strikes."""
    duplicates = Every(int(os.environ.get("ROOMCAST_DUPLICATE_EVERY", "20")))
    throttles = Every(int(os.environ.get("ROOMCAST_THROTTLE_EVERY", "100")))
    wrap(lambda_service, "invoke_async_with_retry", lambda original: _twice(original, duplicates))
    wrap(eventbridge, "_dispatch_to_lambda", lambda _: _with_retries(lambda_service))
    wrap(apigateway, "handle_connections_api", lambda original: _throttled(original, throttles))


def _twice(original: Any, struck: Every) -> Any:
    def invoke_async_with_retry(function: Any, event: Any) -> None:
        original(function, event)
        if struck.strikes():
            timer = threading.Timer(DUPLICATE_AFTER_SECONDS, original, (function, event))
            timer.daemon = True
            timer.start()

    return invoke_async_with_retry


def _with_retries(lambda_service: ModuleType) -> Any:
    """EventBridge invokes functions asynchronously; MiniStack tries once, whatever happens.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
    """

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        function, config, _name = lambda_service._get_func_record_for_ref(arn)
        if function and config:
            record = lambda_service._execution_record_for_config(function, config)
            lambda_service.invoke_async_with_retry(record, json.loads(payload))

    return dispatch_to_lambda


def _throttled(original: Any, struck: Every) -> Any:
    """Answer some @connections calls with 429, as AWS does over the account's quota.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    """

    async def handle_connections_api(*args: Any) -> Any:
        if struck.strikes():
            error = {"x-amzn-ErrorType": "TooManyRequestsException", "Retry-After": "1"}
            return HTTPStatus.TOO_MANY_REQUESTS.value, error, b'{"message": "Too Many Requests"}'
        return await original(*args)

    return handle_connections_api
