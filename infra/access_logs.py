"""Access logs of the API stages: who called what and how it went, never a query string or a body.

A handshake's query can carry a token, so the formats name the few fields that are kept.
"""

import json

from aws_cdk import RemovalPolicy
from aws_cdk.aws_apigatewayv2 import CfnStage, HttpStage, WebSocketStage
from aws_cdk.aws_logs import LogGroup, RetentionDays

HTTP_FIELDS = ("requestId", "ip", "requestTime", "routeKey", "status", "responseLength")
WEBSOCKET_FIELDS = ("requestId", "ip", "requestTime", "eventType", "routeKey", "status")


def log_access(stage: HttpStage | WebSocketStage, fields: tuple[str, ...]) -> None:
    """Write one line of JSON per request to a log group of the stage's own.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    """
    logs = LogGroup(
        stage,
        "AccessLogs",
        retention=RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )
    resource = stage.node.default_child
    assert isinstance(resource, CfnStage)  # noqa: S101  (what an L2 stage always is)
    resource.access_log_settings = CfnStage.AccessLogSettingsProperty(
        destination_arn=logs.log_group_arn,
        format=json.dumps({field: f"$context.{field}" for field in fields}),
    )
