"""The IAM actions that the checks need, and what to report when AWS refuses one."""

from collections.abc import Mapping
from typing import Final

from botocore.exceptions import ClientError

from roomcast.cli.doctor.finding import Finding, Verdict

ACTIONS: Final[Mapping[str, str]] = {
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "DescribeEventBus": "events:DescribeEventBus",
    "DescribeStacks": "cloudformation:DescribeStacks",
    "DeleteItem": "dynamodb:DeleteItem",
    "FilterLogEvents": "logs:FilterLogEvents",
    "GetAccountSettings": "lambda:GetAccountSettings",
    "GetFunctionConcurrency": "lambda:GetFunctionConcurrency",
    "GetFunctionConfiguration": "lambda:GetFunctionConfiguration",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "GetSecretValue": "secretsmanager:GetSecretValue",
    "ListAWSDefaultServiceQuotas": "servicequotas:ListAWSDefaultServiceQuotas",
    "ListRules": "events:ListRules",
    "ListServiceQuotas": "servicequotas:ListServiceQuotas",
    "ListStackResources": "cloudformation:ListStackResources",
    "PutEvents": "events:PutEvents",
    "PutItem": "dynamodb:PutItem",
}
"""Each API operation that a check calls, with the IAM action that allows it."""

_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)

_UNKNOWN_LOCALLY: Final = frozenset(
    {"400", "404", "501", "InvalidAction", "NotImplemented", "UnknownOperationException"}
)
"""Codes with which the local AWS answers an operation that it does not have."""


def of_refusal(error: ClientError, *, local: bool) -> Finding:
    """Return the finding for a refused call: skipped when a permission is missing, else failed."""
    action = ACTIONS.get(error.operation_name, error.operation_name)
    details = error.response.get("Error", {})
    code = str(details.get("Code", "Unknown"))
    if code in _DENIED:
        return Finding(Verdict.SKIPPED, f"needs {action}", "Allow it to the caller, to check this.")
    if local and code in _UNKNOWN_LOCALLY:
        return Finding(Verdict.SKIPPED, f"the local AWS does not have {action}")
    message = details.get("Message") or code
    return Finding(Verdict.FAILED, f"AWS refused {action}: {message}")
