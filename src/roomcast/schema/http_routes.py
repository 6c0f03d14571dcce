"""What the HTTP routes take and answer, as models, and which statuses each one has."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from roomcast.schema import admin_routes
from roomcast.schema.explanations import Explanation
from roomcast.schema.frames import LEFT_OUT, Envelope


class Health(BaseModel):
    """Every table answers."""

    status: Literal["ok"]
    version: str


class Unavailable(BaseModel):
    """A table, the secret or the key set does not answer."""

    status: Literal["unavailable"]


class EventStatistics(BaseModel):
    """Events of one type so far; `type` null: of all own types beyond 50, and of older versions."""

    type: str | None
    events: int
    deliveries: int
    bytes: int = Field(description="Of all frames that were delivered.")
    dollars: float = Field(description="An estimate, by list prices.")


class Deliveries(BaseModel):
    """Posts to connections so far, by their outcome."""

    sent: int
    gone: int
    throttled: int
    too_large: int
    failed: int


class Advice(BaseModel):
    """What would have lowered the cost so far, and by how much: at least, at most."""

    type: str
    text: str
    saves_dollars: list[float]


class Cost(BaseModel):
    """What all events have cost so far, an estimate by list prices of a day."""

    dollars: float
    prices_of: str
    advice: list[Advice]


class Statistics(BaseModel):
    """How many connections, memberships and events there are; `detail` with `?detail=rooms`."""

    connections: int
    rooms: dict[str, int]
    events_emitted: int
    uptime_seconds: int
    events: list[EventStatistics]
    deliveries: Deliveries
    cost: Cost
    detail: dict[str, int] = LEFT_OUT


class RoomState(BaseModel):
    """What is current in a room; `next` is the `after` of the next page."""

    room: str
    state: list[Envelope]
    next: str = LEFT_OUT


class RoomMembers(BaseModel):
    """Who is in a room: the first 100 user ids, and how many users there are."""

    room: str
    users: list[str]
    count: int


class HttpError(BaseModel):
    """Why a request is refused."""

    statusCode: int  # noqa: N815  as Powertools writes it
    message: str


class Accepted(BaseModel):
    """The delivery was published as the event `id`, now or by an earlier delivery."""

    status: Literal["accepted", "duplicate"]
    id: str


class Ignored(BaseModel):
    """The delivery becomes no event."""

    status: Literal["ignored"]
    message: str


class WebhookRefused(BaseModel):
    """The delivery was not taken."""

    status: Literal["error"]
    message: str


class Form(BaseModel):
    """A webhook whose content type is the form."""

    payload: str = Field(description="The webhook as JSON.")


Body = type[BaseModel] | tuple[type[BaseModel], ...] | dict[str, Any]
"""What a request's body is: a model, one of several, or a schema."""


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
    answers: dict[int, tuple[str, type[BaseModel] | tuple[type[BaseModel], ...] | None]]
    parameters: tuple[Parameter, ...] = ()
    token: bool = False
    bodies: dict[str, Body] = field(default_factory=dict)


_UNAVAILABLE: Final = ("A table, the secret or the key set does not answer.", Unavailable)
_ROOM: Final = Parameter("room", "path", "The name of a room: project:atlas.", required=True)
_NO_TOKEN: Final = ("No valid token.", HttpError)
_NO_ADMIN: Final = ("The token's role is not admin.", HttpError)
_NOT_THIS_ADMIN: Final = ("Not an admin, or one of a tenant that this is not for.", HttpError)
_BAD_BODY: Final = ("The body, or a value in it, is not as it should be.", HttpError)
_JSON: Final = "application/json"

