"""The WebSocket API: the door that clients come through, and its routes."""

from aws_cdk.aws_apigatewayv2 import WebSocketApi, WebSocketStage
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from aws_cdk.aws_lambda import IFunction
from constructs import Construct

from infra.access_logs import WEBSOCKET_FIELDS, log_access

STAGE = "ws"
"""Named after the path that clients use, so that the edge passes `/ws` on as it is."""

COMMANDS = ("subscribe", "unsubscribe", "$default")
"""The routes that answer: `action` of a JSON frame, and `$default` for every other frame."""


class RealtimeApi(Construct):
    """The API and its stage; it stands before the functions, which are told its address."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, access_logs: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = WebSocketApi(
            self, "Api", api_name=name, route_selection_expression="$request.body.action"
        )
        self.stage = WebSocketStage(
            self, "Stage", web_socket_api=self.api, stage_name=STAGE, auto_deploy=True
        )
        if access_logs:
            log_access(self.stage, WEBSOCKET_FIELDS)

    def lead(
        self, *, connect: IFunction, disconnect: IFunction, commands: IFunction, answers: bool
    ) -> None:
        """Lead each route to its function; with `answers`, replies go back as route responses.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
        """
        connection = WebSocketLambdaIntegration("Connect", connect)
        self.api.add_route("$connect", integration=connection)
        self.api.add_route(
            "$disconnect", integration=WebSocketLambdaIntegration("Disconnect", disconnect)
        )
        command = WebSocketLambdaIntegration("Command", commands)
        for route in COMMANDS:
            self.api.add_route(route, integration=command, return_response=answers)
