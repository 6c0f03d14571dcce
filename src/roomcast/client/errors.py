"""What ends a receiving client for good; whatever can pass is tried again."""

from roomcast.errors import RoomcastError


class CannotConnect(RoomcastError):
    """The first connection failed: nothing answers, or the service cannot answer now.

    `url` is the address, `problem` what was seen, `status` the HTTP status, 0 without one.
    """

    def __init__(self, url: str, problem: str, status: int = 0) -> None:
        super().__init__(url, problem, status)
        self.url = url
        self.problem = problem
        self.status = status

    def __str__(self) -> str:
        return f"cannot connect to {self.url}: {self.problem}"


class Refused(RoomcastError):
    """The service refuses the connection or a room, and would refuse it again.

    `code` is an error code of the protocol, or an HTTP status as text; `room` is empty where it is
    about the connection.
    """

    def __init__(self, message: str, code: str, room: str = "") -> None:
        super().__init__(message, code, room)
        self.message = message
        self.code = code
        self.room = room

    def __str__(self) -> str:
        return f"{self.room}: {self.message}" if self.room else self.message
