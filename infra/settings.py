"""Every setting of the service: a CDK context value with its default, meaning and limits.

Set one in `cdk.json`'s context or with `cdk deploy -c name=value`. What functions are told reaches
them as `ROOMCAST_<NAME>`. docs/settings.md shows them all; a test compares it with this file.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from infra import arns, origins

if TYPE_CHECKING:  # the CDK's library starts Node, and what reads settings need not wait for it
    from constructs import Node

MINUTE = 60
"""EventBridge's shortest schedule, in seconds.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
"""

FRAME = 128 * 1024
MEGABYTE = 1024 * 1024
"""API Gateway's limit for one message to a client, in bytes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

REQUEST = 6 * 1024 * 1024
"""Lambda's limit for the request of a synchronous call, in bytes; a binary body comes in base64.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


LOG_RETENTION = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days for which CloudWatch can keep logs.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


def _days_of_logs(days: int) -> int:
    if days not in LOG_RETENTION:
        raise ValueError(f"expected one of {', '.join(map(str, LOG_RETENTION))}")
    return days


def _in_turns(seconds: int) -> int:
    """Check an interval between heartbeats, whose function runs once a minute."""
    if seconds < MINUTE and MINUTE % seconds:
        raise ValueError("expected 20, 30, or a multiple of 10 from 60 on")
    if seconds % 10:
        raise ValueError("expected a multiple of 10 seconds")
    return seconds


def _whole_minutes(seconds: int) -> int:
    if seconds % MINUTE:
        raise ValueError("expected whole minutes: a multiple of 60 seconds")
    return seconds


class FunctionSettings(BaseModel):
    """What the functions are told, every one of them alike.

    A setting that one of them lacked would silently be its default there: a room would have other
    shards for who joins than for who delivers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_connections: int = Field(
        0, ge=0, description="Connections at one time; a handshake over it gets 503. 0: no limit."
    )
    authentication_deadline: int = Field(
        15,
        ge=1,
        le=900,
        description="Seconds in which a connection without a token has to send one. "
        "At most 900, the longest delay of a queue message.",
    )
    allowed_origins: Annotated[str, AfterValidator(origins.normalised)] = Field(
        "*", description="Origins that browsers may connect from, comma-separated; `*`: any."
    )
    max_rooms_per_connection: int = Field(
        50,
        ge=1,
        le=90,
        description="Rooms that one connection can be in; a fresh token rewrites all of them in "
        "one transaction of at most 100 items.",
    )
    commands_per_second: int = Field(
        10, ge=1, description="Commands that one connection may send, sustained."
    )
    command_burst: int = Field(
        20, ge=1, description="Commands that one connection may send at once after a pause."
    )

    max_event_bytes: int = Field(
        MEGABYTE,
        ge=1024,
        le=MEGABYTE,
        description="Size of an encoded event. What is larger than `max_post_bytes` reaches "
        "clients by reference: a link to its data.",
    )
    replay_hours: int = Field(
        24, ge=1, description="Hours that events are kept for clients that were away."
    )
    global_shards: int = Field(
        16,
        ge=1,
        le=256,
        description="Partitions of the room `global`, which holds every connection. Changing it "
        "moves connected clients only when they connect again.",
    )
    page_size: int = Field(
        1000,
        ge=1,
        le=5000,
        description="Members that one invocation delivers to; larger rooms go to the queue in "
        "pages of this size. At least `global_shards`.",
    )
    page_workers: int = Field(
        5,
        ge=2,
        le=1000,
        description="Pages delivered at a time; 2 is the least that Lambda takes. More than "
        "`posts_per_second` needs make nothing faster.",
    )
    posts_per_second: int = Field(
        2000,
        ge=1,
        le=1_000_000,
        description="Posts to connections that the service makes in a second, in bursts more; each "
        "page worker takes its share. Keeps under the account's quota of requests, which clients' "
        "frames and handshakes share: 10,000 in most regions, where 9000 is right for large rooms, "
        "and 2,500 in some.",
    )
    max_post_bytes: int = Field(
        FRAME,
        ge=1024,
        le=FRAME,
        description="Size of one post to a client. A larger event arrives by reference: "
        '`"data": {}` and `data_ref`, a link to its data.',
    )
    socketio_heartbeat: Literal["noop", "ping"] = Field(
        "noop",
        description="What keeps Socket.IO connections open: `noop`, a packet that needs no answer, "
        "or `ping`, which each client answers, as a second billed message. With `ping` a client "
        "itself notices a line that is dead.",
    )
    heartbeat_interval: Annotated[int, AfterValidator(_in_turns)] = Field(
        510,
        ge=20,
        le=510,
        description="Seconds between two heartbeats to every connection: 20, 30, or a multiple of "
        "10 from 60 to 510, which is rounded down to whole minutes. Each one is a billed message "
        "and can be a minute late; API Gateway closes what is silent for 600.",
    )
    heartbeat_timeout: int = Field(
        240,
        ge=1,
        le=86_400,
        description="Seconds that Socket.IO clients are told to wait on top of the interval before "
        "they take the connection for lost; less than 60 ends some that are not. With "
        "`socketio_heartbeat` `ping` only.",
    )

    jwks_url: str = Field(
        "",
        pattern="^$|^https://|^http://127\\.0\\.0\\.1",
        description="URL of a JSON Web Key Set to verify tokens with. Set: no shared secret.",
    )
    jwt_algorithm: Literal["HS256", "HS384", "HS512"] = Field(
        "HS256", description="Algorithm of tokens with the shared secret."
    )
    jwt_audience: str = Field("", description="Audience (`aud`) that tokens must name.")
    jwt_issuer: str = Field("", description="Issuer (`iss`) that tokens must name.")
    projects_without_claim: Literal["none", "all"] = Field(
        "none", description="Projects that a token without a `projects` claim opens."
    )

    max_webhook_bytes: int = Field(
        5 * 1024 * 1024,
        ge=1024,
        le=REQUEST,
        description="Size of a webhook's body; a larger one gets 413.",
    )

    @model_validator(mode="after")
    def _pages_hold_a_shard(self) -> Self:
        if self.page_size < self.global_shards:
            raise ValueError("page_size: expected at least global_shards")
        return self

    @model_validator(mode="after")
    def _only_pings_have_a_timeout(self) -> Self:
        if "heartbeat_timeout" in self.model_fields_set and self.socketio_heartbeat != "ping":
            raise ValueError("heartbeat_timeout: expected socketio_heartbeat to be ping")
        return self

    def variables(self) -> dict[str, str]:
        """Return the environment variables of a function; what is not set has none."""
        values = {name: getattr(self, name) for name in FunctionSettings.model_fields}
        return {variable(name): str(value) for name, value in values.items() if value != ""}


