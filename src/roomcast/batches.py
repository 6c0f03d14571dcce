"""Cut entries into PutEvents requests, by EventBridge's limits of number and size."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from roomcast.envelope import MAX_ENTRY_BYTES

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

MAX_ENTRIES: Final = 10
"""https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""

_TIME_BYTES: Final = 14


def entry_size(entry: "Entry") -> int:
    """Return the bytes that an entry counts as.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
    """
    texts = (entry["Source"], entry["DetailType"], entry["Detail"], *entry.get("Resources", ()))
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)


def requests(
    entries: Iterable["Entry"], max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_ENTRY_BYTES
) -> Iterator[list["Entry"]]:
    """Yield the entries in order, as many to a request as both limits allow.

    An entry that is too large by itself gets a request of its own, which EventBridge refuses.
    """
    request: list[Entry] = []
    room = max_bytes
    for entry in entries:
        size = entry_size(entry)
        if request and (len(request) == max_entries or size > room):
            yield request
            request, room = [], max_bytes
        request.append(entry)
        room -= size
    if request:
        yield request
