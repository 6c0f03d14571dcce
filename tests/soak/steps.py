"""Every step of a delivery goes wrong once, and every event arrives all the same.

Each trial is an event with one planned fault: its first invocation is killed right before or right
after its n-th call to AWS, the call is broken off or refused, the bus or a queue fails. The trials
run side by side, for n = 1, 2, … until an invocation ends before it makes its n-th call.

    broadcast   a small room: every call
    queueing    a large room: its first invocation, at the calls that hand the rest to the queue
    pages       a large room: the invocations that the queue feeds, and the queue itself
    webhooks    GitHub's deliveries, which are sent again when they are not answered
    count       the function that counts connections and members
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import cycle
from typing import Any
from uuid import uuid4

import boto3
import httpx

from roomcast import EventBroadcaster
from roomcast.envelope import new_id
from roomcast.events import WorkflowProgress
from roomcast.registry import Registry
from roomcast.token_minting import mint_token
from roomcast_backend.stores import keys
from roomcast_backend.stores.log_head import MARK
from tests.e2e.client import connected
from tests.e2e.faults import FaultPlan
from tests.soak.github import opened, signed
from tests.soak.members import Members, members
from tests.soak.trials import Series

PATIENCE = 150.0
"""Seconds for everything to arrive; a killed delivery of GitHub stays claimed for 30."""

LARGE = 22
"""Members of a large room, two more than a page."""

CLAIMED = 30.0
"""Seconds after which a delivery is sent again: as long as a killed one may have been running."""

ROOMS = 30
"""Small rooms: the trials are spread over them, so that they seldom meet."""

NO_SEND = ["@connections", "Query", "PutItem", "UpdateItem", "BatchGetItem"]
"""What an invocation calls beside `SendMessage`."""

IN_QUEUE = ("eventSource",)
"""Stands in what a queue hands over, and not in what the bus does."""

BROADCAST, WEBHOOKS, COUNT = "Broadcast", "Webhooks", "CountFunction"

Start = Callable[[str], Awaitable[None]]
"""Has an event under way, or whatever else is named by this text."""


class Steps:
    """All scenarios; with `thorough` every step of them, without it what a test has time for."""

    def __init__(
        self, endpoints: dict[str, str], broadcaster: EventBroadcaster, *, thorough: bool = False
    ) -> None:
        self._endpoints = endpoints
        self._broadcaster = broadcaster
        self._thorough = thorough
        self._plan = FaultPlan(endpoints["aws_endpoint_url"])

    async def run(self) -> list[str]:
        """Run the scenarios side by side; return what went wrong, each in one sentence."""
        found = await asyncio.gather(
            self.small_rooms(), self.large_room(), self.webhooks(), self.count()
        )
        return [problem for problems in found for problem in problems]

    async def small_rooms(self) -> list[str]:
        """Kill `broadcast` at each of its calls, and let each call be broken off or refused."""
        series = self._kills("broadcast", BROADCAST, least=7)
        series += [
            _series("broadcast, broken off before", BROADCAST, "before", effect="break", least=7),
            _series("broadcast, broken off after", BROADCAST, "after", effect="break", least=7),
            _series("broadcast, refused", BROADCAST, "before", effect="refuse", least=7),
        ]
        rooms = [f"project:{uuid4()}" for _ in range(ROOMS)]
        async with members(self._endpoints, rooms, 2) as joined:
            turns = cycle(rooms)
            sent: dict[str, str] = {}

            async def start(event: str) -> None:
                sent[event] = next(turns)
                await self._publish(event, sent[event])

            problems = await self._try(series, start)
            return problems + await self._arrived(joined, sent)

    async def large_room(self) -> list[str]:
        """Kill what hands pages to the queue and what takes them; break the bus and the queue."""
        # Whoever ends last releases the event: mostly the page, on a fast machine the bus's call.
        series = [*self._kills("pages", BROADCAST, least=4, texts=IN_QUEUE, wave=8)]
        if self._thorough:
            series += self._kills("queueing", BROADCAST, least=30)
        else:
            series += self._kills("queueing", BROADCAST, least=1, wave=2, skip=NO_SEND)
        for effect in ("break", "refuse"):
            name = f"sending to the queue, {effect}"
            fault = _series(name, BROADCAST, "after", effect=effect, skip=NO_SEND, least=1, wave=2)
            series.append(fault)
        room = f"project:{uuid4()}"
        async with members(self._endpoints, [room], LARGE) as joined:
            sent: dict[str, str] = {}

            async def start(event: str) -> None:
                sent[event] = room
                await self._publish(event, room)

            problems = await self._try(series, start)
            problems += await self._at_the_bus_and_the_queue(start)
            return problems + await self._arrived(joined, sent)

    async def webhooks(self) -> list[str]:
        """Kill `webhooks` at each of its calls; a delivery that is sent again is no other event."""
        project, repository = str(uuid4()), f"roomcast/{uuid4()}"
        table = self._endpoints["registry_table"]
        Registry(table, client=boto3.client("dynamodb")).link_repository(repository, project)
        room = f"project:{project}"
        async with (
            members(self._endpoints, [room], 1) as joined,
            httpx.AsyncClient(timeout=PATIENCE) as github,
            asyncio.TaskGroup() as deliveries,
        ):
            answers: list[asyncio.Task[str]] = []

            async def start(delivery: str) -> None:
                sending = self._deliver(github, repository, delivery)
                answers.append(deliveries.create_task(sending))

            series = self._kills("webhooks", WEBHOOKS, least=6, wave=9)
            problems = await self._try(series, start)
            sent = {await answer: room for answer in answers}
            return problems + await self._arrived(joined, sent)

    async def count(self) -> list[str]:
        """Kill `count` at each of its calls; `aftermath` tells whether all were counted once.

        One user comes after the other: a batch with several of them would be killed too often.
        """
        turn = asyncio.Lock()
        async with AsyncExitStack() as stack:

            async def start(user: str) -> None:
                lifetime = timedelta(hours=1)
                token = mint_token(
                    self._endpoints["jwt_secret"], user, projects="*", lifetime=lifetime
                )
                url = self._endpoints["websocket_url"]
                async with turn:
                    await stack.enter_async_context(connected(url, token, open_timeout=60))
                    await self._plan.until(
                        lambda found: all(each["ended"] for each in found if user in each["texts"]),
                        PATIENCE,
                    )

            return await self._try(self._kills("count", COUNT, least=2, wave=3), start)

    async def _try(self, series: Sequence[Series], start: Start) -> list[str]:
        """Try each call of some series; return what was not tried as it should have been."""
        going_on = list(series)
        while going_on:
            events = [
                each.plan(self._plan, call, new_id())
                for each in going_on
                for call in each.next_calls()
            ]
            await asyncio.gather(*(start(event) for event in events))
            report = await self._plan.until(
                lambda found: all(each.is_over(found) for each in series), PATIENCE
            )
            going_on = [each for each in going_on if each.goes_on(report)]
        for each in series:
            sys.stdout.write(each.summary(report) + "\n")
        return [problem for each in series for problem in each.problems(report)]

    async def _at_the_bus_and_the_queue(self, start: Start) -> list[str]:
        """The bus and the queue fail once, some of them twice, before and after each step."""
        faults: list[list[dict[str, Any]]] = [
            [{"place": "bus", "when": "before"}],
            [{"place": "bus", "when": "after"}],
            [{"place": "bus", "when": "before"}, {"place": "bus", "when": "after"}],
            [{"place": "receive", "when": "after"}],
            [{"place": "delete", "when": "before"}],
            [{"place": "receive", "when": "after"}, {"place": "delete", "when": "before"}],
        ]
        events = [new_id() for _ in faults]
        for event, of_event in zip(events, faults, strict=True):
            for fault in of_event:
                self._plan.add(event, **fault)
        await asyncio.gather(*(start(event) for event in events))

        def own(report: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [each for each in report if set(events) & set(each["texts"])]

        report = await self._plan.until(
            lambda found: all(each["struck"] for each in own(found)), PATIENCE
        )
        missed = [each for each in own(report) if not each["struck"]]
        return [f"nothing happened {each['when']} {each['place']}" for each in missed]

    def _kills(self, name: str, function: str, **options: Any) -> list[Series]:
        """Return the series of kills after each call, and before each call where time is no matter.

        A kill after a call leaves what one before the next call does, as far as calls do not meet.
        """
        return [
            _series(f"{name}, killed {when}", function, when, effect="kill", **options)
            for when in (("before", "after") if self._thorough else ("after",))
        ]

    async def _publish(self, event: str, room: str) -> None:
        progress = WorkflowProgress(
            workflow_id=str(uuid4()),
            status="running",
            progress=1,
            current_step="steps",
            total_steps=2,
            project_id=room.partition(":")[2],
        )
        assert await self._broadcaster.publish(progress, id=event)

    async def _deliver(self, github: httpx.AsyncClient, repository: str, delivery: str) -> str:
        """Send a delivery until it is accepted; return the id of its event."""
        number = uuid4().int % 10**9
        body = json.dumps(opened(repository, number, "Steps"))
        headers = signed(self._endpoints, delivery, body)
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await github.post(
                    self._endpoints["webhook_url"], content=body, headers=headers
                )
                if answer.status_code == httpx.codes.ACCEPTED:
                    return str(answer.json()["id"])
                await asyncio.sleep(CLAIMED)

    async def _arrived(self, joined: Members, sent: dict[str, str]) -> list[str]:
        """Wait until every member has every event and nothing is under way; return what is not."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            problems = [*joined.missing(list(sent)), *await asyncio.to_thread(_under_way, sent)]
            if not problems or loop.time() > end:
                return [*problems, *joined.lost, *joined.strange(sent)]
            await asyncio.sleep(0.5)


