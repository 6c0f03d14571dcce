"""The metrics of fan-out: counts only, never payloads or tokens."""

from datetime import datetime

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from roomcast.envelope import Envelope
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.gateway.posts import Outcome

METRICS = (
    *(f"posts_{outcome.value}" for outcome in Outcome),
    "forgotten",
    "expired",
    "queued_pages",
    "queued_members",
    "repeated_events",
    "late_events",
    "filtered",
    "invalid_events",
    "delivery_ms",
)
"""The names of all metrics of fan-out; docs/operations.md says what each of them counts."""


def add_metrics(metrics: Metrics, tally: Tally) -> dict[str, int]:
    """Add a tally to the metrics; return the same numbers for the log.

    A count of zero is left out, except `posts_sent`: an event without recipients shows as a zero.
    """
    numbers = {f"posts_{outcome.value}": count for outcome, count in tally.outcomes.items()}
    numbers |= {
        "forgotten": tally.forgotten,
        "expired": tally.expired,
        "queued_pages": tally.queued_pages,
        "queued_members": tally.queued_members,
        "repeated_events": int(tally.repeated),
        "late_events": tally.late_events,
        "filtered": tally.filtered,
    }
    numbers = {name: count for name, count in numbers.items() if count}
    numbers.setdefault("posts_sent", 0)
    for name, count in numbers.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    return numbers


def add_delivery_time(metrics: Metrics, envelope: Envelope, *, now: float) -> None:
    """Add how long ago an event was published, in ms, when its posts are done (`now`, epoch s).

    The publisher's clock and this one can differ: below zero counts as zero. A publisher of another
    language may write any text as the timestamp: one that is no time counts for nothing.
    """
    try:
        published = datetime.fromisoformat(envelope.timestamp).timestamp()
    except ValueError:
        return
    milliseconds = max(0, round((now - published) * 1000))
    metrics.add_metric(name="delivery_ms", unit=MetricUnit.Milliseconds, value=milliseconds)
