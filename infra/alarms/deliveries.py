"""Alarms about events on their way: the bus, the queues, dead letters and posts to clients."""

from aws_cdk import Duration
from aws_cdk.aws_events import Rule
from aws_cdk.aws_sqs import Queue

from infra import metrics
from infra.alarms.construct import Alarms
from infra.metrics import PERIOD

MAX_AGE = Duration.minutes(10)
"""How long a message may wait after its delay; one whose worker died is given out again after six
minutes at most (infra/queues.py)."""

FAILED_PERCENT = 5
LEAST_POSTS = 200
"""Posts within a period, below which their share that failed says nothing."""

THROTTLED_PERCENT = 20
LEAST_THROTTLED_POSTS = 5000


def watch_dead_letters(alarms: Alarms, name: str, queue: Queue) -> None:
    """Alarm when something failed for good."""
    waiting = queue.metric_approximate_number_of_messages_visible(
        period=PERIOD, statistic="Maximum"
    )
    alarms.add(f"{name}DeadLetters", "dead-letters", waiting, f"{name} left dead letters")


def watch_work(alarms: Alarms, name: str, queue: Queue, *, delay: int = 0) -> None:
    """Alarm when messages of a work queue wait too long after their delay, in seconds."""
    alarms.add(
        f"{name}Oldest",
        "oldest-message",
        queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum"),
        f"messages of the queue {name} wait",
        threshold=MAX_AGE.to_seconds() + delay,
    )


def watch_rule(alarms: Alarms, name: str, rule: Rule, *, bus: str = "") -> None:
    """Alarm when EventBridge could not call a function; `bus` is one that is not the default."""
    failed = metrics.rule("FailedInvocations", rule, bus=bus)
    alarms.add(f"{name}Rule", "failed-invocations", failed, f"a rule could not call {name}")


def watch_events(alarms: Alarms, rule: Rule, *, bus: str) -> None:
    """Alarm when the bus could neither deliver events nor keep them."""
    alarms.add(
        "EventsLost",
        "events-lost",
        metrics.rule("InvocationsFailedToBeSentToDlq", rule, bus=bus),
        "the bus could neither deliver events nor write dead letters",
    )


def watch_posts(alarms: Alarms) -> None:
    """Alarm when a share of the posts to clients fails or is throttled."""
    sent, failed, throttled = (
        metrics.own(alarms.stack_name, "broadcast", f"posts_{outcome}")
        for outcome in ("sent", "failed", "throttled")
    )
    alarms.add(
        "PostsFailed",
        "posts-failed",
        metrics.share_beside(failed, sent, at_least=LEAST_POSTS, label="failed posts"),
        "posts to clients fail",
        threshold=FAILED_PERCENT,
        lasting=True,
    )
    alarms.add(
        "PostsThrottled",
        "posts-throttled",
        metrics.share_beside(
            throttled, sent, at_least=LEAST_THROTTLED_POSTS, label="throttled posts"
        ),
        "API Gateway throttles posts to clients",
        threshold=THROTTLED_PERCENT,
        lasting=True,
    )
