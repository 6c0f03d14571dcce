"""The HTTP API: GitHub's webhooks, the service's health and its figures."""

from collections.abc import Mapping

from aws_cdk.aws_apigatewayv2 import (
    CorsHttpMethod,
    CorsPreflightOptions,
    HttpApi,
    HttpMethod,
    HttpStage,
    ThrottleSettings,
)
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_lambda import IFunction
from constructs import Construct

from infra.access_logs import HTTP_FIELDS, log_access

WEBHOOK = "/webhooks/github"
STATS = "/api/v1/websocket/stats"
HEALTH = "/health"

ROUTES = (
    (HttpMethod.POST, WEBHOOK, "webhooks"),
    (HttpMethod.GET, HEALTH, "status"),
    (HttpMethod.GET, STATS, "status"),
)
"""Method, path, and the function that answers."""

THROTTLE = ThrottleSettings(rate_limit=500, burst_limit=1000)
"""Requests a second. Half of what a new account's functions can run at once, so that a flood of
unsigned webhooks leaves room for the clients."""


class HttpRoutes(Construct):
    """The API with its routes; `origins` are the pages that may read the answers."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        origins: list[str],
        functions: Mapping[str, IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = HttpApi(
            self,
            "Api",
            api_name=name,
            create_default_stage=False,
            cors_preflight=CorsPreflightOptions(
                allow_origins=origins,
                allow_methods=[CorsHttpMethod.GET],
                allow_headers=["authorization"],
            ),
        )
        stage = HttpStage(self, "Stage", http_api=self.api, auto_deploy=True, throttle=THROTTLE)
        log_access(stage, HTTP_FIELDS)
        integrations = {
            function: HttpLambdaIntegration(function.capitalize(), functions[function])
            for function in dict.fromkeys(function for _, _, function in ROUTES)
        }
        for method, path, function in ROUTES:
            self.api.add_routes(path=path, methods=[method], integration=integrations[function])
