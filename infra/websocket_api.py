"""The WebSocket API that clients connect to, and its routes."""

from collections.abc import Mapping

from aws_cdk.aws_apigatewayv2 import ThrottleSettings, WebSocketApi, WebSocketStage
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_lambda import IFunction
from constructs import Construct

from infra.access_logs import WEBSOCKET_FIELDS, log_access
from infra.settings import Settings

STAGE = "ws"
"""Named after the path that clients use, so that the edge passes `/ws` on as it is."""

ROUTES = {
    "$connect": "connect",
    "$disconnect": "disconnect",
    "$default": "subscribe",
}
"""Each route's function. No command has a route of its own, so every frame takes `$default`, the
only one of which AWS's documents agree that it can answer (docs/decisions/0017).
"""

WITH_REPLY = "$default"


class RealtimeApi(Construct):
    """The API and its stage; it is made before the functions, which are told its address."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.api = WebSocketApi(
            self,
            "Api",
            api_name=f"{settings.stack_name} WebSocket",
            route_selection_expression="$request.body.action",
        )
        self.stage = WebSocketStage(
            self,
            "Stage",
            web_socket_api=self.api,
            stage_name=STAGE,
            auto_deploy=True,
            throttle=ThrottleSettings(
                rate_limit=settings.frames_per_second, burst_limit=settings.frame_burst
            ),
        )
        if settings.websocket_access_logs:
            log_access(self.stage, WEBSOCKET_FIELDS, days=settings.log_retention_days)

    def add_routes(self, functions: Mapping[str, IFunction], *, route_responses: bool) -> None:
        """Add each route; with `route_responses`, replies to frames go back that way.

        The stage waits for all of them: with automatic deployment it could be live without some.
        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
        """
        integrations = {
            function: WebSocketLambdaIntegration(function.capitalize(), functions[function])
            for function in dict.fromkeys(ROUTES.values())
        }
        for key, function in ROUTES.items():
            route = self.api.add_route(
                key,
                integration=integrations[function],
                return_response=route_responses and key == WITH_REPLY,
            )
            self.stage.node.add_dependency(route)
