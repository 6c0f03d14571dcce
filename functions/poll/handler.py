"""`$default` of the HTTP API: Socket.IO's long polling."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


@logger.inject_lambda_context
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer every request alike."""
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "stub"}
