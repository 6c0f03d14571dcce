"""How far the heartbeats have come: one row of the counters table, which one run holds at a time.

run 1: claim ─▶ shards … ─▶ save ─▶ … ─▶ save, release
run 2:    claim: refused                               claim ─▶ goes on after run 1
run 3, when run 2 was killed: refused until the lease is over, then goes on after the last `save`
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.connections import CONDITION_FAILED
from roomcast_backend.stores.items import Item, number, text

FREE = "attribute_not_exists(leased_until) OR leased_until < :now OR holder = :holder"


@dataclass(frozen=True, slots=True)
class Swept:
    """All steps before `step` are done, and of it all up to a connection id in a shard.

    `shard` and `after` are empty at the beginning of a step. `cut` names the interval and shards
    that the steps were counted for.
    """

    cut: str
    step: int
    shard: int = 0
    after: str = ""


class LeaseLost(Exception):
    """Another run has gone on: this one took too long between two saves."""


class SweepStore:
    """Claims and saves how far the heartbeats have come; times are epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        new_holder: Callable[[], str] = lambda: os.urandom(16).hex(),
    ) -> None:
        self._table = settings.counters_table
        self._client = client or clients.dynamodb()
        self._new_holder = new_holder

    def claim(self, *, now: float, until: float) -> "Lease | None":
        """Hold the row until a time, unless another run does; None when it is held."""
        holder = self._new_holder()
        item = self._update(
            "SET leased_until = :until, holder = :holder",
            FREE,
            {":now": number(int(now)), ":until": number(int(until)), ":holder": text(holder)},
        )
        if item is None:
            return None
        swept = Swept(**json.loads(item["swept"]["S"])) if "swept" in item else None
        return Lease(self, holder, swept)

    def save(self, swept: Swept, holder: str, *, until: float, swept_until: int) -> None:
        """Note how far a run has come; it holds the row until a time, 0: not any longer."""
        values = {
            ":swept": text(json.dumps(asdict(swept))),
            ":until": number(int(until)),
            ":n": number(swept_until),
            ":holder": text(holder),
        }
        update = "SET swept = :swept, leased_until = :until, n = :n"
        if self._update(update, "holder = :holder", values) is None:
            raise LeaseLost(f"the heartbeats go on elsewhere, from step {swept.step} or before")

    def _update(self, update: str, condition: str, values: Item) -> Item | None:
        """Return the row, or None when the condition does not hold."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={name: text(key) for name, key in keys.SWEPT_UNTIL.items()},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except AwsError as exc:
            if exc.code != CONDITION_FAILED:
                raise
            return None
        item: Item = answer["Attributes"]
        return item


@dataclass(frozen=True, slots=True)
class Lease:
    """One run's hold of the row; `swept` is how far the runs before it came, None: unknown."""

    store: SweepStore
    holder: str
    swept: Swept | None

    def save(self, swept: Swept, *, until: float, swept_until: int) -> None:
        """Note how far this run has come, as `SweepStore.save`; raise `LeaseLost`."""
        self.store.save(swept, self.holder, until=until, swept_until=swept_until)
