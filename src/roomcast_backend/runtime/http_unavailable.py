"""The answer when a store does not answer."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response

from roomcast_backend.runtime.unavailable import HEALTH, count_unavailable

logger = Logger()


def answer(error: Exception) -> Response[Any]:
    """Log why, count it, and answer 503."""
    logger.error("a store does not answer", extra={"error": str(error)})
    count_unavailable(HEALTH)
    return Response(503, "application/json", '{"status": "unavailable"}')
