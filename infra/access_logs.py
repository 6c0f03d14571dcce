"""Access logs of the API stages: who called what and how it went, never a query string or a body.

A handshake's query can carry a token, so the formats name the few fields that are kept. An error is
the gateway's own sentence about the integration; it holds nothing that the caller sent.
"""

import json
from collections.abc import Mapping

from aws_cdk.aws_apigatewayv2 import CfnStage, HttpStage, WebSocketStage

from infra.logs import log_group

_COMMON = {
    **{name: name for name in ("requestId", "ip", "requestTime", "routeKey", "status")},
    "error": "error.message",
    "integrationStatus": "integration.status",
    "integrationError": "integration.error",
    "integrationLatency": "integration.latency",
}
HTTP_FIELDS = {**_COMMON, "responseLength": "responseLength"}
WEBSOCKET_FIELDS = {**_COMMON, "eventType": "eventType"}
"""The name in the log, and the variable of API Gateway's context."""


def log_access(stage: HttpStage | WebSocketStage, fields: Mapping[str, str], *, days: int) -> None:
    """Write one line of JSON per request to a log group of the stage's own, kept for `days`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    """
    logs = log_group(stage, "AccessLogs", days=days)
    resource = stage.node.default_child
    assert isinstance(resource, CfnStage)  # noqa: S101  (what an L2 stage always is)
    resource.access_log_settings = CfnStage.AccessLogSettingsProperty(
        destination_arn=logs.log_group_arn,
        format=json.dumps({name: f"$context.{variable}" for name, variable in fields.items()}),
    )
