"""Publishes each delivery once, however often GitHub or a person sends it again.

The ids of deliveries are kept for four days. GitHub redelivers for at most three days, and gives
all webhooks of one event (a repository's and its organisation's) the same id.
https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks

Two attempts at the same time:

    A  stores id "in progress" ── publishes ── stores "completed"
    B       finds "in progress", waits ──────────────── finds "completed": a duplicate

When A fails, it deletes the id, and B or the next delivery publishes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aws_lambda_powertools.utilities.idempotency import (
    BasePersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

KEPT_SECONDS: Final = 4 * 24 * 60 * 60

CLAIM_DELAYS: Final = (0.1, 0.2, 0.4, 0.8, 1.5)
"""Seconds between attempts to claim a delivery; GitHub waits 10 s for a response."""


class DeliveryNotClaimed(Exception):
    """A delivery could not be claimed and is not known to be published: it must be sent again."""


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The id of a delivery's event; `repeated` when an earlier attempt had published it."""

    event_id: str
    repeated: bool = False


class Deliveries:
    """The published deliveries, in the idempotency table (rows have Powertools' own shape)."""

    def __init__(
        self,
        records: BasePersistenceLayer,
        *,
        context: LambdaContext,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._records = records
        # From the time at which this invocation ends, another one may take over its claim.
        self._config = IdempotencyConfig(
            expires_after_seconds=KEPT_SECONDS, hash_function="sha256", lambda_context=context
        )
        self._sleep = sleep

    def once(self, delivery_id: str, publish: Callable[[], str]) -> PublishResult:
        """Publish a delivery unless an earlier attempt did; return the id of its event.

        `publish` returns the event's id. When it raises, the error is passed on and the delivery
        can be claimed again. Raises `DeliveryNotClaimed` when the table does not answer or another
        attempt takes longer than the sum of `CLAIM_DELAYS`.
        """
        for delay in CLAIM_DELAYS:
            try:
                return self._attempt(delivery_id, publish)
            except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError):
                self._sleep(delay)
        raise DeliveryNotClaimed("another attempt at this delivery is still in progress")

    def _attempt(self, delivery_id: str, publish: Callable[[], str]) -> PublishResult:
        published: list[str] = []

        def publish_claimed(*, delivery: str) -> dict[str, str]:
            published.append(publish())
            return {"delivery_id": delivery, "event_id": published[0]}

        publish_once = idempotent_function(
            publish_claimed,
            data_keyword_argument="delivery",
            persistence_store=self._records,
            config=self._config,
            key_prefix="github",
        )
        try:
            record = publish_once(delivery=delivery_id)
        except IdempotencyPersistenceLayerError as exc:
            if not published:
                raise DeliveryNotClaimed("the idempotency table did not answer") from exc
            # Published but not stored counts as success: a redelivery would publish it twice.
            return PublishResult(published[0])
        return PublishResult(str(record["event_id"]), repeated=not published)