class Settings(FunctionSettings):
    """What can be set for one deployment; an empty string means: not set."""

    target: Literal["aws", "local"] = Field(
        "aws", description="Where the stack will run: on AWS, or on the emulator of `make dev`."
    )
    stack_name: str = Field(
        "Roomcast",
        pattern="^[A-Za-z][A-Za-z0-9-]{0,39}$",
        description="Name of the stack and of its event bus; the edge's has `Edge` appended. "
        "Letters, digits and hyphens, at most 40, beginning with a letter. "
        "Deploy the service twice in one account under two names.",
    )
    aws_port: int = Field(
        4566, ge=1, le=65535, description="Port of the emulator; read by the local target alone."
    )
    jwt_secret_arn: str = Field(
        "",
        pattern=arns.SECRET,
        description="ARN of the secret that tokens are signed with, with or without its six random "
        "characters. Not set: one is generated.",
    )
    jwt_secret_kms_key_arn: str = Field(
        "",
        pattern=arns.KMS_KEY,
        description="ARN of the customer key that encrypts `jwt_secret_arn`; not set for AWS's own "
        "key.",
    )
    github_secret_arn: str = Field(
        "",
        pattern=arns.SECRET,
        description="ARN of the secret that GitHub signs webhooks with, with or without its six "
        "random characters. Not set: one is generated.",
    )
    github_secret_kms_key_arn: str = Field(
        "",
        pattern=arns.KMS_KEY,
        description="ARN of the customer key that encrypts `github_secret_arn`; not set for AWS's "
        "own key.",
    )

    frames_per_second: int = Field(
        2000,
        ge=1,
        description="Handshakes and frames of all clients that the WebSocket API takes in a "
        "second. They share the account's quota of requests with `posts_per_second`.",
    )
    frame_burst: int = Field(
        1000,
        ge=1,
        description="Handshakes and frames of all clients that the WebSocket API takes at once.",
    )
    connect_reserved_concurrency: int = Field(
        0,
        ge=0,
        description="Executions reserved for `connect`, which can then have no more than these. "
        "0: none. Every reservation fails in an account whose quota is not over 100.",
    )
    subscribe_reserved_concurrency: int = Field(
        0,
        ge=0,
        description="Executions reserved for `subscribe`, which answers every frame; as above.",
    )
    deployment: Literal["all-at-once", "canary"] = Field(
        "all-at-once",
        description="How calls move to new code. `canary`: CodeDeploy sends a tenth of them for "
        "five minutes and goes back when the function's alarm about errors rings.",
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Level of the functions' logs."
    )
    log_retention_days: Annotated[int, AfterValidator(_days_of_logs)] = Field(
        30, description="Days for which logs are kept, one of those that CloudWatch offers."
    )
    tracing: Literal["off", "active"] = Field(
        "off",
        description="X-Ray traces of the functions. Lambda takes one invocation a second and 5 % "
        "of the others, which cannot be set; each trace is billed.",
    )
    websocket_access_logs: bool = Field(
        False,
        description="Log each handshake and frame at the gateway (never its content). Needs the "
        "account's API Gateway role for CloudWatch Logs, which is set once per account and region.",
    )
    reconcile_interval: Annotated[int, AfterValidator(_whole_minutes)] = Field(
        3600,
        ge=0,
        description="Seconds between two corrections of the counters by the rows of the tables, "
        "whole minutes; each reads both tables once. 0: never.",
    )
    alarm_topic_arn: str = Field("", description="ARN of the SNS topic that alarms notify.")

    edge_domain: str = Field("", description="Domain name of the edge, `events.example.com`.")
    edge_certificate_arn: str = Field(
        "",
        pattern=arns.EDGE_CERTIFICATE,
        description="ARN of the certificate for `edge_domain`, in us-east-1.",
    )
    edge_hosted_zone_id: str = Field(
        "",
        pattern="^$|^Z[A-Z0-9]+$",
        description="Route 53's zone in which `edge_domain` is entered. Not set: enter it "
        "yourself, as a CNAME of the output `DnsTarget`.",
    )
    edge_hosted_zone_name: str = Field("", description="Name of that zone, `example.com`.")
    web_acl_arn: str = Field(
        "",
        pattern=arns.WEB_ACL,
        description="ARN of the firewall (AWS WAF web ACL) of the edge, in us-east-1.",
    )

    @model_validator(mode="after")
    def _domain_has_certificate(self) -> Self:
        if bool(self.edge_domain) != bool(self.edge_certificate_arn):
            raise ValueError("edge_domain and edge_certificate_arn: expected both or neither")
        return self

    @model_validator(mode="after")
    def _domain_is_in_its_zone(self) -> Self:
        zone = self.edge_hosted_zone_name.rstrip(".")
        if bool(zone) != bool(self.edge_hosted_zone_id):
            raise ValueError("edge_hosted_zone_id and edge_hosted_zone_name: both or neither")
        if zone and not f".{self.edge_domain}".endswith(f".{zone}"):
            raise ValueError("edge_hosted_zone_name: expected the zone of edge_domain")
        return self

    @model_validator(mode="after")
    def _key_has_its_secret(self) -> Self:
        for name in ("jwt_secret", "github_secret"):
            if getattr(self, f"{name}_kms_key_arn") and not getattr(self, f"{name}_arn"):
                raise ValueError(f"{name}_kms_key_arn: expected {name}_arn, too")
        return self

    @property
    def reserved_concurrency(self) -> dict[str, int]:
        """The executions that are reserved, by function; only those that have some."""
        chosen = {
            "connect": self.connect_reserved_concurrency,
            "subscribe": self.subscribe_reserved_concurrency,
        }
        return {function: count for function, count in chosen.items() if count}

    @classmethod
    def from_context(cls, node: "Node") -> Self:
        """Read the settings from an app's context; raise `pydantic.ValidationError` for bad ones.

        Values given with `-c` are strings and are read as what the setting asks for.
        """
        return cls.from_values({name: node.try_get_context(name) for name in cls.model_fields})

    @classmethod
    def from_values(cls, context: Mapping[str, Any]) -> Self:
        """Read the settings from context values, of which some are those of others or None."""
        given = {name: context.get(name) for name in cls.model_fields}
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def origins(self) -> list[str]:
        """The allowed origins, one by one."""
        return [origin.strip() for origin in self.allowed_origins.split(",") if origin.strip()]


def variable(name: str) -> str:
    """Return the environment variable in which functions find a setting or a resource."""
    return f"ROOMCAST_{name.upper()}"


def problems(refused: ValidationError) -> str:
    """Return one line for each setting that cannot be used, with its value."""
    lines = []
    for error in refused.errors():
        name = ".".join(str(part) for part in error["loc"])
        got = f" {name}={error['input']!r}:" if name else ""
        lines.append(f"Bad setting:{got} {error['msg']}")
    return "\n".join(lines)
