"""Where the service runs, and everything that differs there. Nothing else asks for the target."""

from dataclasses import dataclass

from aws_cdk import (
    Aws,
    CfnParameter,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Fn,
    IStackSynthesizer,
    Stack,
)

from infra.settings import Settings
from infra.settings.target import EMULATOR_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The differences between AWS and the emulator, each with its reason.

    route_responses  The emulator's CloudFormation does not know AWS::ApiGatewayV2::RouteResponse;
                     its WebSockets answer with what a function returns anyway.
    layer            The emulator runs functions with its own interpreter, whose environment holds
                     the same locked libraries, built for this machine instead of arm64.
    canary           The emulator has no CodeDeploy.
    metric_math      The emulator's alarms compare one metric with a number.
    retains          What an operator has set outlives the stack on AWS; here `make down` ends it.
    encrypted        The emulator speaks plain HTTP, which the queues' policies would refuse.
    edge             CloudFront and S3 are played by a proxy.
    one_host         The emulator serves every API on one host, and a port of its own, by path.
    synthesizer      The bootstrap roles have a condition (aws:ResourceAccount) that the emulator
                     does not understand.
    """

    name: str
    route_responses: bool = True
    layer: bool = True
    canary: bool = True
    metric_math: bool = True
    retains: bool = True
    encrypted: bool = True
    edge: bool = True
    one_host: bool = False

    @property
    def synthesizer(self) -> IStackSynthesizer:
        """How a stack is deployed: with the roles of the bootstrap, or as the caller."""
        return CliCredentialsStackSynthesizer() if self.one_host else DefaultStackSynthesizer()

    def add_parameters(self, stack: Stack) -> None:
        """Let a deployment of the stack tell what its template leaves open."""
        if self.one_host:
            CfnParameter(stack, EMULATOR_PORT, type="Number", min_value=1, max_value=65535)

    def websocket_url(self, api_id: str, stage: str) -> str:
        """Return where clients connect to."""
        return f"ws{self._secure}://{self.host(api_id)}/{stage}"

    def callback_url(self, api_id: str, stage: str) -> str:
        """Return where functions post to connections."""
        return f"http{self._secure}://{self.host(api_id)}/{stage}"

    def http_url(self, api_id: str) -> str:
        """Return the root of an HTTP API, without a slash at the end."""
        stage = "/$default" if self.one_host else ""
        return f"http{self._secure}://{self.host(api_id)}{stage}"

    @property
    def _secure(self) -> str:
        return "s" if self.encrypted else ""

    def host(self, api_id: str) -> str:
        """Return the host of an API; the emulator's has a path."""
        if self.one_host:
            return f"127.0.0.1:{Fn.ref(EMULATOR_PORT)}/_aws/execute-api/{api_id}"
        return f"{api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"


def target_of(settings: Settings) -> Target:
    """Return what the setting `target` stands for."""
    if settings.target == "aws":
        return Target(name="aws")
    return Target(
        name="local",
        route_responses=False,
        layer=False,
        canary=False,
        metric_math=False,
        retains=False,
        encrypted=False,
        edge=False,
        one_host=True,
    )
