"""Log groups: for as many days as the setting says, and no longer than the stack."""

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import CfnLogGroup, LogGroup, RetentionDays
from constructs import Construct


def log_group(scope: Construct, construct_id: str, *, days: int) -> LogGroup:
    """Add a log group; `days` is one of `LOG_RETENTION` in infra/settings/limits.py."""
    logs = LogGroup(
        scope,
        construct_id,
        retention=RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )
    resource = logs.node.default_child
    assert isinstance(resource, CfnLogGroup)  # noqa: S101  (what an L2 log group always is)
    resource.retention_in_days = days
    return logs
