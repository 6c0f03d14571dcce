"""Settings of operation: roll-out, logs, traces, corrections, alarms."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from infra.settings.limits import days_of_logs, reconciliations


class OperationSettings(BaseModel):
    """How the service is run and watched."""

    deployment: Literal["all-at-once", "canary"] = Field(
        "all-at-once",
        description="How calls move to new code. `canary`: CodeDeploy sends a tenth of them for "
        "five minutes and goes back when the function's alarm about errors rings.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Level of the functions' logs."
    )
    log_retention_days: Annotated[int, AfterValidator(days_of_logs)] = Field(
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
    reconcile_interval: Annotated[int, AfterValidator(reconciliations)] = Field(
        3600,
        ge=0,
        description="Seconds between two corrections of the counters by the rows of the tables, "
        "whole minutes from 300 on; each reads both tables once. 0: never.",
    )
    admin_api: bool = Field(
        False,
        description="Whether admins can publish, end access, link repositories and try dead "
        "letters again by HTTP, as the dashboard's console does.",
    )
    alarm_topic_arn: str = Field("", description="ARN of the SNS topic that alarms notify.")
