"""The queues: deadlines of connections without a token, pages of large rooms, checks of who has
left a room, and dead letters."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from constructs import Construct

ATTEMPTS = 5
"""How often a message is received before it counts as dead."""

TIMEOUTS_INVISIBLE = 6
"""A message stays hidden for this many times its function's timeout, as Lambda asks for.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

WORK = {"deadline": "deadline", "pages": "broadcast", "departures": "presence"}
"""The work queues, each with the function that reads it."""


class Queues(Construct):
    """The work queues, and the dead letters of work queues and of functions that nobody waits for.

    `work` is keyed by the queue, `dead_letters` by the work queue or the function; `functions` are
    those that have dead letters; only functions with a timeout have work queues. With `enforce_ssl`
    a policy refuses plain HTTP.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: Sequence[str],
        timeouts: Mapping[str, int],
        enforce_ssl: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._enforce_ssl = enforce_ssl
        work = {name: function for name, function in WORK.items() if function in timeouts}
        self.dead_letters = {
            name: self._queue(f"{name.capitalize()}DeadLetters", retention=Duration.days(14))
            for name in (*functions, *work)
        }
        self.work = {
            name: self._work(name, timeout=timeouts[function]) for name, function in work.items()
        }

    def _work(self, name: str, *, timeout: int) -> Queue:
        return self._queue(
            name.capitalize(),
            visibility_timeout=Duration.seconds(TIMEOUTS_INVISIBLE * timeout),
            dead_letter_queue=DeadLetterQueue(
                queue=self.dead_letters[name], max_receive_count=ATTEMPTS
            ),
        )

    def _queue(
        self,
        construct_id: str,
        *,
        retention: Duration | None = None,
        visibility_timeout: Duration | None = None,
        dead_letter_queue: DeadLetterQueue | None = None,
    ) -> Queue:
        return Queue(
            self,
            construct_id,
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=self._enforce_ssl,
            retention_period=retention,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letter_queue,
        )
