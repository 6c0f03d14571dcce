"""`history` and `record` at a WebSocket server, `rooms` and `connections` at their sources."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from roomcast.cli import admin_requests, main
from roomcast.cli.deployment import Deployment
from roomcast_backend.model.access import EVERYTHING, Principal
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.stores.connections import ConnectionStore
from tests.fakes.events_service import EventsService, envelope, sends, serving, stays
from tests.fakes.tables import table_settings


@pytest.fixture
async def start() -> AsyncIterator[Any]:
    async with serving() as start:
        yield start


@pytest.fixture(autouse=True)
def no_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ROOMCAST_STACK", "ROOMCAST_ENDPOINTS", "ROOMCAST_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


async def process(service: EventsService, *arguments: str) -> tuple[int, list[Any], str]:
    """Run a command as a process of its own; return its code, its JSON lines, and its notices."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "roomcast", *arguments, "--url", service.url, "--token", "mine"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        output, errors = await started.communicate()
    return started.returncode or 0, [json.loads(line) for line in output.splitlines()], str(errors)


class TestHistory:
    def replays(self, count: int, **reply: Any) -> Any:
        async def script(service: EventsService, connection: Any) -> None:
            for index in range(count):
                await connection.send(json.dumps(envelope(f"e{index}", seq=index + 1)))
            await stays(greeting="", **reply)(service, connection)

        return script

    async def test_all_that_is_kept(self, start: Any) -> None:
        service = await start(self.replays(3, recovered=False, replayed=3))
        code, printed, said = await process(service, "history", "project:123", "--json")
        assert (code, [each["id"] for each in printed]) == (0, ["e0", "e1", "e2"])
        assert "# 3 events, all of them" in said
        assert service.commands[0]["since"] == 0

    @pytest.mark.parametrize(("sent", "said_of_it"), [(2, "all of them"), (1, "may be more")])
    async def test_a_reply_that_overtakes_the_last_events(
        self, start: Any, sent: int, said_of_it: str
    ) -> None:
        async def overtakes(_service: EventsService, connection: Any) -> None:
            command = json.loads(await connection.recv())
            reply = {"status": "success", "room": "project:123", "id": command["id"]}
            await connection.send(json.dumps({**reply, "recovered": False, "replayed": 2}))
            for index in range(sent):
                await connection.send(json.dumps(envelope(f"e{index}", seq=index + 1)))
            await connection.wait_closed()

        service = await start(overtakes)
        _, printed, said = await process(service, "history", "project:123", "--json")
        assert len(printed) == sent
        assert said_of_it in said

    async def test_more_than_one_answer_has_room_for(self, start: Any) -> None:
        service = await start(self.replays(200, recovered=False, replayed=200))
        _, printed, said = await process(service, "history", "project:123", "--json")
        assert len(printed) == 200
        assert "# 200 events, there may be more" in said

    @pytest.mark.parametrize(("recovered", "how"), [(True, "all of them"), (False, "may be more")])
    async def test_since(self, start: Any, recovered: bool, how: str) -> None:  # noqa: FBT001
        service = await start(self.replays(1, recovered=recovered, replayed=1))
        options = ("--since", "7", "--type", "pr.*", "--json")
        _, printed, said = await process(service, "history", "project:123", *options)
        assert [each["id"] for each in printed] == ["e0"]
        assert how in said
        assert (service.commands[0]["since"], service.commands[0]["types"]) == (7, ["pr.*"])

    async def test_a_connection_that_ends_before(self, start: Any) -> None:
        async def ends(_service: EventsService, connection: Any) -> None:
            await connection.recv()
            connection.transport.abort()

        code, printed, said = await process(await start(ends), "history", "project:123")
        assert (code, printed) == (1, [])
        assert "cannot connect" in said
        assert "Traceback" not in said


