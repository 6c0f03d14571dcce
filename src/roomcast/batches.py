"""Split entries into PutEvents requests, by EventBridge's limits for one request."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from roomcast.envelope import MAX_ENTRY_BYTES

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

MAX_ENTRIES: Final = 10
"""The largest number of entries in one request.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

_TIME_BYTES: Final = 14


def entry_size(entry: "Entry") -> int:
    """Return the size of an entry in bytes, as EventBridge counts it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
    """
    texts = (entry["Source"], entry["DetailType"], entry["Detail"], *entry.get("Resources", ()))
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)


def requests(
    entries: Iterable["Entry"], max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_ENTRY_BYTES
) -> Iterator[list["Entry"]]:
    """Yield lists of entries, one list for each request, as long as both limits allow.

    The entries stay in order. An entry that is larger than `max_bytes` gets a request of its own,
    which EventBridge refuses.
    """
    request: list[Entry] = []
    space = max_bytes
    for entry in entries:
        size = entry_size(entry)
        if request and (len(request) == max_entries or size > space):
            yield request
            request, space = [], max_bytes
        request.append(entry)
        space -= size
    if request:
        yield request
