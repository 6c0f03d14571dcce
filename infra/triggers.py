"""What starts the functions that no client waits for. One row, one trigger.

Routes are in infra/websocket_api.py and infra/http_api.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aws_cdk import Duration
from aws_cdk.aws_events import EventBus, EventPattern, Match, Rule
from aws_cdk.aws_events import Schedule as Rate
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda import Alias, FilterCriteria, StartingPosition
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_lambda_event_sources import DynamoEventSource, SqsDlq, SqsEventSource
from aws_cdk.aws_sqs import Queue

from infra.queues import Queues
from infra.settings import MINUTE, Settings
from infra.settings.limits import LEAST_WORKERS
from infra.tables import Tables

ACCESS_ORDERS = ("access.disconnect", "access.remove", "access.revoke")
"""The entries of the bus that are no events: `roomcast.access` has the same types."""

RETRIES = 2
"""The most that Lambda repeats an asynchronous call; then it is a dead letter."""

MAX_AGE = Duration.hours(1)
"""Nobody waits longer for a live event; clients that were away ask the replay log."""

SCHEDULED_AGE = Duration.minutes(1)
"""How late a scheduled call may be: Lambda's least age, and EventBridge's shortest rate.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
"""

STREAM_RETRIES = 5

STREAM_MAX_AGE = Duration.minutes(9)
"""DynamoDB knows a transaction's token for 10 minutes: a batch that is repeated later could be
counted twice. One that is given up is made good by `reconcile`."""

RECEIVE = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What Lambda needs to read a queue: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""

READ_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
"""What Lambda needs to read a stream.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html
"""

Grants = Mapping[str, tuple[str, ...]]
"""Actions by resource, as in infra/functions.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The parts of the stack that triggers read from."""

    bus: EventBus
    tables: Tables
    queues: Queues
    settings: Settings


class Trigger(Protocol):
    """One way in which a function is started."""

    @property
    def function(self) -> str:
        """The function that is started."""

    @property
    def keeps_dead_letters(self) -> bool:
        """Whether calls that keep failing end in the queue of the function's dead letters."""

    @property
    def grants(self) -> Grants:
        """What Lambda needs of the function's role for this trigger."""

    def connect(self, function: Alias, sources: Sources) -> None:
        """Add the trigger to the function's alias."""


@dataclass(frozen=True, slots=True)
class AsynchronousCall:
    """Another function calls this one and does not wait for its result."""

    function: str
    keeps_dead_letters: bool = True

    @property
    def grants(self) -> Grants:
        """Lambda writes the dead letters with the function's role."""
        return {f"{self.function}_dead_letters": ("SendMessage",)}

    def connect(self, function: Alias, sources: Sources) -> None:
        """Let the function be called asynchronously."""
        _keep_failed_calls(function, sources.queues.dead_letters[self.function])


@dataclass(frozen=True, slots=True)
class Entries:
    """The bus calls the function with the entries whose detail type fits; `rule` is the rule's id.

    `detail_type` makes the pattern, when the stack is made:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    """

    function: str
    rule: str
    detail_type: Callable[[], Sequence[str]]
    keeps_dead_letters: bool = True

    @property
    def grants(self) -> Grants:
        """Lambda writes the dead letters with the function's role."""
        return {f"{self.function}_dead_letters": ("SendMessage",)}

    def connect(self, function: Alias, sources: Sources) -> None:
        """Add a rule to the bus; what it cannot deliver is a dead letter, too."""
        dead_letters = sources.queues.dead_letters[self.function]
        target = LambdaFunction(function, dead_letter_queue=dead_letters, max_event_age=MAX_AGE)
        Rule(
            sources.bus,
            self.rule,
            event_bus=sources.bus,
            event_pattern=EventPattern(detail_type=self.detail_type()),
            targets=[target],
        )
        _keep_failed_calls(function, dead_letters)


