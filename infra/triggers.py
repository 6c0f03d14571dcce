"""What starts the functions that nobody waits for: queues, the bus, the clock, streams, a call."""

from aws_cdk import Duration
from aws_cdk.aws_dynamodb import TableV2
from aws_cdk.aws_events import EventBus, EventPattern, Match, Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda import EventInvokeConfig, Function, StartingPosition
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_lambda_event_sources import DynamoEventSource, SqsDlq, SqsEventSource
from aws_cdk.aws_sqs import Queue

RETRIES = 2
"""The most that Lambda repeats an asynchronous call; then it is a dead letter."""

USEFUL = Duration.hours(1)
"""Nobody waits longer for a live event; clients that were away ask the replay log."""

STREAM_RETRIES = 5


def when_called(function: Function, *, dead_letters: Queue) -> None:
    """Let `function` be called asynchronously; a call that keeps failing is a dead letter."""
    EventInvokeConfig(
        function,
        "ServiceClient",
        function=function,
        retry_attempts=RETRIES,
        max_event_age=USEFUL,
        on_failure=SqsDestination(dead_letters),
    )


def on_events(bus: EventBus, function: Function, *, dead_letters: Queue) -> None:
    """Call `function` with every event of `bus`."""
    Rule(
        bus,
        "EveryEvent",
        event_bus=bus,
        event_pattern=EventPattern(source=Match.prefix("")),
        targets=[LambdaFunction(function, dead_letter_queue=dead_letters, max_event_age=USEFUL)],
    )
    when_called(function, dead_letters=dead_letters)


def on_schedule(function: Function, *, seconds: int) -> None:
    """Call `function` every so many seconds, whole minutes."""
    Rule(
        function,
        "Schedule",
        schedule=Schedule.rate(Duration.minutes(seconds // 60)),
        targets=[LambdaFunction(function)],
    )


def on_messages(
    function: Function, queue: Queue, *, batch: int, workers: int | None = None
) -> None:
    """Call `function` with up to `batch` messages, by at most `workers` of it at a time."""
    function.add_event_source(
        SqsEventSource(
            queue, batch_size=batch, max_concurrency=workers, report_batch_item_failures=True
        )
    )


def on_changes(function: Function, table: TableV2, *, dead_letters: Queue) -> None:
    """Call `function` with the rows of `table` that came or went, gathered for a second.

    A batch is never split: a part of it that was counted would be counted again.
    """
    function.add_event_source(
        DynamoEventSource(
            table,
            starting_position=StartingPosition.TRIM_HORIZON,
            batch_size=1000,
            max_batching_window=Duration.seconds(1),
            retry_attempts=STREAM_RETRIES,
            bisect_batch_on_error=False,
            on_failure=SqsDlq(dead_letters),
        )
    )
