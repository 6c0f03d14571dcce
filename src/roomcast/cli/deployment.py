"""Finds a service: a local one by `.local/endpoints.json`, one on AWS by its stack.

Only the command line uses this; a publisher needs `ROOMCAST_EVENT_BUS` and boto3's variables.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from roomcast import room_kinds, rooms
from roomcast.cli import reachable
from roomcast.cli.group import START
from roomcast.errors import NotConfigured
from roomcast.secret_text import secrets_in

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.config import Config

ENDPOINTS: Final = Path(".local", "endpoints.json")

LOCAL_CREDENTIALS: Final[dict[str, Any]] = {
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}
"""The root credentials of the local AWS. They are no secret: it listens on 127.0.0.1 only."""

CONNECT_SECONDS: Final = 2.0
"""How long a connection to AWS may take to be there."""

READ_SECONDS: Final = 20.0
"""How long AWS may take to answer."""

_STACK_OUTPUTS: Final = {
    "WebSocketUrl": "websocket_url",
    "StatsUrl": "stats_url",
    "EventBusName": "event_bus",
    "DataBucketName": "data_bucket",
    "RoomKinds": "room_kinds",
    "RegistryTableName": "registry_table",
    "JwtSecretArn": "jwt_secret_arn",
    "WebhookUrl": "webhook_url",
    "HealthUrl": "health_url",
    "GithubSecretArn": "github_secret_arn",
    "BroadcastFunctionName": "broadcast_function",
    "AccessFunctionName": "access_function",
}

DEAD_LETTERS: Final = "DeadLettersUrl"
"""How the names of the outputs end that hold the URLs of the queues of dead letters."""

_ENDPOINT_FIELDS: Final = {
    "websocket_url": "websocket_url",
    "stats_url": "stats_url",
    "event_bus_name": "event_bus",
    "registry_table": "registry_table",
    "region": "region",
    "aws_endpoint_url": "aws_endpoint_url",
    "jwt_secret": "_jwt_secret",
}

_OPTIONAL_FIELDS: Final = {
    "data_bucket": "data_bucket",
    "room_kinds": "room_kinds",
    "webhook_url": "webhook_url",
    "health_url": "health_url",
    "github_webhook_secret": "_github_secret",
    "broadcast_function": "broadcast_function",
    "access_function": "access_function",
}
"""Fields of the file that only some commands need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One running service: its URLs, and the AWS endpoint and region that it runs on.

    `aws_endpoint_url` is set for a local service only; error messages contain `name`.
    """

    name: str
    websocket_url: str = ""
    stats_url: str = ""
    event_bus: str = ""
    data_bucket: str = ""
    room_kinds: str = ""
    registry_table: str = ""
    region: str = ""
    aws_endpoint_url: str = ""
    jwt_secret_arn: str = ""
    webhook_url: str = ""
    health_url: str = ""
    github_secret_arn: str = ""
    broadcast_function: str = ""
    access_function: str = ""
    dead_letters: Mapping[str, str] = field(default_factory=dict)
    _jwt_secret: str = field(default="", repr=False)
    _github_secret: str = field(default="", repr=False)

    @classmethod
    def from_endpoints(cls, path: Path) -> Self:
        """Read the file that `make up` and `make dev` write; raise `NotConfigured` without it."""
        try:
            endpoints = json.loads(path.read_text(encoding="utf-8"))
            values = {field: str(endpoints[key]) for key, field in _ENDPOINT_FIELDS.items()}
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise NotConfigured(f"{path} does not describe a running service. {START}") from exc
        optional = {field: str(endpoints.get(key, "")) for key, field in _OPTIONAL_FIELDS.items()}
        dead_letters = endpoints.get("dead_letters", {})
        return cls(name=str(path), dead_letters=dead_letters, **values, **optional)

    @classmethod
    def from_stack(cls, stack: str, *, session: "Session | None" = None) -> Self:
        """Read the outputs of a CloudFormation stack; raise `NotConfigured` for another stack.

        boto3's errors (no credentials, no region, no such stack) are passed on.
        """
        session = session or _session()
        outputs = cls.outputs_of(stack, session=session)
        if "EventBusName" not in outputs:
            raise NotConfigured(
                f"the stack {stack} is not a Roomcast service: no EventBusName output"
            )
        values = {field: outputs.get(key, "") for key, field in _STACK_OUTPUTS.items()}
        dead_letters = {
            key.removesuffix(DEAD_LETTERS).lower(): url
            for key, url in outputs.items()
            if key.endswith(DEAD_LETTERS)
        }
        region = session.region_name or ""
        return cls(name=f"stack {stack}", region=region, dead_letters=dead_letters, **values)

    @staticmethod
    def outputs_of(stack: str, *, session: "Session | None" = None) -> dict[str, str]:
        """Return the outputs of a CloudFormation stack by name; boto3's errors are passed on."""
        # The first call of a command tells whether AWS can be reached: it is not repeated.
        client = (session or _session()).client("cloudformation", config=_patience(attempts=1))
        response = client.describe_stacks(StackName=stack)
        return {
            each["OutputKey"]: each["OutputValue"]
            for each in response["Stacks"][0].get("Outputs", [])
        }

    def client(self, service: Any, *, config: "Config | None" = None) -> Any:
        """Return a boto3 client for the AWS that this service runs on.

        A local service has its own endpoint and credentials; the shell needs no AWS variables.
        """
        credentials = LOCAL_CREDENTIALS if self.aws_endpoint_url else {}
        session = _session(region_name=self.region or None, **credentials)
        endpoint = self.aws_endpoint_url or None
        return session.client(service, endpoint_url=endpoint, config=config or _patience())

    def check_aws(self) -> None:
        """Raise `Unreachable` when the AWS of a local service does not answer, within 2 s."""
        if self.aws_endpoint_url:
            reachable.check(self.aws_endpoint_url, next_step=START)

    def take_room_kinds(self) -> None:
        """Let this process know the service's kinds of rooms, whatever its environment says.

        Raises `NotConfigured` when they cannot be read.
        """
        try:
            kinds = room_kinds.read(self.room_kinds)
        except ValueError as exc:
            raise NotConfigured(f"{self.name}: room_kinds: {exc}") from exc
        rooms.take_kinds_from(lambda: kinds)

    @property
    def signs_tokens(self) -> bool:
        """Tell whether tokens are signed with a shared secret, and not with a key set."""
        return bool(self._jwt_secret or self.jwt_secret_arn)

    def jwt_secret(self) -> str:
        """Return the secret that signs tokens; raise `NotConfigured` when there is none."""
        if self._jwt_secret:
            return self._jwt_secret
        if not self.jwt_secret_arn:
            raise NotConfigured(f"{self.name} has no shared secret to sign tokens with")
        return self._secret(self.jwt_secret_arn)

    def github_secret(self) -> str:
        """Return the secret that signs webhooks; raise `NotConfigured` when there is none."""
        if self._github_secret:
            return self._github_secret
        if not self.github_secret_arn:
            raise NotConfigured(f"{self.name} has no secret to sign webhooks with")
        return self._secret(self.github_secret_arn)

    def _secret(self, arn: str) -> str:
        response = self.client("secretsmanager").get_secret_value(SecretId=arn)
        return secrets_in(response["SecretString"])[0]

    def required(self, attribute: str) -> str:
        """Return the value of an attribute; raise `NotConfigured` when it is empty."""
        value = getattr(self, attribute)
        if not value:
            raise NotConfigured(f"{self.name} has no {attribute.replace('_', ' ')}")
        return str(value)


def find_deployment(
    stack: str | None = None,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Deployment:
    """Return the service of `stack`, by default the local service.

    The file that `ROOMCAST_ENDPOINTS` names describes the local service; by default it is
    `.local/endpoints.json` in the current folder or the nearest one above it. Raises
    `NotConfigured` when there is no such file.
    """
    if stack:
        return Deployment.from_stack(stack)
    named = (os.environ if environment is None else environment).get("ROOMCAST_ENDPOINTS")
    if named:
        return Deployment.from_endpoints(Path(named))
    start = folder or Path.cwd()
    for place in (start, *start.parents):
        if (place / ENDPOINTS).is_file():
            return Deployment.from_endpoints(place / ENDPOINTS)
    raise NotConfigured(f"no service found. {START}")


def answering(stack: str | None = None) -> Deployment:
    """Return the service of `stack`, by default the local one, whose AWS answers.

    Raises `NotConfigured` when there is none, and `Unreachable` when it does not answer.
    """
    deployment = find_deployment(stack)
    deployment.check_aws()
    return deployment


def _session(**given: Any) -> "Session":
    import boto3

    return boto3.Session(**given)


def _patience(attempts: int = 3) -> "Config":
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