@dataclass(frozen=True, slots=True)
class Schedule:
    """EventBridge calls the function regularly; a call that fails or is late is not repeated.

    The next call does what this one left: a repetition would only take an execution from those who
    connect. `setting` holds the seconds between two calls, whole minutes, 0 for never; without one
    it is every minute.
    """

    function: str
    setting: str = ""
    keeps_dead_letters: bool = False

    @property
    def grants(self) -> Grants:
        """The role needs nothing for it: the rule is allowed to call the function."""
        return {}

    def connect(self, function: Alias, sources: Sources) -> None:
        """Add a rule to the account's default bus."""
        seconds = getattr(sources.settings, self.setting) if self.setting else MINUTE
        if not seconds:
            return
        target = LambdaFunction(function, retry_attempts=0, max_event_age=SCHEDULED_AGE)
        rate = Rate.rate(Duration.minutes(seconds // MINUTE))
        Rule(function, "Schedule", schedule=rate, targets=[target])
        function.configure_async_invoke(retry_attempts=0, max_event_age=SCHEDULED_AGE)


@dataclass(frozen=True, slots=True)
class Messages:
    """Lambda calls the function with up to `batch` messages of a work queue.

    `workers` bounds how many of these calls run at a time: a number, or the name of a setting.
    """

    function: str
    queue: str
    batch: int
    workers: int | str
    keeps_dead_letters: bool = False  # the queue has a queue of dead letters itself

    @property
    def grants(self) -> Grants:
        """Lambda reads the queue with the function's role."""
        return {f"{self.queue}_messages": RECEIVE}

    def connect(self, function: Alias, sources: Sources) -> None:
        """Add the queue as an event source."""
        settings, most = sources.settings, self.workers
        function.add_event_source(
            SqsEventSource(
                sources.queues.work[self.queue],
                batch_size=self.batch,
                max_concurrency=most if isinstance(most, int) else getattr(settings, most),
                report_batch_item_failures=True,
            )
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """Lambda calls the function with the rows of tables that came or went.

    They are gathered for a second. A batch is never split: a part of it that was counted would be
    counted again. `kinds` names a setting with the kinds of rooms whose rows alone are wanted,
    which the event source can tell where there are no tenants.
    """

    function: str
    tables: tuple[str, ...]
    kinds: str = ""
    keeps_dead_letters: bool = True

    @property
    def grants(self) -> Grants:
        """Lambda reads the streams and writes the dead letters with the function's role."""
        streams = {f"{table}_stream": READ_STREAM for table in self.tables}
        return {**streams, f"{self.function}_dead_letters": ("SendMessage",)}

    def connect(self, function: Alias, sources: Sources) -> None:
        """Add the tables' streams as event sources."""
        kinds = getattr(sources.settings, self.kinds) if self.kinds else ""
        if sources.settings.jwt_tenant_claim:
            kinds = ""  # names of rooms begin with their tenants: the function chooses by itself
        for table in self.tables:
            function.add_event_source(
                DynamoEventSource(
                    sources.tables.streamed[table],
                    starting_position=StartingPosition.TRIM_HORIZON,
                    batch_size=1000,
                    max_batching_window=Duration.seconds(1),
                    retry_attempts=STREAM_RETRIES,
                    max_record_age=STREAM_MAX_AGE,
                    bisect_batch_on_error=False,
                    filters=[_rooms_of(kinds.split(","))] if kinds else None,
                    on_failure=SqsDlq(sources.queues.dead_letters[self.function]),
                )
            )


TRIGGERS: tuple[Trigger, ...] = (
    AsynchronousCall("open"),
    Entries("broadcast", rule="EveryEvent", detail_type=lambda: Match.anything_but(*ACCESS_ORDERS)),
    Entries("access", rule="EveryOrder", detail_type=lambda: list(ACCESS_ORDERS)),
    Schedule("heartbeat"),
    Messages("deadline", queue="deadline", batch=10, workers=LEAST_WORKERS),
    Messages("broadcast", queue="pages", batch=1, workers="page_workers"),
    Changes("count", tables=("connections", "rooms")),
    Changes("presence", tables=("rooms",), kinds="presence_rooms"),
    Messages("presence", queue="departures", batch=10, workers=LEAST_WORKERS),
    Schedule("reconcile", setting="reconcile_interval"),
)

WITH_DEAD_LETTERS = tuple(
    dict.fromkeys(trigger.function for trigger in TRIGGERS if trigger.keeps_dead_letters)
)
"""The functions whose failed calls end in a queue of dead letters."""

STREAM_READERS = tuple(trigger.function for trigger in TRIGGERS if isinstance(trigger, Changes))
"""The functions that can lag behind a stream."""

EVERY_MINUTE = tuple(
    trigger.function
    for trigger in TRIGGERS
    if isinstance(trigger, Schedule) and not trigger.setting
)
"""The functions that run each minute, so that it shows when they do not."""


def grants_of(function: str) -> dict[str, tuple[str, ...]]:
    """Return what a function's role needs for the function's triggers."""
    own = [trigger.grants for trigger in TRIGGERS if trigger.function == function]
    return {resource: verbs for grants in own for resource, verbs in grants.items()}


def _rooms_of(kinds: Sequence[str]) -> Mapping[str, Any]:
    """Return the filter of a stream that takes the rows of rooms of some kinds.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    """
    beginnings = [{"prefix": f"{kind}:"} for kind in kinds]
    return FilterCriteria.filter({"dynamodb": {"Keys": {"room": {"S": beginnings}}}})


def _keep_failed_calls(function: Alias, dead_letters: Queue) -> None:
    function.configure_async_invoke(
        retry_attempts=RETRIES,
        max_event_age=MAX_AGE,
        on_failure=SqsDestination(dead_letters),
    )
