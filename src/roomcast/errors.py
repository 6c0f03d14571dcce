"""What can go wrong before an event leaves the publisher."""


class RoomcastError(Exception):
    """The base of every error that this library raises."""


class InvalidEvent(RoomcastError, ValueError):
    """An event has a value that its type does not allow; nothing was sent.

    `fields` maps each offending field (dotted path below `data`) to what was expected there.
    """

    def __init__(self, event_type: str, fields: dict[str, str]) -> None:
        self.event_type = event_type
        self.fields = fields
        problems = "; ".join(f"{field}: {problem}" for field, problem in fields.items())
        super().__init__(f"{event_type} was not sent: {problems}")


class EventTooLarge(RoomcastError, ValueError):
    """An event exceeds, once encoded, what can be delivered; nothing was sent. Sizes in bytes."""

    def __init__(self, event_type: str, size: int, limit: int) -> None:
        self.event_type = event_type
        self.size = size
        self.limit = limit
        super().__init__(
            f"{event_type} was not sent: it takes {size} bytes encoded, the limit is {limit}; "
            "shorten the payload or send a reference to it"
        )


class InvalidRoom(RoomcastError, ValueError):
    """A name is not the name of a room."""

    def __init__(self, name: object) -> None:
        self.name = name
        super().__init__(
            "not a room name: expected global, user:<id>, project:<id> or agent:<id>, where an id "
            "is 1 to 128 of A-Z a-z 0-9 . _ -"
        )


class NotConfigured(RoomcastError):
    """A setting that the publisher or the command line needs is missing."""