class TestRecord:
    async def test_until_a_count(self, start: Any) -> None:
        service = await start(sends(envelope("e1", seq=1)), stays(envelope("e2"), envelope("e1")))
        code, printed, _ = await process(service, "record", "project:123", "--count", "2")
        assert (code, [each["id"] for each in printed]) == (0, ["e1", "e2"])

    async def test_for_a_time(self, start: Any) -> None:
        service = await start(stays(envelope("e1")))
        code, printed, said = await process(service, "record", "project:123", "--for", "1s", "-q")
        assert (code, [each["id"] for each in printed]) == (0, ["e1"])
        assert said == "b''"

    def test_a_time_that_is_none(self) -> None:
        assert "expected a duration" in run("record", "global", "--for", "soon").stderr


class TestRooms:
    ANSWER = {
        "rooms": {"global": 3, "project:*": 3},
        "detail": {"project:1": 1, "project:2": 2, "agent:7": 0},
    }

    @pytest.fixture(autouse=True)
    def service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(admin_requests, "_get", lambda _url, _token: self.ANSWER)
        find = lambda _stack: Deployment(name="S", stats_url="http://x")  # noqa: E731
        for name in ("roomcast.cli.rooms", "roomcast.cli.stats"):
            monkeypatch.setattr(f"{name}.find_deployment", find)

    def test_the_largest_first(self) -> None:
        lines = [line.split() for line in run("rooms", "--token", "t").stdout.splitlines()]
        assert lines == [["3", "global"], ["2", "project:2"], ["1", "project:1"]]

    def test_those_that_begin_so(self) -> None:
        printed = run("rooms", "project:", "--json", "--token", "t").stdout.splitlines()
        assert [json.loads(line) for line in printed] == [
            {"room": "project:2", "members": 2},
            {"room": "project:1", "members": 1},
        ]


TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "listed",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "connection_id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "connection_id", "KeyType": "HASH"}],
    },
}


class TestConnections:
    """The service's own store writes the rows that the command reads."""

    @pytest.fixture(autouse=True)
    def rows(self, moto_dynamodb: Any) -> None:
        template = {
            "Resources": {"TablesConnectionsF6D6": TABLE},
            "Outputs": {"EventBusName": {"Value": "Roomcast"}},
        }
        boto3.client("cloudformation").create_stack(
            StackName="Roomcast", TemplateBody=json.dumps(template)
        )
        store = ConnectionStore(table_settings(connections_table="listed"), client=moto_dynamodb)
        rooms = frozenset({"global", "project:1"})
        who = Principal("ada", role="", expires_at=2**31, projects=EVERYTHING, agents=EVERYTHING)
        at = int(datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp())
        for connection in (
            Connection("c2", "json", State.PENDING, at + 1),
            Connection("c1", "json", State.READY, at, principal=who, rooms=rooms),
            Connection("c3", "socketio", State.READY, at, namespaces=frozenset({"/ws"})),
            Connection("c3#/ws", "socketio", State.READY, at + 2, principal=who),
        ):
            store.put(connection)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        result = run("connections", "--json", "--stack", "Roomcast", *arguments)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_are_listed_the_oldest_first(self) -> None:
        first, second, third = self.listed()
        assert first == {
            "id": "c1",
            "user_id": "ada",
            "protocol": "json",
            "state": "ready",
            "connected_at": "2026-01-01T12:00:00Z",
            "rooms": ["global", "project:1"],
        }
        assert (second["id"], second["user_id"], second["state"]) == ("c2", None, "pending")
        assert (third["id"], third["protocol"]) == ("c3#/ws", "socketio")

    def test_of_a_user_and_of_a_room(self) -> None:
        assert [each["id"] for each in self.listed("--user", "ada")] == ["c1", "c3#/ws"]
        assert [each["id"] for each in self.listed("--room", "project:1")] == ["c1"]

    def test_as_text(self) -> None:
        lines = run("connections", "--stack", "Roomcast").stdout.splitlines()
        assert lines[0].split()[1:] == ["c1", "ada", "json", "ready", "global", "project:1"]
        assert lines[1].split()[1:] == ["c2", "-", "json", "pending"]

    def test_a_stack_without_the_table(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("roomcast.cli.connection_rows.TABLE", "Others")
        result = run("connections", "--stack", "Roomcast")
        assert result.exit_code == 2
        assert "has no table of connections" in result.stderr
