"""The errors that the library raises before it sends anything.

Each error has its facts as attributes. They are also the constructor's arguments, so that an error
can be pickled and sent to another process.
"""

from typing import Final

from roomcast import room_kinds

BUS_BYTES: Final = 256 * 1024
"""EventBridge's limit for one PutEvents entry, and for one request with all its entries.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
"""


class RoomcastError(Exception):
    """The base of every error that this library raises."""


class InvalidEvent(RoomcastError, ValueError):
    """An event has a value that its type does not allow; nothing was sent.

    `fields` maps each offending field (`logs.3` for an item of a list) to what was expected there.
    """

    def __init__(self, event_type: str, fields: dict[str, str]) -> None:
        super().__init__(event_type, fields)
        self.event_type = event_type
        self.fields = fields

    def __str__(self) -> str:
        details = "; ".join(f"{field}: {expected}" for field, expected in self.fields.items())
        return f"{self.event_type} was not sent: {details}"


class EventTooLarge(RoomcastError, ValueError):
    """An event is larger than what can be delivered; nothing was sent.

    `size` is that of the encoded event and `limit` the largest one allowed, both in bytes.
    """

    def __init__(self, event_type: str, size: int, limit: int) -> None:
        super().__init__(event_type, size, limit)
        self.event_type = event_type
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"{self.event_type} was not sent: it takes {self.size} bytes encoded, the limit is "
            f"{self.limit}; shorten the payload or send a reference to it{self._hint()}"
        )

    def _hint(self) -> str:
        """Return what raises the limit, where something does."""
        if self.limit != BUS_BYTES:
            return ""
        return ", or set ROOMCAST_DATA_BUCKET (the stack's output DataBucketName), for up to 1 MB"


class InvalidRoom(RoomcastError, ValueError):
    """A value is not the name of a room; `name` is that value."""

    def __init__(self, name: object) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return (
            "not a room name: expected global, user:<id>, project:<id> or agent:<id>, where an id "
            f"is 1 to 128 of A-Z a-z 0-9 . _ -{self._hint()}"
        )

    def _hint(self) -> str:
        """Return where a kind that is not known would have to stand."""
        kind, colon, _ = self.name.partition(":") if isinstance(self.name, str) else ("", "", "")
        if not colon or not room_kinds.is_name(kind) or kind in room_kinds.RESERVED:
            return ""
        return (
            f", or a kind of the setting room_kinds, such as {kind}: publishers read it in "
            "ROOMCAST_ROOM_KINDS (the stack's output RoomKinds)"
        )


class NotConfigured(RoomcastError):
    """A setting that the publisher or the command line needs is missing; the message names it."""
