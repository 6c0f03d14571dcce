"""What a route of the HTTP API is, and the answers that many of them have."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel


class Unavailable(BaseModel):
    """A table, the secret or the key set does not answer."""

    status: Literal["unavailable"]


class HttpError(BaseModel):
    """Why a request is refused."""

    statusCode: int  # noqa: N815  as Powertools writes it
    message: str


Body = type[BaseModel] | tuple[type[BaseModel], ...] | dict[str, Any]
"""What a request's body is: a model, one of several, or a schema."""


Answer = tuple[str, type[BaseModel] | tuple[type[BaseModel], ...] | None]
"""What one status means, and the model of its body, or one of several; None without a body."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a route: its name, and where it stands (`path`, `query`, `header`)."""

    name: str
    place: str
    description: str
    values: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One method of a path: what it is called, needs and answers, by status."""

    method: str
    path: str
    name: str
    summary: str
    answers: dict[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    token: bool = False
    bodies: dict[str, Body] = field(default_factory=dict)


UNAVAILABLE: Final[Answer] = ("A table, the secret or the key set does not answer.", Unavailable)
NO_TOKEN: Final[Answer] = ("No valid token.", HttpError)
NO_ADMIN: Final[Answer] = ("The token's role is not admin.", HttpError)
