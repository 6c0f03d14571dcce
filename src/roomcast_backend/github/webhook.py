"""POST /webhooks/github: from a request to the response (contract: HTTP).

    size ─▶ signature ─▶ headers, JSON ─▶ mapping ─▶ registry ─▶ idempotency ─▶ publish
     413       401            400          200, 400     200        202 (repeat)   202, 503

Nothing is stored or looked up for a request whose signature is wrong. 503 means that the delivery
was not published and has to be sent again: GitHub shows it as failed, with a button to redeliver.
"""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from roomcast.errors import EventTooLarge
from roomcast.events import Event
from roomcast.publisher import Publisher
from roomcast.registry import Registry
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.github import mapping
from roomcast_backend.github.deliveries import Deliveries, DeliveryNotClaimed
from roomcast_backend.github.payload import Delivery, InvalidPayload
from roomcast_backend.github.publishing import NotPublished, publish_within_limit
from roomcast_backend.github.request import RequestRefused, WebhookRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that the route calls; `secret` returns the secret that GitHub signs with.

    `max_bytes` is the largest body that is accepted.
    """

    secret: Callable[[], str]
    registry: Registry
    deliveries: Deliveries
    publisher: Publisher
    max_bytes: int


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """An HTTP status and its JSON body, the metric that counts it and the facts that are logged."""

    status: int
    body: dict[str, str]
    metric: str
    facts: dict[str, str]


def respond(request: WebhookRequest, services: Services) -> WebhookResponse:
    """Handle one webhook request; every expected error becomes a response here."""
    try:
        request.check_size(services.max_bytes)
        request.check_signature(services.secret())
        return _accept(request, services)
    except RequestRefused as exc:
        return refused(exc)
    except (KeysUnavailable, DeliveryNotClaimed, NotPublished, BotoCoreError, ClientError) as exc:
        body = {"status": "error", "message": "not published: send this delivery again"}
        return WebhookResponse(503, body, "webhooks_failed", {"fault": _fault(exc)})


def refused(error: RequestRefused) -> WebhookResponse:
    """Return the response to a request that was refused."""
    body = {"status": "error", "message": str(error)}
    return WebhookResponse(error.status, body, "webhooks_refused", {"reason": str(error)})


def _accept(request: WebhookRequest, services: Services) -> WebhookResponse:
    kind, delivery_id = request.kind(), request.delivery_id()
    try:
        delivery = mapping.read(kind, request.payload())
    except InvalidPayload as exc:
        raise RequestRefused(400, f"not a payload of {kind}: {exc}") from exc
    facts = {"kind": kind, "delivery_id": delivery_id}
    if delivery is None:
        return _ignored("webhooks_ignored", f"{kind} maps to no event", facts)
    facts |= {"action": delivery.action, "repository": delivery.repository.full_name}
    project_id = services.registry.project_of(delivery.repository.full_name)
    if project_id is None:
        return _ignored("webhooks_unregistered", "the repository is not registered", facts)
    event = delivery.event(project_id, _assigned_to(delivery, services.registry))
    if event is None:
        return _ignored("webhooks_ignored", f"{kind} {delivery.action} maps to no event", facts)
    return _publish(event, services, facts)


def _publish(event: Event, services: Services, facts: dict[str, str]) -> WebhookResponse:
    try:
        result = services.deliveries.once(
            facts["delivery_id"], lambda: publish_within_limit(services.publisher, event)
        )
    except EventTooLarge as exc:
        raise RequestRefused(413, str(exc)) from exc
    facts |= {"event_type": event.type, "event_id": result.event_id}
    status, metric = (
        ("duplicate", "webhooks_duplicate")
        if result.repeated
        else ("accepted", "webhooks_accepted")
    )
    return WebhookResponse(202, {"status": status, "id": result.event_id}, metric, facts)


def _assigned_to(delivery: Delivery, registry: Registry) -> str | None:
    """Return the user id of the first assignee who is registered, None without one."""
    return next(filter(None, map(registry.user_of, delivery.assignees)), None)


def _ignored(metric: str, reason: str, facts: dict[str, str]) -> WebhookResponse:
    return WebhookResponse(200, {"status": "ignored", "message": reason}, metric, facts)


def _fault(error: BaseException) -> str:
    """Return the type of an error and the code or type of its cause.

    Messages are left out: they may contain more than a log should.
    """
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    match root:
        case AwsError():
            code = root.code
        case ClientError():
            code = root.response.get("Error", {}).get("Code", "")
        case _:
            code = ""
    return f"{type(error).__name__} from {code or type(root).__name__}"
