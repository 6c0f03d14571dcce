"""What the routes for admins take and answer, as models; the service reads requests with them."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from roomcast.schema.frames import LEFT_OUT
from roomcast.schema.routes import (
    NO_ADMIN,
    NO_TOKEN,
    UNAVAILABLE,
    Answer,
    Body,
    HttpError,
    Parameter,
    Route,
    Unavailable,
)


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
    """A queue of dead letters: about how many it has, and the first five.

    `can_redrive` is false where the letters do not hold what was lost.
    """

    name: str
    messages: int
    can_redrive: bool
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


_NOT_THIS_ADMIN: Final = ("Not an admin, or one of a tenant that this is not for.", HttpError)
_BAD_BODY: Final = ("The body, or a value in it, is not as it should be.", HttpError)
_NOT_TAKEN: Final = (
    "The bus has not taken it, or a table does not answer: send it again.",
    (HttpError, Unavailable),
)


def _route(
    method: str,
    path: str,
    name: str,
    summary: str,
    answers: dict[int, Answer],
    *,
    body: Body | None = None,
    parameters: tuple[Parameter, ...] = (),
) -> Route:
    """Return a route for admins, with the answers that all of them have."""
    common = {401: NO_TOKEN, 403: NO_ADMIN, 503: UNAVAILABLE}
    bad = {400: _BAD_BODY} if body else {}
    return Route(
        method,
        f"/api/v1/admin/{path}",
        name,
        summary,
        dict(sorted({**common, **bad, **answers}.items())),
        parameters,
        token=True,
        bodies={"application/json": body} if body else {},
    )


ROUTES: Final = (
    _route(
        "post",
        "events",
        "publishEvent",
        "Publish one event of this package, to the rooms of the admin's tenant.",
        {
            202: ("The bus has it.", Published),
            413: ("The body, or the event, is too large.", HttpError),
            503: _NOT_TAKEN,
        },
        body=NewEvent,
    ),
    _route(
        "post",
        "access",
        "endAccess",
        "End a user's access now.",
        {202: ("The bus has the order.", Ordered), 503: _NOT_TAKEN},
        body=NewOrder,
    ),
    _route(
        "get",
        "links",
        "links",
        "Return the links of GitHub's repositories and logins.",
        {200: ("The links.", Links)},
    ),
    _route(
        "put",
        "links",
        "link",
        "Link a repository to a project, or a login to a user; replace an earlier link.",
        {200: ("The link.", (RepositoryLinked, LoginLinked)), 403: _NOT_THIS_ADMIN},
        body=(LinkedRepository, LinkedLogin),
    ),
    _route(
        "delete",
        "links",
        "unlink",
        "Delete the link of a repository or a login.",
        {
            200: ("It is gone.", Unlinked),
            400: ("Not one of the two, or no such name.", HttpError),
            403: _NOT_THIS_ADMIN,
            404: ("There is no such link.", HttpError),
        },
        parameters=(
            Parameter("repository", "query", "The repository: octo/hello."),
            Parameter("login", "query", "Or the login."),
        ),
    ),
    _route(
        "get",
        "dead-letters",
        "deadLetters",
        "Return the queues of dead letters, and the first letters of each.",
        {200: ("The queues.", LetterQueues), 403: _NOT_THIS_ADMIN},
    ),
    _route(
        "post",
        "dead-letters/redrive",
        "redrive",
        "Try the dead letters of a queue again, for up to 20 s.",
        {202: ("How many were handed over.", Redriven), 403: _NOT_THIS_ADMIN},
        body=Queue,
    ),
)
"""The routes that a deployment has with the setting `admin_api`."""
