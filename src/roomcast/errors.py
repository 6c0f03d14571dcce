"""What can go wrong before an event leaves the publisher.

The facts are the constructor's arguments, so that the errors survive pickling between processes.
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
        problems = "; ".join(f"{field}: {problem}" for field, problem in self.fields.items())
        return f"{self.event_type} was not sent: {problems}"


class EventTooLarge(RoomcastError, ValueError):
    """An event exceeds, once encoded, what can be delivered; nothing was sent. Sizes in bytes."""

    def __init__(self, event_type: str, size: int, limit: int) -> None:
        super().__init__(event_type, size, limit)
        self.event_type = event_type
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"{self.event_type} was not sent: it takes {self.size} bytes encoded, the limit is "
            f"{self.limit}; shorten the payload or send a reference to it"
        )


class InvalidRoom(RoomcastError, ValueError):
    """A name is not the name of a room."""

    def __init__(self, name: object) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return (
            "not a room name: expected global, user:<id>, project:<id> or agent:<id>, where an id "
            "is 1 to 128 of A-Z a-z 0-9 . _ -"
        )


class NotConfigured(RoomcastError):
    """A setting that the publisher or the command line needs is missing."""
