"""The rules of HTTP APIs that local/emulator adds to MiniStack: waiting requests, CORS, errors."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.emulator import Emulator, create_function, running

WORKERS = 2
AT_ONCE = 40
"""Far more than the workers of another function, fewer than a small machine has memory for."""

FUNCTION = """
import json, os, time

IMPORTED_BY = os.getpid()

def handler(event, context):
    query = event.get("queryStringParameters") or {}
    time.sleep(float(query.get("wait", 0)))
    if "fail" in query:
        raise ValueError("the secret reason")
    print("answered")
    told = {"event": event, "pid": os.getpid(), "imported_by": IMPORTED_BY}
    headers = {"content-type": "application/json", "access-control-allow-origin": "*"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(told)}
"""
PAGE = {"Origin": "https://app.example"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator"), workers=WORKERS) as found:
        yield found._replace(api_id=_create_api(found))


def _create_api(emulator: Emulator) -> str:
    """Create an HTTP API whose default route leads to a function that mostly waits."""
    files = {"functions/__init__.py": "", "functions/poll/handler.py": FUNCTION}
    handler = "functions.poll.handler.handler"
    function = create_function(emulator, files, handler=handler, timeout=29)
    gateway = emulator.client("apigatewayv2")
    api_id = gateway.create_api(
        Name="probe",
        ProtocolType="HTTP",
        CorsConfiguration={
            "AllowOrigins": ["https://*"],
            "AllowCredentials": True,
            "AllowMethods": ["GET", "POST"],
        },
    )["ApiId"]
    integration = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function,
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    gateway.create_route(ApiId=api_id, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return str(api_id)


@pytest.fixture
async def api(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=emulator.http_url, timeout=60, limits=limits) as client:
        yield client


def event_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    event: dict[str, Any] = answer.json()["event"]
    return event


class TestWaiting:
    async def test_many_requests_wait_at_once(self, api: httpx.AsyncClient) -> None:
        await api.get("/socket.io/")
        began = time.monotonic()
        answers = await asyncio.gather(
            *(api.get("/socket.io/", params={"wait": "5"}) for _ in range(AT_ONCE))
        )

        assert time.monotonic() - began < 2 * 5
        assert len({answer.json()["pid"] for answer in answers}) == AT_ONCE

    async def test_their_environments_share_one_import(self, api: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            *(api.get("/socket.io/", params={"wait": "0.5"}) for _ in range(3))
        )
        told = [answer.json() for answer in answers]

        (imported_by,) = {each["imported_by"] for each in told}
        assert imported_by not in {each["pid"] for each in told}

    async def test_one_that_fails_is_replaced(
        self, api: httpx.AsyncClient, emulator: Emulator
    ) -> None:
        answer = await api.get("/socket.io/", params={"fail": "1"}, headers=PAGE)

        assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
        assert answer.headers["access-control-allow-origin"] == PAGE["Origin"]
        assert (await api.get("/socket.io/")).status_code == 200
        assert "the secret reason" in emulator.log.read_text()

    async def test_an_update_makes_all_of_them_anew(
        self, api: httpx.AsyncClient, emulator: Emulator
    ) -> None:
        before = (await api.get("/socket.io/")).json()["imported_by"]
        functions = emulator.client("lambda")
        functions.update_function_configuration(FunctionName="probe", Timeout=28)

        assert (await api.get("/socket.io/")).json()["imported_by"] != before
        with pytest.raises(ProcessLookupError):
            os.kill(before, 0)

    async def test_what_they_print_is_in_the_log(
        self, api: httpx.AsyncClient, emulator: Emulator
    ) -> None:
        await api.get("/socket.io/")
        async with asyncio.timeout(10):
            while "probe answered" not in emulator.log.read_text():
                await asyncio.sleep(0.05)


class TestEvent:
    async def test_is_of_format_2_0(self, api: httpx.AsyncClient) -> None:
        event = event_of(
            await api.get("/socket.io/?EIO=4&transport=polling", headers={"X-Probe": "Yes"})
        )

        assert (event["version"], event["rawPath"]) == ("2.0", "/socket.io/")
        assert event["rawQueryString"] == "EIO=4&transport=polling"
        assert event["queryStringParameters"] == {"EIO": "4", "transport": "polling"}
        assert event["requestContext"]["http"]["method"] == "GET"
        assert event["headers"]["x-probe"] == "Yes"
        assert "body" not in event

    @pytest.mark.parametrize(
        ("content_type", "in_base64"),
        [
            ("text/plain;charset=UTF-8", False),
            ("application/json", False),
            ("application/octet-stream", True),
            ("application/x-www-form-urlencoded", True),
            ("", True),
        ],
    )
    async def test_body_is_in_base64_by_its_content_type(
        self, api: httpx.AsyncClient, content_type: str, in_base64: bool
    ) -> None:
        headers = {"Content-Type": content_type} if content_type else {}
        event = event_of(await api.post("/socket.io/", content=b"40", headers=headers))

        assert event["isBase64Encoded"] is in_base64
        assert event["body"] == ("NDA=" if in_base64 else "40")

    async def test_body_over_10_mb_is_refused(self, api: httpx.AsyncClient) -> None:
        answer = await api.post("/socket.io/", content=b"x" * (10 * 1024 * 1024 + 1))

        assert answer.status_code == 413


class TestCors:
    async def test_the_origin_of_a_page_is_echoed_beside_credentials(
        self, api: httpx.AsyncClient
    ) -> None:
        answer = await api.get("/socket.io/", headers=PAGE)

        assert answer.headers.get_list("access-control-allow-origin") == [PAGE["Origin"]]
        assert answer.headers["access-control-allow-credentials"] == "true"

    @pytest.mark.parametrize("headers", [{}, {"Origin": "http://app.example"}, {"Origin": "null"}])
    async def test_another_one_is_not_whatever_the_function_says(
        self, api: httpx.AsyncClient, headers: dict[str, str]
    ) -> None:
        answer = await api.get("/socket.io/", headers=headers)

        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers

    async def test_preflights_reach_the_default_route(self, api: httpx.AsyncClient) -> None:
        asked = {**PAGE, "Access-Control-Request-Method": "POST"}
        answer = await api.options("/socket.io/", headers=asked)

        assert event_of(answer)["requestContext"]["http"]["method"] == "OPTIONS"
        assert answer.headers["access-control-allow-origin"] == PAGE["Origin"]
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["access-control-allow-methods"] == "GET,POST"

    async def test_of_an_origin_that_is_not_allowed_they_do_not(
        self, api: httpx.AsyncClient
    ) -> None:
        asked = {"Origin": "http://app.example", "Access-Control-Request-Method": "POST"}

        assert (await api.options("/socket.io/", headers=asked)).status_code == 403
