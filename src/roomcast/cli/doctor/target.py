"""The deployment under test: its URLs, its AWS, its tokens, and the names of test rooms."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from botocore.config import Config

from roomcast.cli.deployment import Deployment
from roomcast.cli.doctor.finding import CheckFailed, CheckSkipped
from roomcast.envelope import encode
from roomcast.events import Event
from roomcast.put_results import results_of
from roomcast.token_minting import mint_token

SOURCE: Final = "roomcast_doctor"
"""The `source` of the events that checks publish."""

SHORT_WAITS: Final = Config(
    connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}
)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the stack, by CloudFormation's type and names."""

    type: str
    logical_id: str
    physical_id: str


@dataclass(frozen=True, slots=True)
class Published:
    """An event that the bus accepted: when PutEvents was called, and its answer came.

    Both are seconds of the monotonic clock.
    """

    id: str
    called: float
    accepted: float


@dataclass(slots=True, kw_only=True)
class Target:
    """One deployment. `edge` is its second address, through CloudFront; None without an edge.

    `given_token`, an admin's, replaces minted tokens. `pace` multiplies all waiting times.
    """

    deployment: Deployment
    edge: Deployment | None = None
    given_token: str = ""
    pace: float = 1.0
    clients: Callable[[str], Any] | None = None
    secrets: set[str] = field(default_factory=set, repr=False)
    _known: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Tell whether the deployment runs on one machine."""
        return bool(self.deployment.aws_endpoint_url)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service, the same for all checks."""
        if service not in self._known:
            make = self.clients or partial(self.deployment.client, config=SHORT_WAITS)
            self._known[service] = make(service)
        return self._known[service]

    async def call(self, service: str, method: str, **request: Any) -> Any:
        """Call AWS from a thread; boto3's errors are passed on."""
        operation = getattr(self.client(service), method)
        return await asyncio.to_thread(lambda: operation(**request))

    async def resources(self, resource_type: str, *, starts: str = "") -> list[Resource]:
        """Return the stack's resources of a type whose logical ids begin with `starts`."""
        if "resources" not in self._known:
            self._known["resources"] = await asyncio.to_thread(self._list_resources)
        return [
            each
            for each in self._known["resources"]
            if each.type == resource_type and each.logical_id.startswith(starts)
        ]

    def _list_resources(self) -> list[Resource]:
        # The bus has the name of the stack (infra/stack.py).
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return [
            Resource(each["ResourceType"], each["LogicalResourceId"], each["PhysicalResourceId"])
            for page in pages.paginate(StackName=self.deployment.required("event_bus"))
            for each in page["StackResourceSummaries"]
        ]

    def token(self, user_id: str, *, lifetime: timedelta = timedelta(minutes=30)) -> str:
        """Return a token of `user_id` that opens every project, or the given one."""
        if self.given_token:
            return self._keep(self.given_token)
        return self.minted(user_id, projects="*", lifetime=lifetime)

    def admin_token(self) -> str:
        """Return an admin's token."""
        return self._keep(self.given_token) if self.given_token else self.minted(role="admin")

    def minted(self, user_id: str = "roomcast-doctor", **claims: Any) -> str:
        """Mint a token; raise `CheckSkipped` when no shared secret signs this stack's tokens."""
        if not self.deployment.signs_tokens:
            raise CheckSkipped("tokens are verified with a key set: pass --token of an admin")
        if "jwt" not in self._known:
            self._known["jwt"] = self._keep(self.deployment.jwt_secret())
        return self._keep(mint_token(self._known["jwt"], user_id, **claims))

    async def github_secret(self) -> str:
        """Return the secret that webhooks are signed with."""
        return self._keep(await asyncio.to_thread(self.deployment.github_secret))

    async def publish(self, event: Event) -> Published:
        """Put one event on the bus; raise `CheckFailed` when it is not accepted."""
        envelope = event.to_envelope(source=SOURCE)
        entry = {
            "EventBusName": self.deployment.required("event_bus"),
            "Source": envelope.source,
            "DetailType": envelope.type,
            "Detail": encode(envelope.to_detail()),
        }
        called = monotonic()
        response = await self.call("events", "put_events", Entries=[entry])
        accepted = monotonic()
        (result,) = results_of(response, 1)
        if not result.accepted:
            raise CheckFailed(f"the bus did not accept an event: {result.code}")
        return Published(envelope.id, called, accepted)

    async def sleep(self, seconds: float) -> None:
        """Wait, at this run's pace."""
        await asyncio.sleep(seconds * self.pace)

    def patience(self, seconds: float) -> float:
        """Return how long to wait for something, at this run's pace."""
        return seconds * self.pace

    def _keep(self, secret: str) -> str:
        self.secrets.add(secret)
        return secret


def random_id() -> str:
    """Return an id for a project, user or repository that nobody else has."""
    return f"doctor-{uuid4().hex}"
