"""AWS's limits that settings keep to, and the checks of values that no comparison can express."""

MINUTE = 60
"""EventBridge's shortest schedule, in seconds.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
"""

MEGABYTE = 1024 * 1024
"""The largest event, in bytes: its data then travels by reference."""

FRAME = 128 * 1024
"""API Gateway's limit for one message to a client, in bytes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

REQUEST = 6 * 1024 * 1024
"""Lambda's limit for the request of a synchronous call, in bytes.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

BODY = 2_000_000
"""The largest body that reaches a function whatever it holds, in bytes.

A body is a JSON string inside the request. Quotes and line ends take two bytes there, base64 takes
a third more, and a character of two bytes takes six if it is escaped (`\\u00e4`): three times as
much at worst. The rest of the request, headers of at most 10 KB among it, has room beside it.
"""

RECONCILED = 300
"""Seconds within which a second correction of the counters does nothing."""

LEAST_WORKERS = 2
"""The least that Lambda takes, as the maximum concurrency of a queue.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
"""

LOG_RETENTION = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days for which CloudWatch can keep logs.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


def days_of_logs(days: int) -> int:
    """Check for how many days logs are kept."""
    if days not in LOG_RETENTION:
        raise ValueError(f"expected one of {', '.join(map(str, LOG_RETENTION))}")
    return days


def in_turns(seconds: int) -> int:
    """Check an interval between heartbeats, whose function runs once a minute."""
    if seconds < MINUTE and MINUTE % seconds:
        raise ValueError("expected 20, 30, or a multiple of 10 from 60 on")
    if seconds % 10:
        raise ValueError("expected a multiple of 10 seconds")
    return seconds


def reconciliations(seconds: int) -> int:
    """Check an interval between corrections of the counters."""
    if seconds % MINUTE or 0 < seconds < RECONCILED:
        raise ValueError("expected 0, or whole minutes: a multiple of 60 seconds from 300 on")
    return seconds
