"""What is published meanwhile: events of backends, some of them twice, and webhooks of GitHub."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from roomcast import EventBroadcaster
from roomcast.envelope import new_id
from roomcast.events import AgentStatusChanged, Event, ProjectUpdated, WorkflowProgress
from tests.soak.github import opened, signed
from tests.soak.ledger import Ledger

SKEWS = (0, 0, -70, 70)
"""Seconds by which publishers' clocks are wrong."""

TITLES = ("Soak", "Soak \uffff and \ufffe", "Soak \x0b\u2028😀")
"""Titles of issues, some with characters that SQS refuses."""

ATTEMPTS = 3
"""How often a delivery is sent when no answer comes."""

TWICE = 0.1
"""The part of events and webhooks that is sent again, as buses and GitHub do."""


class Traffic:
    """Publishes at random; `users` and `projects` are ids, `agent` is one."""

    def __init__(
        self,
        ledger: Ledger,
        endpoints: dict[str, str],
        broadcaster: EventBroadcaster,
        dice: random.Random,
        *,
        users: list[str],
        projects: list[str],
        agent: str,
    ) -> None:
        self.refused = 0
        self._ledger = ledger
        self._endpoints = endpoints
        self._broadcaster = broadcaster
        self._dice = dice
        self._users = users
        self._projects = projects
        self._agent = agent

    async def flow(self, rate: float, over: asyncio.Event) -> None:
        """Publish so many events a second, on average, until it is `over`."""
        # The client of the webhooks is closed last: deliveries may still wait for their answers.
        async with httpx.AsyncClient(timeout=60) as github, asyncio.TaskGroup() as publishing:
            while not over.is_set():
                kinds: list[Callable[[], Coroutine[Any, Any, None]]] = [
                    lambda: self._publish(self._project_updated()),
                    lambda: self._publish(self._agent_changed()),
                    lambda: self._publish(self._workflow_progress()),
                    lambda: self._webhook(github),
                ]
                (kind,) = self._dice.choices(kinds, weights=[4, 3, 2, 1])
                publishing.create_task(kind())
                await asyncio.sleep(self._dice.expovariate(rate))

    async def _publish(self, event: Event) -> None:
        event_id = self._event_id()
        skew = timedelta(seconds=self._dice.choice(SKEWS))
        entity = self._agent if isinstance(event, AgentStatusChanged) else ""
        self._ledger.publish(event_id, event.rooms(), begun=time.monotonic(), entity=entity)
        times = 2 if self._dice.random() < TWICE else 1
        accepted = [await self._publish_skewed(event, event_id, skew) for _ in range(times)]
        if any(accepted):
            self._ledger.accept(event_id, now=time.monotonic())
        self.refused += times - sum(accepted)

    async def _publish_skewed(self, event: Event, event_id: str, skew: timedelta) -> bool:
        moment = datetime.now(UTC) + skew
        return await self._broadcaster.publish(event, id=event_id, timestamp=moment)

    def _event_id(self) -> str:
        """Return an id as some publisher makes it: one of the library, or one of its own."""
        match self._dice.choice(["own clock", "own clock", "wrong clock", "order", "random"]):
            case "order":
                return f"order-{uuid4().hex[:12]}"
            case "random":
                return str(uuid4())
            case "wrong clock":
                late = self._dice.choice(SKEWS) * 1000
                made = new_id()
                moment = f"{int(made[:8] + made[9:13], 16) + late:012x}"
                return f"{moment[:8]}-{moment[8:]}{made[13:]}"
            case _:
                return new_id()

    async def _webhook(self, github: httpx.AsyncClient) -> None:
        """Send a delivery, sometimes again while it is under way."""
        delivery, body = str(uuid4()), json.dumps(self._issue())
        times = 2 if self._dice.random() < TWICE else 1
        begun = time.monotonic()
        answers = await asyncio.gather(
            *(self._deliver(github, delivery, body) for _ in range(times))
        )
        rooms = (f"project:{self._endpoints['demo_project_id']}",)
        for answer in answers:
            if answer.status_code != httpx.codes.ACCEPTED:
                self.refused += 1
                continue
            self._ledger.publish(answer.json()["id"], rooms, begun=begun)
            self._ledger.accept(answer.json()["id"], now=time.monotonic())

    async def _deliver(self, github: httpx.AsyncClient, delivery: str, body: str) -> httpx.Response:
        headers = signed(self._endpoints, delivery, body)
        for _ in range(ATTEMPTS):
            with suppress(httpx.TransportError):  # lost on its way: sent again
                url = self._endpoints["webhook_url"]
                return await github.post(url, content=body, headers=headers)
        raise AssertionError(f"delivery {delivery} had no answer in {ATTEMPTS} attempts")

    def _project_updated(self) -> Event:
        return ProjectUpdated(
            project_id=self._dice.choice(self._projects),
            project_name="Soak",
            repository_url="https://github.com/octocat/soak",
            status="active",
            updated_by=self._dice.choice(self._users),
            changes={"note": "x" * self._dice.randrange(4000)},
        )

    def _agent_changed(self) -> Event:
        return AgentStatusChanged(
            agent_id=self._agent,
            agent_name="Ada",
            status=self._dice.choice(["busy", "idle"]),
            availability=self._dice.randrange(101),
        )

    def _workflow_progress(self) -> Event:
        return WorkflowProgress(
            workflow_id=str(uuid4()),
            status="running",
            progress=self._dice.randrange(101),
            current_step="soak",
            total_steps=100,
        )

    def _issue(self) -> dict[str, object]:
        return opened(
            self._endpoints["demo_repository"],
            self._dice.randrange(1_000_000),
            self._dice.choice(TITLES),
            "x" * self._dice.randrange(4000),
        )