ROUTES: Final = (
    Route(
        "get",
        "/health",
        "health",
        "Tell whether the service works.",
        {200: ("Every table answers.", Health), 503: _UNAVAILABLE},
    ),
    Route(
        "head",
        "/health",
        "healthWithoutBody",
        "Tell whether the service works, by the status alone.",
        {200: ("Every table answers.", None), 503: ("A table does not answer.", None)},
    ),
    Route(
        "get",
        "/api/v1/websocket/stats",
        "statistics",
        "Return how many connections, memberships and events there are.",
        {
            200: ("The statistics.", Statistics),
            401: _NO_TOKEN,
            403: _NO_ADMIN,
            503: _UNAVAILABLE,
        },
        (Parameter("detail", "query", "Also each room but global.", ("rooms",)),),
        token=True,
    ),
    Route(
        "get",
        "/api/v1/rooms/{room}/state",
        "roomState",
        "Return what is current in a room that the token opens.",
        {
            200: ("Up to 1 MB of it.", RoomState),
            400: ("Not the name of a room, or not the next of an answer.", HttpError),
            401: _NO_TOKEN,
            403: ("The token does not open the room.", HttpError),
            404: ("No state is kept of the room.", HttpError),
            503: _UNAVAILABLE,
        },
        (
            _ROOM,
            Parameter("after", "query", "The next of an answer: where to go on."),
        ),
        token=True,
    ),
    Route(
        "get",
        "/api/v1/rooms/{room}/members",
        "roomMembers",
        "Return who is in a room that the token opens.",
        {
            200: ("Who is there.", RoomMembers),
            400: ("Not the name of a room.", HttpError),
            401: _NO_TOKEN,
            403: ("The token does not open the room.", HttpError),
            404: ("The room has no presence.", HttpError),
            503: _UNAVAILABLE,
        },
        (_ROOM,),
        token=True,
    ),
    Route(
        "get",
        "/api/v1/explain",
        "explain",
        "Tell why a user did or did not get an event.",
        {
            200: ("What is known of it.", Explanation),
            400: ("Not the id of an event, or not that of a user.", HttpError),
            401: _NO_TOKEN,
            403: ("The token's role is not admin.", HttpError),
            503: _UNAVAILABLE,
        },
        (
            Parameter("event", "query", "The id of the event.", required=True),
            Parameter("user", "query", "The id of the user.", required=True),
        ),
        token=True,
    ),
    Route(
        "post",
        "/api/v1/admin/events",
        "publishEvent",
        "Publish one event of this package, to the rooms of the admin's tenant.",
        {
            202: ("The bus has it.", admin_routes.Published),
            400: _BAD_BODY,
            401: _NO_TOKEN,
            403: _NO_ADMIN,
            413: ("The body, or the event, is too large.", HttpError),
            503: ("The bus has not taken it: send it again.", HttpError),
        },
        token=True,
        bodies={_JSON: admin_routes.NewEvent},
    ),
    Route(
        "post",
        "/api/v1/admin/access",
        "endAccess",
        "End a user's access now.",
        {
            202: ("The bus has the order.", admin_routes.Ordered),
            400: _BAD_BODY,
            401: _NO_TOKEN,
            403: _NO_ADMIN,
            503: ("The bus has not taken it: send it again.", HttpError),
        },
        token=True,
        bodies={_JSON: admin_routes.NewOrder},
    ),
    Route(
        "get",
        "/api/v1/admin/links",
        "links",
        "Return the links of GitHub's repositories and logins.",
        {
            200: ("The links.", admin_routes.Links),
            401: _NO_TOKEN,
            403: _NO_ADMIN,
            503: _UNAVAILABLE,
        },
        token=True,
    ),
    Route(
        "put",
        "/api/v1/admin/links",
        "link",
        "Link a repository to a project, or a login to a user; replace an earlier link.",
        {
            200: (
                "The link.",
                (admin_routes.RepositoryLinked, admin_routes.LoginLinked),
            ),
            400: _BAD_BODY,
            401: _NO_TOKEN,
            403: _NOT_THIS_ADMIN,
            503: _UNAVAILABLE,
        },
        token=True,
        bodies={_JSON: (admin_routes.LinkedRepository, admin_routes.LinkedLogin)},
    ),
    Route(
        "delete",
        "/api/v1/admin/links",
        "unlink",
        "Delete the link of a repository or a login.",
        {
            200: ("It is gone.", admin_routes.Unlinked),
            400: _BAD_BODY,
            401: _NO_TOKEN,
            403: _NOT_THIS_ADMIN,
            404: ("There is no such link.", HttpError),
            503: _UNAVAILABLE,
        },
        token=True,
        bodies={_JSON: (admin_routes.Repository, admin_routes.Login)},
    ),
    Route(
        "get",
        "/api/v1/admin/dead-letters",
        "deadLetters",
        "Return the queues of dead letters, and the first letters of each.",
        {
            200: ("The queues.", admin_routes.LetterQueues),
            401: _NO_TOKEN,
            403: _NOT_THIS_ADMIN,
            503: _UNAVAILABLE,
        },
        token=True,
    ),
    Route(
        "post",
        "/api/v1/admin/dead-letters/redrive",
        "redrive",
        "Try the dead letters of a queue again, for up to 20 s.",
        {
            202: ("How many were handed over.", admin_routes.Redriven),
            400: _BAD_BODY,
            401: _NO_TOKEN,
            403: _NOT_THIS_ADMIN,
            503: _UNAVAILABLE,
        },
        token=True,
        bodies={_JSON: admin_routes.Queue},
    ),
    Route(
        "post",
        "/webhooks/github",
        "githubWebhook",
        "Take a delivery of GitHub; it becomes an event.",
        {
            200: ("It becomes no event.", Ignored),
            202: ("It was published.", Accepted),
            400: ("Not JSON, not GitHub's shape, or a header is missing.", WebhookRefused),
            401: ("The signature is missing or wrong.", WebhookRefused),
            413: ("The body, or its event, is too large.", WebhookRefused),
            503: ("It was not published: send it again.", WebhookRefused),
        },
        (
            Parameter("X-GitHub-Event", "header", "What it is about.", required=True),
            Parameter("X-GitHub-Delivery", "header", "The delivery's id.", required=True),
            Parameter("X-Hub-Signature-256", "header", "HMAC of the body.", required=True),
        ),
        bodies={
            "application/json": {"type": "object"},
            "application/x-www-form-urlencoded": Form,
        },
    ),
)
"""The routes of docs/PROTOCOL.md, chapter 9. Long polling is Socket.IO's, and not among them."""
