"""On a schedule: corrects the counters by the rows of the tables that they count."""

import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reconcile.wiring import reconciliation
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.stores.counters import TOTAL

logger = Logger()
metrics = Metrics()
initialize(reconciliation)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Correct the counters once; a failure leaves them to the next run."""
    wrong = reconciliation().run(now=int(time.time()))
    metrics.add_metric(name="counters_adjusted", unit="Count", value=len(wrong or {}))
    if wrong is None:
        logger.info("reconciled just before")
        return
    largest = max((abs(change) for change in wrong.values()), default=0)
    totals = {name: change for (name, part), change in wrong.items() if part == TOTAL}
    logger.info("reconciled", extra={"adjusted": len(wrong), "largest": largest, "totals": totals})
