"""The service's stack: it puts the parts together and grants each function what its row names."""

import tomllib
from pathlib import Path

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk.aws_events import EventBus, Rule
from aws_cdk.aws_lambda import Code, LayerVersion
from constructs import Construct

from infra import grants, http_api, triggers
from infra.alarms import Alarms
from infra.data_bucket import data_bucket
from infra.functions import FunctionRow, needed
from infra.grants import Clients, Resource
from infra.http_api import HttpRoutes
from infra.keys import Keys
from infra.metrics import NAMESPACE, service_name
from infra.python_function import ARCHITECTURE, RUNTIME, PythonFunction
from infra.queues import Queues
from infra.rollout import CanaryRollout
from infra.settings import Settings, variable
from infra.tables import Tables
from infra.target import Target
from infra.watching import Watched, watch
from infra.websocket_api import STAGE, RealtimeApi

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


class ServiceStack(Stack):
    """Everything but the edge. `build` is the folder that `python -m infra.bundle` wrote."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        target: Target,
        build: Path,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.stack_name,
            synthesizer=target.synthesizer,
            description="Roomcast: realtime events over WebSockets",
        )
        self._settings = settings
        self._target = target
        target.add_parameters(self)
        self.tables = Tables(self, "Tables", retain_registry=target.retains)
        self._rows = needed(settings)
        timeouts = {row.name: row.timeout for row in self._rows}
        self.queues = Queues(
            self,
            "Queues",
            functions=[name for name in triggers.WITH_DEAD_LETTERS if name in timeouts],
            timeouts=timeouts,
            enforce_ssl=target.encrypted,
        )
        self.keys = Keys(self, "Keys", settings=settings)
        self.bus = EventBus(self, "Bus", event_bus_name=settings.stack_name)
        self.data = data_bucket(
            self,
            "Data",
            replay_hours=settings.replay_hours,
            origins=settings.origins,
            enforce_ssl=target.encrypted,
            retain=target.retains,
        )
        self.websocket = RealtimeApi(self, "WebSocket", settings=settings)
        made = self._make_functions(build)
        self.functions = {name: each.function for name, each in made.items()}
        self.live = {name: each.live for name, each in made.items()}
        self._logs = {name: each.logs for name, each in made.items()}
        self.http = HttpRoutes(self, "Http", settings=settings, functions=self.live)
        self._add_triggers()
        alarms = self._add_alarms()
        if target.canary and settings.deployment == "canary":
            CanaryRollout(self, "Rollout", live=self.live, alarms=alarms)
        self._add_outputs()
        add_tags(self, settings)

    def _make_functions(self, build: Path) -> dict[str, PythonFunction]:
        """Make each function of the table with the grants of its row and of its triggers."""
        code = Code.from_asset(str(build / "code"))
        layer = self._layer(build) if self._target.layer else None
        resources = self._resources()
        made: dict[str, PythonFunction] = {}
        for row in self._rows:
            wanted = {**row.grants, **triggers.grants_of(row.name)}
            granted = [(resources[name], verbs) for name, verbs in wanted.items()]
            allowed = [(resource, verbs) for resource, verbs in granted if resource is not None]
            statements = [each for resource, verbs in allowed for each in resource.allow(*verbs)]
            made[row.name] = PythonFunction(
                self,
                row.name.capitalize(),
                name=row.name,
                purpose=row.purpose,
                timeout=row.timeout,
                memory=row.memory,
                code=code,
                layer=layer,
                environment=self._environment(row, [resource for resource, _ in allowed]),
                statements=statements,
                log_retention_days=self._settings.log_retention_days,
                traced=self._settings.tracing == "active",
                recursive=row.recursive,
                reserved=self._settings.reserved_concurrency.get(row.name),
            )
            resources[row.name] = grants.function_to_invoke(row.name, made[row.name].live)
        return made

    def _layer(self, build: Path) -> LayerVersion:
        return LayerVersion(
            self,
            "Libraries",
            description="The locked libraries of the functions",
            code=Code.from_asset(str(build / "layer")),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
        )

    def _environment(self, row: FunctionRow, granted: list[Resource]) -> dict[str, str]:
        """Return the settings and the names of what the function is granted, of nothing else."""
        named = {variable(resource.name): resource.value for resource in granted if resource.name}
        return {
            "POWERTOOLS_SERVICE_NAME": service_name(self._settings.stack_name, row.name),
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": self._settings.log_level,
            **self._settings.variables(),
            **named,
        }

    def _resources(self) -> dict[str, Resource | None]:
        """Return what the rows' grants name; None where this deployment has no such thing."""
        tables, queues, keys = self.tables, self.queues, self.keys
        return {
            **{name: grants.table(name, table) for name, table in tables.named.items()},
            **{f"{name}_stream": grants.stream(table) for name, table in tables.streamed.items()},
            **{
                f"{name}_queue": grants.queue_to_send_to(name, queue)
                for name, queue in queues.work.items()
            },
            **{
                f"{name}_messages": grants.queue_of_a_trigger(queue)
                for name, queue in queues.work.items()
            },
            **{
                f"{name}_dead_letters": grants.queue_of_a_trigger(queue)
                for name, queue in queues.dead_letters.items()
            },
            "dead_letters": grants.queues("dead_letters", queues.dead_letters),
            "work_queues": grants.queues("", queues.work),
            "event_bus": grants.bus(self.bus),
            "data_bucket": grants.bucket("data", self.data),
            "jwt_secret": grants.secret("jwt", keys.jwt) if keys.jwt else None,
            "github_secret": grants.secret("github", keys.github),
            "clients": self._clients(),
        }

    def _clients(self) -> Clients:
        return Clients(
            service="execute-api",
            arn=self.format_arn(
                service="execute-api", resource=self.websocket.api.api_id, resource_name=STAGE
            ),
            name="callback_url",
            value=self._target.callback_url(self.websocket.api.api_id, STAGE),
        )

    def _add_triggers(self) -> None:
        """Connect routes, queues, the bus, schedules, streams and calls with their functions."""
        self.websocket.add_routes(self.live, route_responses=self._target.route_responses)
        sources = triggers.Sources(
            bus=self.bus, tables=self.tables, queues=self.queues, settings=self._settings
        )
        for trigger in (each for each in triggers.TRIGGERS if each.function in self.live):
            trigger.connect(self.live[trigger.function], sources)

    def _add_alarms(self) -> Alarms:
        rules = [each for each in self.node.find_all() if isinstance(each, Rule)]
        parts = Watched(
            functions=self.functions,
            logs=self._logs,
            queues=self.queues,
            tables=self.tables,
            bus=self.bus,
            rules={rule.node.path.split("/")[1]: rule for rule in rules},
            websocket=(self.websocket.api.api_id, STAGE),
            http=(self.http.api.api_id, http_api.STAGE),
        )
        return watch(self, parts, self._settings, metric_math=self._target.metric_math)

    def _add_outputs(self) -> None:
        """Write the stack's outputs."""
        api_id = self.websocket.api.api_id
        http_url = self._target.http_url(self.http.api.api_id)
        outputs = {
            "WebSocketUrl": self._target.websocket_url(api_id, STAGE),
            "CallbackUrl": self._target.callback_url(api_id, STAGE),
            "HttpUrl": http_url,
            "WebhookUrl": f"{http_url}{http_api.WEBHOOK}",
            "StatsUrl": f"{http_url}{http_api.STATS}",
            "HealthUrl": f"{http_url}{http_api.HEALTH}",
            "PollingUrl": f"{http_url}{http_api.POLLING}",
            "EventBusName": self.bus.event_bus_name,
            "EventBusArn": self.bus.event_bus_arn,
            "DataBucketName": self.data.bucket_name,
            "GithubSecretArn": self.keys.github.arn,
            "RegistryTableName": self.tables.registry.table_name,
            "ServiceVersion": tomllib.loads(PROJECT.read_text())["project"]["version"],
        }
        outputs["BroadcastFunctionName"] = self.functions["broadcast"].function_name
        outputs["AccessFunctionName"] = self.functions["access"].function_name
        for name, queue in self.queues.dead_letters.items():
            outputs[f"{name.capitalize()}DeadLettersUrl"] = queue.queue_url
        if self._settings.room_kinds:
            outputs["RoomKinds"] = self._settings.room_kinds
        if self.keys.jwt:
            outputs["JwtSecretArn"] = self.keys.jwt.arn
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def add_tags(stack: Stack, settings: Settings) -> None:
    """Tag everything of a stack, so that costs and resources of two deployments stay apart."""
    Tags.of(stack).add("Project", "roomcast")
    Tags.of(stack).add("Stack", settings.stack_name)
