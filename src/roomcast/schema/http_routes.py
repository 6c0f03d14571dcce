"""What the HTTP routes take and answer, as models, and which statuses each one has."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from roomcast.schema import admin_routes
from roomcast.schema.explanations import Explanation
from roomcast.schema.frames import LEFT_OUT, Envelope
from roomcast.schema.routes import (
    NO_ADMIN,
    NO_TOKEN,
    UNAVAILABLE,
    HttpError,
    Parameter,
    Route,
)


class Health(BaseModel):
    """Every table answers."""

    status: Literal["ok"]
    version: str


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


_ROOM: Final = Parameter("room", "path", "The name of a room: project:atlas.", required=True)

ROUTES: Final = (
    Route(
        "get",
        "/health",
        "health",
        "Tell whether the service works.",
        {200: ("Every table answers.", Health), 503: UNAVAILABLE},
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
            401: NO_TOKEN,
            403: NO_ADMIN,
            503: UNAVAILABLE,
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
            401: NO_TOKEN,
            403: ("The token does not open the room.", HttpError),
            404: ("No state is kept of the room.", HttpError),
            503: UNAVAILABLE,
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
            401: NO_TOKEN,
            403: ("The token does not open the room.", HttpError),
            404: ("The room has no presence.", HttpError),
            503: UNAVAILABLE,
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
            401: NO_TOKEN,
            403: NO_ADMIN,
            503: UNAVAILABLE,
        },
        (
            Parameter("event", "query", "The id of the event.", required=True),
            Parameter("user", "query", "The id of the user.", required=True),
        ),
        token=True,
    ),
    *admin_routes.ROUTES,
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
