"""Thousands of histories of the state of rooms: publish, delay, kill, retry, ask, in any order.

What must hold in all of them, once every event is delivered: what is current in a room was told to
each client that asked for its state and stayed, in the state or by an event after it. And each
field has the value of the newest event that gave it.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from roomcast.envelope import Envelope
from roomcast_backend.fanout import broadcast, prefetch, room_reader
from roomcast_backend.lifecycle import cleanup
from roomcast_backend.model.order import Sent
from roomcast_backend.model.room_log import Entry
from roomcast_backend.protocol.messages import Command
from roomcast_backend.state import current
from roomcast_backend.state.current import CurrentState
from roomcast_backend.stores import room_log
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import RoomStates
from tests.functional.replay_world import ROOMS, Client, InTurn, World

HISTORIES = 600
BATCH = 150
STEPS = (10, 60)


class Missing(AssertionError):
    """A client that has asked for the state does not know what is current."""


class StateWorld(World):
    """A world whose clients ask for the state of their rooms and keep what they are told."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.told: dict[str, set[tuple[str, str, object]]] = defaultdict(set)
        self.asked: set[tuple[str, str]] = set()
        self._is_settling = False

    def publish(self) -> None:
        """Have the bus accept an event that tells some fields of one of three pull requests."""
        number = next(self._numbers)
        fields = self.chance.sample(("title", "status", "author"), k=self.chance.randint(1, 3))
        data = {"pr_id": self.chance.choice("123"), **dict.fromkeys(fields, number)}
        if self.chance.random() < 0.5:
            data["changes"] = {"n": number}
        envelope = Envelope(
            id=self._id(number), type="pr.updated", timestamp="2026-01-01T00:00:00Z", source="s",
            rooms=self._some_rooms(), data=data,
            publisher=self.chance.choice(("", "p1", "p2")), number=number,
        )  # fmt: skip
        self.accepted[envelope.id] = envelope
        self.bus.append(envelope)

    def _subscribe(self, client: Client, room: str) -> bool:
        connection = self._connections.get(client.connection)
        assert connection is not None
        how = self.chance.choice((True, "replay"))
        reply = self._ask(client, "subscribe", room=room, state=how)
        while "next" in reply and client.connection in self.gateway.open:
            reply = self._ask(client, "state", room=room, after=reply["next"])
        if client.connection not in self.gateway.open:
            return False
        self.asked.add((client.connection, room))
        return True

    def _ask(self, client: Client, command: str, **body: Any) -> dict[str, Any]:
        connection = self._connections.get(client.connection)
        assert connection is not None
        self.clock.advance(0.001)
        sent = Sent(int(self.clock.now * 1000))
        reply = self._commands().execute(connection, Command(command, body, None), sent=sent)
        self._learn(client, reply.get("state", []))
        return reply

    def _learn(self, client: Client, events: list[dict[str, Any]]) -> None:
        for event in events:
            data = dict(event["data"])
            data.pop("changes", None)
            entity = data.pop("pr_id")
            self.told[client.connection] |= {(entity, *each) for each in data.items()}

    def _invoke(self, do: Callable[..., object]) -> bool:
        if self._is_settling:
            do(self._fan_out(self._skew()))
            return True
        return super()._invoke(do)

    def settle(self) -> None:
        """Deliver all that was accepted, with no failure any more."""
        self._is_settling = True
        while self.bus or self.queue or self.dead_events or self.dead_work:
            self.redrive()
            self.wait()
            self.deliver()
            self.work()

    def check(self) -> int:
        """Check what clients know; return how many values were compared."""
        compared = 0
        for room in ROOMS:
            values = dict(self._current(room))
            self._check_newest(room, values)
            for client in self.clients:
                if client.connection not in self.gateway.open:
                    continue
                if (client.connection, room) in self.asked:
                    frames = self.gateway.sent[client.connection]
                    self._learn(client, [json.loads(frame) for frame in frames])
                    known = self.told[client.connection]
                    lacking = {(*key, value) for key, value in values.items()} - known
                    if lacking:
                        raise Missing(f"{client.connection} in {room} was not told {lacking}")
                    compared += len(values)
        return compared

    def _current(self, room: str) -> Iterator[tuple[tuple[str, str], object]]:
        states, _ = RoomStates(self.settings, client=self.tables).page(room, rows=100)
        for state in states:
            data = state.envelope(room).data
            for name in set(data) - {"pr_id", "changes"}:
                yield (data["pr_id"], name), data[name]

    def _check_newest(self, room: str, values: dict[tuple[str, str], object]) -> None:
        """Compare each value with what the log has: the newest of its publisher, or of all."""
        log = RoomLog(self.settings, client=self.tables)
        _, entries = log.newest_first(room, now=self.clock.now)
        found = [each for each in entries if each.envelope]
        events = [(each.position, each.envelope) for each in found if each.envelope]
        is_in_order = all(each.order == each.position for each in found)
        for (pr_id, name), value in values.items():
            giving = [
                (position, event) for position, event in events
                if event.data["pr_id"] == pr_id and name in event.data
            ]  # fmt: skip
            chosen = next(event for _, event in giving if event.data[name] == value)
            of_it = [event.number for _, event in giving if event.publisher == chosen.publisher]
            if chosen.publisher:
                assert chosen.number == max(of_it)
            if is_in_order:
                assert chosen == max(giving, key=lambda each: each[0])[1]


@pytest.fixture(autouse=True)
def chance(monkeypatch: pytest.MonkeyPatch) -> random.Random:
    """Have all that is done in other threads done in one; return what decides when."""
    chance = random.Random()  # noqa: S311
    in_turn = InTurn(chance)
    monkeypatch.setattr(broadcast, "_beside", lambda: in_turn)
    monkeypatch.setattr(prefetch, "shared_readers", lambda: in_turn)
    monkeypatch.setattr(room_reader, "shared_readers", lambda: in_turn)
    monkeypatch.setattr(cleanup, "_workers", lambda: in_turn)
    monkeypatch.setattr(room_log, "_writers", lambda: in_turn)
    monkeypatch.setattr(current, "PAGES", (2, 2))
    return chance


def go_through(chance: random.Random, seeds: range) -> int:
    """Go through histories; return how many values were compared."""
    compared = 0
    for seed in seeds:
        chance.seed(seed)
        world = StateWorld(seed)
        for _ in range(world.chance.randint(*STEPS)):
            world.step()
        world.settle()
        compared += world.check()
    return compared


@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_nothing_current_falls_between_state_and_events(chance: random.Random, first: int) -> None:
    assert go_through(chance, range(first, first + BATCH)) > BATCH


def forget_what_is_under_way(patch: pytest.MonkeyPatch) -> None:
    """Tell what is in the rows alone."""
    patch.setattr(CurrentState, "_under_way", lambda *_args: {})


def skip_holes(patch: pytest.MonkeyPatch) -> None:
    """Go on without waiting for what has a position but is not logged yet."""

    def settle(_log: RoomLog, room: str, position: int, *, now: float) -> Entry:
        return Entry(room, position, None, int(now), position)

    patch.setattr(RoomLog, "settle", settle)


@pytest.mark.parametrize("fault", [forget_what_is_under_way, skip_holes])
def test_a_fault_is_found(
    chance: random.Random, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], None]
) -> None:
    fault(monkeypatch)
    with pytest.raises(Missing):
        go_through(chance, range(HISTORIES))
