"""Publishes nothing about an object that is older than what was published about it before.

One row for each object, in the events table. Deliveries of one object are published one after the
other, each under a claim:

    A :05   claims ── publishes ── confirms: newest = :05
    B :01   finds A's claim, waits ─────── finds newest :05: late, not published

A publish that fails takes its claim back: nothing of it stays, and the delivery can come again.
After a crash the claim lapses when that invocation's time is over. Whether it had published is not
known then, so what is older counts as late, and the same delivery can be published (again):

    A :05   claims ── publishes? ── crash      B :01   late      A :05 sent again: published

The row is kept longer than GitHub redelivers (3 days).
https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from roomcast_backend.stores import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS: Final = 7 * 24 * 60 * 60

WAITS: Final = (0.03, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5)
"""Seconds between attempts to claim an object; GitHub waits 10 s for a response."""

_IS_NEWEST = "(attribute_not_exists(newest) OR newest <= :version)"
_IS_FREE = "(attribute_not_exists(claim) OR (claimed_until < :now AND claimed <= :version))"
_CLAIM: Final = "SET claim = :claim, claimed = :version, claimed_until = :until, #ttl = :expires_at"
_RELEASE: Final = "REMOVE claim, claimed, claimed_until"


class LateDelivery(Exception):
    """Something newer about the same object was published, or may have been."""


class ObjectBusy(Exception):
    """Another delivery about the same object is still being published: send this one again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """An object of GitHub, and its version in a delivery (`versions` orders them)."""

    key: str
    version: str
    kept: str = ""
    """What is kept of a version once it is published, where that is less than the version."""


class ObjectOrder:
    """The newest published version of each object; `now` returns epoch seconds.

    `remaining_seconds` returns how long this invocation may run.
    """

    def __init__(
        self,
        table: str,
        *,
        client: "DynamoDBClient",
        new_claim: Callable[[], str],
        remaining_seconds: Callable[[], float],
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._client = client
        self._new_claim = new_claim
        self._remaining = remaining_seconds
        self._now = now
        self._sleep = sleep

    def publish(self, found: ObjectVersion, publish: Callable[[], str]) -> str:
        """Publish a version unless a newer one was published; return the event's id.

        `publish` returns the event's id; when it raises, the error is passed on and the version
        can be published again. Raises `LateDelivery`, and `ObjectBusy` after the sum of `WAITS`.
        """
        claim = self._claim(found)
        try:
            event_id = publish()
        except BaseException:
            self._settle(found, claim, _RELEASE)
            raise
        # Published but not confirmed counts as success: the claim keeps older versions away.
        self._settle(
            found, claim, f"SET newest = :version {_RELEASE}", version=found.kept or found.version
        )
        return event_id

    def _claim(self, found: ObjectVersion) -> str:
        claim = self._new_claim()
        for wait in (*WAITS, None):
            now = round(self._now(), 3)
            row = self._attempt(found, claim, now=now)
            if row is None:
                return claim
            if not _is_in_progress(row, now=now) or _text(row, "newest") > found.version:
                raise LateDelivery(found.key)
            if wait is not None:
                self._sleep(wait)
        raise ObjectBusy(found.key)

    def _attempt(self, found: ObjectVersion, claim: str, *, now: float) -> Any | None:
        """Claim the object; return None, or its row when it could not be claimed."""
        numbers = {
            ":now": now,
            ":until": now + self._remaining(),
            ":expires_at": int(now) + KEPT_SECONDS,
        }
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(found),
                UpdateExpression=_CLAIM,
                ConditionExpression=f"{_IS_NEWEST} AND {_IS_FREE}",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={
                    ":claim": {"S": claim},
                    ":version": {"S": found.version},
                    **{name: {"N": f"{value:.14g}"} for name, value in numbers.items()},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            response: Any = exc.response
            return response.get("Item", {})
        return None

    def _settle(self, found: ObjectVersion, claim: str, update: str, **values: str) -> None:
        """End a claim, if it is still there; what fails here ends when the claim lapses."""
        texts = {"claim": claim, **values}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(found),
                UpdateExpression=update,
                ConditionExpression="claim = :claim",
                ExpressionAttributeValues={f":{name}": {"S": texts[name]} for name in texts},
            )
        except (BotoCoreError, ClientError):
            return


def _key(found: ObjectVersion) -> Any:
    return {name: {"S": value} for name, value in keys.github_object(found.key).items()}


def _is_in_progress(row: Any, *, now: float) -> bool:
    return "claim" in row and float(row["claimed_until"]["N"]) >= now


def _text(row: Any, name: str) -> str:
    return str(row[name]["S"]) if name in row else ""
