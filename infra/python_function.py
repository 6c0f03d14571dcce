"""One function of the service: its Lambda, its role and its log group."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk.aws_iam import PolicyDocument, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import (
    Alias,
    Architecture,
    Code,
    Function,
    ILayerVersion,
    RecursiveLoop,
    Runtime,
    Tracing,
)
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from infra.logs import log_group

RUNTIME = Runtime.PYTHON_3_13
ARCHITECTURE = Architecture.ARM_64

LIVE = "live"
"""The alias that everything calls."""

TRACES = PolicyStatement(
    # X-Ray has no resources to name in these two actions:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    resources=["*"],
)


class PythonFunction(Construct):
    """A Lambda that runs `functions/<name>/handler.py` and may do what `statements` say.

    `live` is what is called, an alias of the newest version: Lambda changes code and layer of a
    function in two steps, while a version has both, and calls move to it at once.
    `recursive` lets the function meet its own messages again, which Lambda would stop after 16.
    `reserved` executions are its own; None: it shares the account's.

    The role is written whole and inline: what a library would add to it on its own, it cannot.
    The log format stays Lambda's plain one: with its JSON, Lambda's own level of INFO would go
    before `log_level`, and Powertools writes JSON anyway.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        purpose: str,
        timeout: int,
        memory: int,
        code: Code,
        layer: ILayerVersion | None,
        environment: dict[str, str],
        statements: Sequence[PolicyStatement],
        log_retention_days: int,
        traced: bool,
        recursive: bool,
        reserved: int | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.logs = log_group(self, "Logs", days=log_retention_days)
        own = [_write_to(self.logs), *([TRACES] if traced else [])]
        self.role = Role(
            self,
            "Role",
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Grants": PolicyDocument(statements=[*own, *statements])},
        )
        self.function = Function(
            self,
            "Function",
            description=purpose,
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            handler=f"functions.{name}.handler.handler",
            code=code,
            layers=[layer] if layer else None,
            environment=environment,
            timeout=Duration.seconds(timeout),
            memory_size=memory,
            role=self.role.without_policy_updates(),
            log_group=self.logs,
            tracing=Tracing.ACTIVE if traced else Tracing.DISABLED,
            recursive_loop=RecursiveLoop.ALLOW if recursive else None,
            reserved_concurrent_executions=reserved,
        )
        version = self.function.current_version
        self.live = Alias(self, "Live", alias_name=LIVE, version=version)


def _write_to(logs: LogGroup) -> PolicyStatement:
    return PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[logs.log_group_arn]
    )
