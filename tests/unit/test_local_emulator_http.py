"""What a client of an HTTP API on the emulator sees of a function's answer."""

import asyncio
import json
from types import ModuleType
from typing import Any

import pytest

from local.emulator import http_requests

ANSWER = (200, {"content-type": "text/plain", "Access-Control-Allow-Origin": "*"}, b"ok")


def limited(original: Any) -> Any:
    """Return the rule around a function's invocation, in an API with CORS."""
    apigateway = ModuleType("apigateway")
    apigateway.__dict__["_apis"] = {"api": {"corsConfiguration": {"AllowOrigins": ["*"]}}}
    apigateway.__dict__["_invoke_lambda_proxy"] = original
    apigateway.__dict__["_handle_execute_in_scope"] = original
    http_requests.install(apigateway)
    return apigateway.__dict__["_invoke_lambda_proxy"]


class TestTime:
    async def test_a_function_that_takes_too_long_is_503(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ended = asyncio.Event()

        async def slow(*_given: Any) -> Any:
            await asyncio.sleep(0.1)
            ended.set()
            return ANSWER

        monkeypatch.setattr(http_requests, "INTEGRATION_SECONDS", 0.02)
        status, _, body = await limited(slow)({}, "api", "$default", "/", "GET", {}, b"")

        assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})
        await asyncio.wait_for(ended.wait(), 5)  # what it still does is its own affair

    def test_the_limit_is_below_the_30_seconds_of_the_document(self) -> None:
        assert http_requests.INTEGRATION_SECONDS == 29


class TestHeaders:
    async def test_a_function_sets_none_of_cors_where_the_api_does(self) -> None:
        async def answered(*_given: Any) -> Any:
            return ANSWER

        ask = limited(answered)
        assert (await ask({}, "api", "$default", "/", "GET", {}, b""))[1] == {
            "content-type": "text/plain"
        }
        assert await ask({}, "another", "$default", "/", "GET", {}, b"") == ANSWER
