"""The rules of API Gateway and Lambda that local/emulator adds to MiniStack, with real sockets."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.fakes.emulator import Emulator, create_function, running

KB = 1024
WORKERS = 2
FUNCTION = """
import json, os, time

def handler(event, context):
    if event["requestContext"]["eventType"] != "MESSAGE":
        query = event.get("queryStringParameters") or {}
        offered = event.get("headers", {}).get("sec-websocket-protocol", "").split(",")
        chosen = {"headers": {"Sec-WebSocket-Protocol": offered[0]}} if offered[0] else {}
        return {"statusCode": int(query.get("status", "200")), **chosen}
    frame = json.loads(event["body"])
    if "print" in frame:
        print(frame["print"])
    if "fail" in frame:
        raise ValueError("the secret reason")
    time.sleep(frame.get("sleep", 0))
    if "silent" in frame:
        return {"statusCode": 200}
    return {"statusCode": 200, "body": json.dumps({"name": frame.get("name"), "pid": os.getpid()})}
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator"), workers=WORKERS) as found:
        yield found._replace(api_id=_create_api(found))


def _create_api(emulator: Emulator) -> str:
    """Create a WebSocket API whose routes all lead to `FUNCTION`."""
    function = create_function(emulator, {"index.py": FUNCTION}, handler="index.handler")
    gateway = emulator.client("apigatewayv2")
    api_id = gateway.create_api(
        Name="probe", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    integration = gateway.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function
    )["IntegrationId"]
    for key in ("$connect", "$disconnect", "$default"):
        gateway.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api_id, StageName="live")
    return str(api_id)


async def ask(client: ClientConnection, **frame: Any) -> dict[str, Any]:
    await client.send(json.dumps(frame))
    return await answer(client)


async def answer(client: ClientConnection) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), 20))
    return reply


class TestHandshake:
    @pytest.mark.parametrize("status", [401, 403, 503])
    async def test_refusal_carries_the_functions_status(
        self, emulator: Emulator, status: int
    ) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{emulator.websocket_url}?status={status}")

        assert refused.value.response.status_code == status

    async def test_success_opens_the_connection(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            assert (await ask(client, name="first"))["name"] == "first"

    async def test_the_functions_subprotocol_completes_it(self, emulator: Emulator) -> None:
        names = [Subprotocol("roomcast"), Subprotocol("eyJ.e30.AAAA")]
        async with connect(emulator.websocket_url, subprotocols=names) as client:
            assert client.subprotocol == "roomcast"
        async with connect(emulator.websocket_url) as client:
            assert client.subprotocol is None


class TestFrames:
    async def test_binary_frame_closes_with_1003(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            await client.send(b"{}")
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(client.recv(), 20)

        assert client.close_code == 1003

    async def test_message_of_32_kb_is_handled(self, emulator: Emulator) -> None:
        frame = {"name": "full", "padding": ""}
        frame["padding"] = "x" * (32 * KB - len(json.dumps(frame)))

        async with connect(emulator.websocket_url) as client:
            assert (await ask(client, **frame))["name"] == "full"

    async def test_larger_message_closes_with_1009(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            await client.send("é" * (16 * KB) + "x")
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(client.recv(), 20)

        assert client.close_code == 1009

    async def test_frames_of_one_client_run_side_by_side(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            await client.send(json.dumps({"name": "slow", "sleep": 2}))
            quick = await ask(client, name="quick")
            slow = await answer(client)

        assert (quick["name"], slow["name"]) == ("quick", "slow")

    async def test_json_that_is_deep_reaches_the_function(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            await client.send("[" * 15_000)
            assert (await answer(client))["message"] == "Internal server error"
            assert (await ask(client, name="after"))["name"] == "after"

    async def test_an_empty_message_has_no_body(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            await client.send("")
            assert (await answer(client))["message"] == "Internal server error"

        assert "KeyError: 'body'" in emulator.log.read_text()

    async def test_no_answer_is_an_empty_message(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            await client.send(json.dumps({"silent": True}))
            assert await asyncio.wait_for(client.recv(), 20) == ""

    async def test_failed_function_answers_without_its_reason(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            reply = await ask(client, fail=True)

        assert reply["message"] == "Internal server error"
        assert set(reply) == {"message", "connectionId", "requestId"}
        assert "the secret reason" in emulator.log.read_text()


class TestWorkers:
    async def test_invocations_wait_for_a_worker_beyond_the_limit(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            for _ in range(6):
                await client.send(json.dumps({"sleep": 0.3}))
            workers = {(await answer(client))["pid"] for _ in range(6)}

        assert len(workers) == WORKERS

    async def test_answer_does_not_wait_for_a_silent_functions_log(
        self, emulator: Emulator
    ) -> None:
        seconds = []
        async with connect(emulator.websocket_url) as client:
            for _ in range(10):
                began = time.monotonic()
                await ask(client)
                seconds.append(time.monotonic() - began)

        assert min(seconds) < 0.045

    async def test_what_a_function_prints_is_logged(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            await ask(client, print="a line of the function")

        async with asyncio.timeout(20):  # the reply does not wait for the log
            while "probe a line of the function" not in emulator.log.read_text():
                await asyncio.sleep(0.1)


class TestBrowsers:
    """A page that is open in the developer's browser, with keys that everybody knows."""

    def test_a_page_cannot_reach_the_services(self, emulator: Emulator) -> None:
        query = {"Action": "ListQueues", "Version": "2012-11-05"}
        page = {"Origin": "https://evil.example"}
        for headers in (page, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
            answered = httpx.get(emulator.url, params=query, headers=headers)
            assert answered.status_code == 403
            assert "access-control-allow-origin" not in answered.headers
        assert httpx.options(emulator.url, headers=page).status_code == 403

    async def test_a_page_may_connect_as_on_aws(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url, origin=Origin("https://app.example")) as client:
            assert (await ask(client, name="page"))["name"] == "page"


class TestPosts:
    async def test_post_of_128_kb_arrives(self, emulator: Emulator) -> None:
        async with connect(emulator.websocket_url) as client:
            connection = (await ask(client, fail=True))["connectionId"]
            text = "x" * (128 * KB)
            await asyncio.to_thread(
                emulator.manager().post_to_connection, ConnectionId=connection, Data=text
            )

            assert await asyncio.wait_for(client.recv(), 20) == text

    def test_larger_post_is_refused(self, emulator: Emulator) -> None:
        with pytest.raises(ClientError) as refused:
            emulator.manager().post_to_connection(ConnectionId="unknown", Data="x" * (128 * KB + 1))

        assert refused.value.response["Error"]["Code"] == "PayloadTooLargeException"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413

    def test_unknown_connection_is_gone(self, emulator: Emulator) -> None:
        with pytest.raises(ClientError) as refused:
            emulator.manager().post_to_connection(ConnectionId="unknown", Data="{}")

        assert refused.value.response["Error"]["Code"] == "GoneException"


class TestDeadLetters:
    def test_a_queue_knows_whose_dead_letters_it_has(self, emulator: Emulator) -> None:
        sqs = emulator.client("sqs")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "5"})
        work = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": policy})["QueueUrl"]

        (found,) = sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
        assert found.rpartition("/")[2] == work.rpartition("/")[2] == "work"
        assert sqs.list_dead_letter_source_queues(QueueUrl=work).get("queueUrls", []) == []
