"""Findings of cdk-nag's AWS Solutions that are meant to be as they are, each with its reason.

An acknowledgement counts for its construct and everything below it. tests/infra runs the checks: a
finding that is not acknowledged here fails them.
"""

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct

from infra.edge import EdgeStack
from infra.python_function import PythonFunction
from infra.rollout import CanaryRollout
from infra.stack import ServiceStack
from infra.websocket_api import STAGE

RULE = "AwsSolutions::AwsSolutions-"

CODE_DEPLOY = (
    "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
    "AWSCodeDeployRoleForLambdaLimited]"
)

OLDER_RUNTIME = "Python 3.13 is supported until 2029 and is what the libraries are locked for."


def acknowledge_service(stack: ServiceStack) -> None:
    """Acknowledge what is found in the service's stack."""
    _acknowledge(
        stack,
        {
            "APIG4": "Clients authenticate with tokens that `connect` and `subscribe` verify, "
            "since a browser cannot set headers and a first frame may carry the token; GitHub's "
            "signature is verified by `webhooks`; /health is public.",
            "SMG4": "Who issues the tokens, and GitHub, have the secret too: it is rotated "
            "together with them, not by the clock (docs/operations.md).",
            "SQS3": "These are the dead-letter queues of asynchronous calls, rules and streams.",
            "L1": OLDER_RUNTIME,
        },
    )
    _acknowledge(
        stack.websocket,
        {"APIG1": "Off unless `websocket_access_logs` is set: it needs a role of the account."},
    )
    _acknowledge(
        stack.data,
        {"S1": "Each object is read through short links by who got the event; it expires in days."},
    )
    for function in stack.node.find_all():
        if isinstance(function, PythonFunction):
            _acknowledge(function, _wildcards(stack))
        if isinstance(function, CanaryRollout):
            _acknowledge(function, {CODE_DEPLOY: "CodeDeploy's own role, as AWS writes it."})


def acknowledge_edge(stack: EdgeStack) -> None:
    """Acknowledge what is found in the edge's stack."""
    bucket = _logical_id(stack, stack.bucket)
    _acknowledge(
        stack,
        {
            "CFR1": "A service for developers, wherever they are.",
            "CFR2": "A firewall is the account's choice (`web_acl_arn`); both APIs throttle.",
            "CFR3": "The HTTP API logs its calls; the page is static and the same for everyone.",
            "CFR4": "CloudFront's own certificate allows no other choice; with `edge_domain` it is "
            "TLS 1.2 (2021).",
            "S1": "Only CloudFront reads the bucket, and the page in it is public.",
            "L1": "The CDK's own function, which uploads the page.",
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AWSLambdaBasicExecutionRole]": "The CDK's own function: it may write its log.",
            **dict.fromkeys(
                (
                    "IAM5[Action::s3:GetBucket*]",
                    "IAM5[Action::s3:GetObject*]",
                    "IAM5[Action::s3:List*]",
                    "IAM5[Action::s3:Abort*]",
                    "IAM5[Action::s3:DeleteObject*]",
                    "IAM5[Resource::*]",
                    f"IAM5[Resource::<{bucket}.Arn>/*]",
                    "IAM5[Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-"
                    "<AWS::AccountId>-<AWS::Region>/*]",
                ),
                "The CDK's own function: it copies the page from the assets to the bucket.",
            ),
        },
    )


def _wildcards(stack: ServiceStack) -> dict[str, str]:
    api = _logical_id(stack, stack.websocket.api)
    connections = f"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{api}>/{STAGE}"
    streams = stack.tables.streamed.values()
    return {
        "IAM5[Resource::*]": "With `tracing`: X-Ray's two actions have no resources to name.",
        **{
            f"IAM5[Resource::{connections}/{method}/@connections/*]": "Connection ids are not "
            "known beforehand; the API, its stage and the method are named."
            for method in ("GET", "POST", "DELETE")
        },
        f"IAM5[Resource::<{_logical_id(stack, stack.data)}.Arn>/data/*]": "The keys are hashes of "
        "what clients get a link to.",
        **{
            f"IAM5[Resource::<{_logical_id(stack, table)}.Arn>/stream/*]": "A stream's ARN ends "
            "with when it was enabled; the table is named."
            for table in streams
        },
    }


def _logical_id(stack: Stack, resource: IConstruct) -> str:
    element = resource.node.default_child
    assert isinstance(element, CfnElement)  # noqa: S101  (what an L2 construct's always is)
    return str(stack.resolve(element.logical_id))


def _acknowledge(scope: IConstruct, reasons: dict[str, str]) -> None:
    findings = [Acknowledgment(id=RULE + rule, reason=why) for rule, why in reasons.items()]
    Validations.of(scope).acknowledge(*findings)
