"""What the routes for admins take and answer, as models; the service reads requests with them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roomcast.schema.frames import LEFT_OUT


class Request(BaseModel):
    """A request's body: it has no other fields."""

    model_config = ConfigDict(extra="forbid")


Name = Annotated[str, Field(min_length=1, max_length=256)]


class NewEvent(Request):
    """An event to publish: its type, and its data as publishers give it."""

    type: Name
    data: dict[str, Any]


class NewOrder(Request):
    """An order that ends a user's access: docs/PROTOCOL.md, "Access that ends now".

    `room` with `remove` only; `issued_before` with `revoke` only, a time with its zone.
    """

    order: Literal["disconnect", "remove", "revoke"]
    user: Name
    room: str | None = LEFT_OUT
    reason: str | None = LEFT_OUT
    issued_before: str | None = LEFT_OUT


class LinkedRepository(Request):
    """A repository of GitHub, `owner/name`, and the project whose room gets its events."""

    repository: Name
    project: Name


class LinkedLogin(Request):
    """A login of GitHub, and the user it is."""

    login: Name
    user: Name


class Repository(Request):
    """A repository whose link is to go."""

    repository: Name


class Login(Request):
    """A login whose link is to go."""

    login: Name


class Queue(Request):
    """The queue whose dead letters are to be tried again."""

    queue: Name


class Published(BaseModel):
    """The bus has the event."""

    id: str
    type: str


class Ordered(BaseModel):
    """The bus has the order; it is carried out within a second or two."""

    status: Literal["ordered"]
    id: str
    order: str
    user: str
    room: str = LEFT_OUT


class RepositoryLinked(BaseModel):
    """A link of a repository; GitHub's id is there once a webhook has brought it."""

    repository: str
    project_id: str
    repository_id: int = LEFT_OUT
    tenant: str = LEFT_OUT


class LoginLinked(BaseModel):
    """A link of a login."""

    login: str
    user_id: str


class Links(BaseModel):
    """All links of the admin's tenant; logins for an admin of none."""

    repositories: list[RepositoryLinked]
    users: list[LoginLinked]


class Unlinked(BaseModel):
    """The link is gone."""

    status: Literal["unlinked"]
    name: str


class Letter(BaseModel):
    """A dead letter; `about` names it: what a letter holds is not shown."""

    id: str
    sent_at: str
    reason: str
    about: str


class LetterQueue(BaseModel):
    """A queue of dead letters: about how many it has, and the first five."""

    name: str
    messages: int
    samples: list[Letter]


class LetterQueues(BaseModel):
    """All queues of dead letters."""

    queues: list[LetterQueue]


class Redriven(BaseModel):
    """So many letters were handed over; `is_complete` is false where more are left: ask again."""

    status: Literal["redriven"]
    queue: str
    tried_again: int
    is_complete: bool
