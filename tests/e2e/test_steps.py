"""Every step of a delivery goes wrong once: tests/soak/steps.py. `make soak` tries more of them."""

import asyncio

from roomcast import EventBroadcaster
from tests.e2e.test_client import Endpoints
from tests.soak.aftermath import aftermath
from tests.soak.steps import Steps


class TestKilledAtEveryStep:
    async def test_small_rooms(self, endpoints: Endpoints, broadcaster: EventBroadcaster) -> None:
        assert await Steps(endpoints, broadcaster).small_rooms() == []

    async def test_a_large_room_the_bus_and_the_queue(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        assert await Steps(endpoints, broadcaster).large_room() == []

    async def test_webhooks_and_counting(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        steps = Steps(endpoints, broadcaster)
        problems = await asyncio.gather(steps.webhooks(), steps.count())
        assert [*problems[0], *problems[1]] == []
        assert await asyncio.to_thread(aftermath, endpoints) == []
