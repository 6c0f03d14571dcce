"""The alarms: what asks for a person."""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, Metric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sqs import Queue
from constructs import Construct

PERIOD = Duration.minutes(5)

MAX_LAG = Duration.minutes(5)
"""How far the counters may lag behind the tables."""


class Alarms(Construct):
    """Errors and throttles of each function, dead letters, and counters that lag behind.

    `topic_arn` names the SNS topic that is told; without one the alarms only show in CloudWatch.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic_arn: str) -> None:
        super().__init__(scope, construct_id)
        self._topic = Topic.from_topic_arn(self, "Topic", topic_arn) if topic_arn else None

    def watch_function(self, name: str, function: Function) -> None:
        """Alarm when a function fails or is not let run."""
        self._alarm(
            f"{name}Errors", function.metric_errors(period=PERIOD), f"{name} failed: see its logs"
        )
        self._alarm(
            f"{name}Throttles",
            function.metric_throttles(period=PERIOD),
            f"{name} was throttled: raise the account's concurrency quota",
        )

    def watch_dead_letters(self, name: str, queue: Queue) -> None:
        """Alarm when something failed for good."""
        waiting = queue.metric_approximate_number_of_messages_visible(
            period=PERIOD, statistic="Maximum"
        )
        self._alarm(f"{name}DeadLetters", waiting, f"{name} left dead letters: look, then redrive")

    def watch_stream(self, name: str, function: Function) -> None:
        """Alarm when a function lags behind the streams that it reads."""
        age = function.metric("IteratorAge", period=PERIOD, statistic="Maximum")
        self._alarm(f"{name}Lag", age, f"{name} lags behind", threshold=MAX_LAG.to_milliseconds())

    def _alarm(self, name: str, metric: Metric, says: str, *, threshold: float = 0) -> None:
        alarm = Alarm(
            self,
            name,
            metric=metric,
            alarm_description=says,
            threshold=threshold,
            comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )
        if self._topic:
            alarm.add_alarm_action(SnsAction(self._topic))
