"""The queues of dead letters: what is in them, and how each kind of letter is tried again.

queue                   a letter is                           it is tried again by
pages, deadline,        a message of a work queue             sending it to that queue
departures
open, broadcast, access an asynchronous call of a function    calling the function
broadcast, access       what a rule could not deliver         calling the function with it
count, presence         the place of a batch in a stream      nothing: it does not hold the batch

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from roomcast import access
from roomcast.envelope import escape_for_sqs
from roomcast.errors import NotConfigured

INVISIBLE_SECONDS: Final = 60
"""For how long a letter is hidden from others while it is tried again."""

AT_ONCE: Final = 10
"""The most messages in one answer of SQS."""

STREAMS: Final = ("count", "presence")
"""Queues whose letters name a batch of a stream and do not hold it: they cannot be tried again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter; `event` is what a function was called with, where there was a function."""

    id: str
    sent_at: datetime
    reason: str
    function: str
    event: dict[str, Any] | None
    body: str
    receipt: str

    @classmethod
    def of(cls, message: dict[str, Any]) -> "Letter":
        """Read a message of SQS with all its attributes."""
        value = _object(message["Body"])
        attributes = message.get("MessageAttributes", {})
        code = attributes.get("ERROR_CODE", {}).get("StringValue", "")
        call = value.get("requestContext") if "requestPayload" in value else None
        return cls(
            id=message["MessageId"],
            sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
            reason=call["condition"] if call else code or "received too often",
            function=call["functionArn"] if call else "",
            event=value["requestPayload"] if call else (value if "detail-type" in value else None),
            body=message["Body"],
            receipt=message["ReceiptHandle"],
        )

    @property
    def about(self) -> str:
        """What the letter is about: ids and types, never a payload."""
        value = self.event or _object(self.body)
        detail = value.get("detail")
        if isinstance(detail, dict):
            return f"event {detail.get('id', '?')} ({detail.get('type', '?')})"
        if "connection_id" in value:
            return f"connection {value['connection_id']}"
        return "a batch of a stream" if "DDBStreamBatchInfo" in value else "unknown"

    def summary(self) -> dict[str, str]:
        """Return what may be shown of the letter: what it is about, never a payload."""
        return {
            "id": self.id,
            "sent_at": self.sent_at.isoformat(timespec="seconds"),
            "reason": self.reason,
            "about": self.about,
        }


class DeadLetters:
    """The queues of one deployment, by the name of what left the letters.

    `urls` are those of the queues, `sqs` is boto3's client and `functions` returns the one of
    Lambda; `function_of` returns the name of the function `broadcast` or
    `access`, which is called with what a rule could not deliver. boto3's errors are passed on.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        sqs: Any,
        functions: Callable[[], Any],
        function_of: Callable[[str], str],
    ) -> None:
        self._urls = urls
        self._sqs = sqs
        self._functions = functions
        self._function_of = function_of

    @property
    def names(self) -> list[str]:
        """The names of the queues."""
        return sorted(self._urls)

    def count(self, name: str) -> int:
        """Return about how many letters are in a queue."""
        response = self._sqs.get_queue_attributes(
            QueueUrl=self._urls[name], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(response["Attributes"]["ApproximateNumberOfMessages"])

    def letters(self, name: str, *, hidden_for: int = INVISIBLE_SECONDS) -> Iterator[Letter]:
        """Yield letters, hidden from others for some seconds, each once, until none is left."""
        seen: set[str] = set()
        while True:
            response = self._sqs.receive_message(
                QueueUrl=self._urls[name],
                MaxNumberOfMessages=AT_ONCE,
                VisibilityTimeout=hidden_for,
                WaitTimeSeconds=1,
                AttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            letters = [Letter.of(message) for message in response.get("Messages", [])]
            fresh = [letter for letter in letters if letter.id not in seen]
            if not fresh:
                return
            seen.update(letter.id for letter in fresh)
            yield from fresh

    def peek(self, name: str, count: int) -> list[Letter]:
        """Return the first letters of a queue; others see them again at once."""
        shown = list(islice(self.letters(name), count))
        for letter in shown:
            self.release(name, letter)
        return shown

    def release(self, name: str, letter: Letter) -> None:
        """Let others see a letter again at once."""
        self._sqs.change_message_visibility(
            QueueUrl=self._urls[name], ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )

    def retry(self, name: str, letter: Letter) -> None:
        """Try a letter again, then delete it: a crash between the two tries it twice."""
        if letter.event is not None:
            self._call(letter)
        else:
            body = escape_for_sqs(letter.body)
            self._sqs.send_message(QueueUrl=self._source(name), MessageBody=body)
        self._sqs.delete_message(QueueUrl=self._urls[name], ReceiptHandle=letter.receipt)

    def _call(self, letter: Letter) -> None:
        function = letter.function
        if not function:  # a rule could not deliver it: an order that ends access, or an event
            is_order = letter.event is not None and letter.event.get("detail-type") in access.TYPES
            function = self._function_of("access" if is_order else "broadcast")
        self._functions().invoke(
            FunctionName=function,
            InvocationType="Event",
            Payload=json.dumps(letter.event).encode(),
        )

    def _source(self, name: str) -> str:
        """Return the work queue whose dead letters these are; raise `NotConfigured` without one."""
        response = self._sqs.list_dead_letter_source_queues(QueueUrl=self._urls[name])
        urls: list[str] = response.get("queueUrls", [])
        if not urls:
            raise NotConfigured(f"{name}: such a letter cannot be tried again")
        return urls[0]


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
