"""The HTTP API: GitHub's webhooks, the service's health and its figures, and long polling."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk.aws_apigatewayv2 import (
    CfnStage,
    CorsHttpMethod,
    CorsPreflightOptions,
    HttpApi,
    HttpMethod,
    HttpRoute,
    HttpRouteKey,
    HttpStage,
    ThrottleSettings,
)
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_lambda import IFunction
from constructs import Construct

from infra.access_logs import HTTP_FIELDS, log_access
from infra.origins import ANY
from infra.settings import Settings

WEBHOOK = "/webhooks/github"
STATS = "/api/v1/websocket/stats"
ROOM_STATE = "/api/v1/rooms/{room}/state"
ROOM_MEMBERS = "/api/v1/rooms/{room}/members"
ADMIN = "/api/v1/admin"
EXPLAIN = "/api/v1/explain"
HEALTH = "/health"
POLLING = "/socket.io/"
STAGE = "$default"

ROUTES = (
    (HttpMethod.POST, WEBHOOK, "webhooks"),
    (HttpMethod.GET, HEALTH, "status"),
    (HttpMethod.HEAD, HEALTH, "status"),  # what monitors send
    (HttpMethod.GET, STATS, "status"),
    (HttpMethod.GET, ROOM_STATE, "status"),
    (HttpMethod.GET, ROOM_MEMBERS, "status"),
    (HttpMethod.GET, EXPLAIN, "status"),
    (HttpMethod.POST, f"{ADMIN}/events", "admin"),
    (HttpMethod.POST, f"{ADMIN}/access", "admin"),
    (HttpMethod.GET, f"{ADMIN}/links", "admin"),
    (HttpMethod.PUT, f"{ADMIN}/links", "admin"),
    (HttpMethod.DELETE, f"{ADMIN}/links", "admin"),
    (HttpMethod.GET, f"{ADMIN}/dead-letters", "admin"),
    (HttpMethod.POST, f"{ADMIN}/dead-letters/redrive", "admin"),
)
"""Method, path, and the function that answers; without the function there is no such route.

Pages of other origins may not send PUT and DELETE: the console has the origin of the routes.
"""

OTHERWISE = "poll"
"""The function of everything else, long polling among it.

Whether `/socket.io/{proxy+}` matches `/socket.io/` is not documented; `$default` does.
"""

THROTTLE = ThrottleSettings(rate_limit=500, burst_limit=1000)
"""Requests a second. At some 20 ms each, a flood of unsigned webhooks then keeps about ten
executions busy, which leaves room for the clients. The clients' own requests, which come in by
`$default`, have the rate of their frames."""

PREFLIGHT_LASTS = Duration.hours(2)
"""The longest that Chromium believes the answer to a preflight request.

https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age
"""


class HttpRoutes(Construct):
    """The API with its routes; the pages of `allowed_origins` may read the answers.

    They may send credentials: a Socket.IO client with `withCredentials` does with every request.
    The stage waits for all of them: with automatic deployment it could be live without some.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        functions: Mapping[str, IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = HttpApi(
            self,
            "Api",
            api_name=f"{settings.stack_name} HTTP",
            create_default_stage=False,
            cors_preflight=CorsPreflightOptions(
                allow_origins=with_credentials(settings.origins),
                allow_credentials=True,
                allow_methods=[CorsHttpMethod.GET, CorsHttpMethod.HEAD, CorsHttpMethod.POST],
                allow_headers=["authorization", "content-type"],
                max_age=PREFLIGHT_LASTS,
            ),
        )
        stage = HttpStage(self, "Stage", http_api=self.api, auto_deploy=True, throttle=THROTTLE)
        _let_clients_poll(stage, settings)
        log_access(stage, HTTP_FIELDS, days=settings.log_retention_days)
        routes = [row for row in ROUTES if row[2] in functions]
        integrations = {
            function: HttpLambdaIntegration(function.capitalize(), functions[function])
            for function in dict.fromkeys([*(function for _, _, function in routes), OTHERWISE])
        }
        for method, path, function in routes:
            integration = integrations[function]
            for route in self.api.add_routes(path=path, methods=[method], integration=integration):
                stage.node.add_dependency(route)
        otherwise = HttpRoute(
            self,
            "Otherwise",
            http_api=self.api,
            route_key=HttpRouteKey.DEFAULT,
            integration=integrations[OTHERWISE],
        )
        stage.node.add_dependency(otherwise)


def _let_clients_poll(stage: HttpStage, settings: Settings) -> None:
    resource = stage.node.default_child
    assert isinstance(resource, CfnStage)  # noqa: S101  (what an L2 stage always is)
    resource.route_settings = {
        HttpRouteKey.DEFAULT.key: {
            "ThrottlingRateLimit": settings.frames_per_second,
            "ThrottlingBurstLimit": settings.frame_burst,
        }
    }


def with_credentials(origins: list[str]) -> list[str]:
    """Return the origins as API Gateway takes them beside credentials, where it refuses `*`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    return ["https://*", "http://*"] if origins == [ANY] else origins
