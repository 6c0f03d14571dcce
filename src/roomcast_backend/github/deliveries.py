"""Each delivery is published once, however often GitHub or a person sends it again.

The ids of deliveries are kept for four days; GitHub sends one again for three days at most, and
gives all webhooks of one event (a repository's and its organisation's) the same id.
https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks

Two at the same time:

    A  remembers id "in progress" ── publishes ── remembers "completed"
    B       finds "in progress", waits ──────────────────────────── finds that, too

When A fails it forgets the id, and B or the next delivery publishes.
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

WAITS: Final = (0.1, 0.2, 0.4, 0.8, 1.5)
"""Seconds between looks at a delivery in progress; GitHub waits 10 s for an answer."""


class DeliveryUnsettled(Exception):
    """A delivery could be neither claimed nor found completed: it is to be sent again."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The event that a delivery became; `repeated` when an earlier attempt published it."""

    event_id: str
    repeated: bool = False


class Deliveries:
    """The deliveries that were published, in the idempotency table (Powertools' own shape)."""

    def __init__(
        self,
        records: BasePersistenceLayer,
        *,
        context: LambdaContext,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._records = records
        # The context tells when this invocation dies, from when on its claim is another's.
        self._config = IdempotencyConfig(
            expires_after_seconds=KEPT_SECONDS, hash_function="sha256", lambda_context=context
        )
        self._sleep = sleep

    def once(self, delivery_id: str, publish: Callable[[], str]) -> Publication:
        """Call `publish`, which returns the event's id, unless this delivery was published before.

        What `publish` raises is passed on, and the delivery is then not remembered. Raises
        `DeliveryUnsettled` when the table does not answer or another attempt takes too long.
        """
        for wait in WAITS:
            try:
                return self._attempt(delivery_id, publish)
            except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError):
                self._sleep(wait)
        raise DeliveryUnsettled("another attempt at this delivery is still in progress")

    def _attempt(self, delivery_id: str, publish: Callable[[], str]) -> Publication:
        published: list[str] = []

        def claimed(*, delivery: str) -> dict[str, str]:
            published.append(publish())
            return {"delivery_id": delivery, "event_id": published[0]}

        once = idempotent_function(
            claimed,
            data_keyword_argument="delivery",
            persistence_store=self._records,
            config=self._config,
            key_prefix="github",
        )
        try:
            remembered = once(delivery=delivery_id)
        except IdempotencyPersistenceLayerError as exc:
            if not published:
                raise DeliveryUnsettled("the idempotency table did not answer") from exc
            # Published but not remembered is a success: sent again, it would be published twice.
            return Publication(published[0])
        return Publication(str(remembered["event_id"]), repeated=not published)