def _series(
    name: str,
    function: str,
    when: str,
    *,
    least: int,
    texts: tuple[str, ...] = (),
    wave: int = 12,
    **fault: Any,
) -> Series:
    return Series(name, {"function": function, "when": when, **fault}, least, texts, wave)


def _under_way(sent: dict[str, str]) -> list[str]:
    """Return which events have not ended for the tables, each in one sentence; `sent` has rooms."""
    client = boto3.client("dynamodb")
    (table,) = [name for name in client.list_tables()["TableNames"] if "TablesEvents" in name]

    def row(partition: str, sort: str) -> dict[str, Any]:
        key = {"room": {"S": partition}, "event_id": {"S": sort}}
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return dict(found.get("Item", {}))

    rows = {event: row(keys.FAN_OUT + event, event) for event in sent}
    heads = {room: row(keys.log(room), keys.LOG_HEAD) for room in set(sent.values())}
    return [
        *(f"{event} was not completed" for event in sent if "completed_at" not in rows[event]),
        *(f"work of {event} is noted as queued" for event in sent if "queued" in rows[event]),
        *(
            f"{name.removeprefix(MARK)} is marked as under way in {room}"
            for room, head in heads.items()
            for name in head
            if name.removeprefix(MARK) in sent and name.startswith(MARK)
        ),
    ]
