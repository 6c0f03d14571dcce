"""The construct that all alarms of a service stand in, and how one is made."""

from aws_cdk.aws_cloudwatch import (
    Alarm,
    ComparisonOperator,
    IMetric,
    MathExpression,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import Topic
from constructs import Construct


class Alarms(Construct):
    """Alarms of the whole service; `stack_name` tells its metrics from those of another stack.

    `topic_arn` names the SNS topic that is told; without one the alarms only show in CloudWatch.
    Without `metric_math` those that compare two metrics are left out.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stack_name: str,
        topic_arn: str,
        metric_math: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.stack_name = stack_name
        self._metric_math = metric_math
        self._topic = Topic.from_topic_arn(self, "Topic", topic_arn) if topic_arn else None

    def add(
        self,
        name: str,
        runbook: str,
        metric: IMetric,
        says: str,
        *,
        threshold: float = 0,
        lasting: bool = False,
    ) -> None:
        """Add an alarm; a `lasting` one rings when two of three periods are over the threshold."""
        if isinstance(metric, MathExpression) and not self._metric_math:
            return
        self._tell(
            Alarm(
                self,
                name,
                metric=metric,
                alarm_description=_description(says, runbook),
                threshold=threshold,
                comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
                evaluation_periods=3 if lasting else 1,
                datapoints_to_alarm=2 if lasting else 1,
                treat_missing_data=TreatMissingData.NOT_BREACHING,
            )
        )

    def add_silence(self, name: str, runbook: str, metric: IMetric, says: str) -> None:
        """Add an alarm that rings when a metric has been 0, or without data, for two periods."""
        self._tell(
            Alarm(
                self,
                name,
                metric=metric,
                alarm_description=_description(says, runbook),
                threshold=0,
                comparison_operator=ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
                evaluation_periods=2,
                datapoints_to_alarm=2,
                treat_missing_data=TreatMissingData.BREACHING,
            )
        )

    def _tell(self, alarm: Alarm) -> None:
        if self._topic:
            alarm.add_alarm_action(SnsAction(self._topic))


def _description(says: str, runbook: str) -> str:
    return f"{says}. Runbook: docs/operations.md#{runbook}"
