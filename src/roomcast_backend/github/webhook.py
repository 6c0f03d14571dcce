"""POST /webhooks/github: from a request to the response (contract: HTTP).

    size ─▶ signature ─▶ headers, JSON ─▶ mapping ─▶ registry ─▶ idempotency ─▶ order ─▶ publish
     413       401            400          200, 400     200        202 (repeat)   200    202, 503

Nothing is stored or looked up for a request whose signature is wrong. 503 means that the delivery
was not published and has to be sent again: GitHub shows it as failed, with a button to redeliver.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from roomcast.errors import EventTooLarge
from roomcast.events import Event
from roomcast.publisher import Publisher
from roomcast.registry import Registry, RegistryBusy
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.github import mapping, renames
from roomcast_backend.github.deliveries import Deliveries, DeliveryNotClaimed
from roomcast_backend.github.linking import LinkChanging, Linking
from roomcast_backend.github.object_order import (
    LateDelivery,
    ObjectBusy,
    ObjectOrder,
    ObjectVersion,
)
from roomcast_backend.github.payload import Delivery, InvalidPayload
from roomcast_backend.github.publishing import NotPublished, publish_within_limit
from roomcast_backend.github.renames import Rename
from roomcast_backend.github.request import RequestRefused, WebhookRequest

_NOT_PUBLISHED: Final = (
    KeysUnavailable,
    DeliveryNotClaimed,
    LinkChanging,
    NotPublished,
    ObjectBusy,
    RegistryBusy,
)
"""The service's own errors after which GitHub has to send a delivery again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that the route calls; `secret` returns the secret that GitHub signs with.

    `max_bytes` is the largest body that is accepted.
    """

    secret: Callable[[], str]
    registry: Registry
    deliveries: Deliveries
    order: ObjectOrder
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
    except (*_NOT_PUBLISHED, BotoCoreError, ClientError) as exc:
        body = {"status": "error", "message": "not published: send this delivery again"}
        return WebhookResponse(503, body, "webhooks_failed", {"fault": _fault(exc)})


def refused(error: RequestRefused) -> WebhookResponse:
    """Return the response to a request that was refused."""
    body = {"status": "error", "message": str(error)}
    return WebhookResponse(error.status, body, "webhooks_refused", {"reason": str(error)})


def _accept(request: WebhookRequest, services: Services) -> WebhookResponse:
    facts = {"kind": request.kind(), "delivery_id": request.delivery_id()}
    kind, payload = facts["kind"], request.payload()
    try:
        delivery, rename = mapping.read(kind, payload), renames.read(kind, payload)
    except InvalidPayload as exc:
        raise RequestRefused(400, f"not a payload of {kind}: {exc}") from exc
    if delivery is not None:
        return _deliver(delivery, services, facts)
    if rename is not None:
        return _rename(rename, services, facts)
    return _ignored("webhooks_ignored", f"{kind} maps to no event", facts)


def _rename(rename: Rename, services: Services, facts: dict[str, str]) -> WebhookResponse:
    facts |= {"repository": rename.repository.full_name, "former_name": rename.former_name}
    link = Linking(services.registry).find(rename.repository, rename.former_name)
    if link is None:
        return _unregistered(facts)
    return _ignored("webhooks_ignored", "no event: the link follows the repository", facts)


def _deliver(delivery: Delivery, services: Services, facts: dict[str, str]) -> WebhookResponse:
    facts |= {"action": delivery.action, "repository": delivery.repository.full_name}
    link = Linking(services.registry).find(delivery.repository)
    if link is None:
        return _unregistered(facts)
    assigned, listeners = _listeners(delivery, services.registry)
    event = delivery.event(link.project_id, assigned, also=listeners, first_name=link.first_name)
    if event is None:
        reason = f"{facts['kind']} {delivery.action} maps to no event"
        return _ignored("webhooks_ignored", reason, facts)
    repository = link.repository_id or link.repository.lower()
    found = ObjectVersion(
        key=f"{repository}#{delivery.object_id(link.first_name)}",
        version=delivery.version,
        kept=delivery.kept,
    )
    if link.tenant:
        services = replace(services, publisher=services.publisher.of(link.tenant))
    return _publish(event, found, services, facts)


def _publish(
    event: Event, found: ObjectVersion, services: Services, facts: dict[str, str]
) -> WebhookResponse:
    def publish() -> str:
        return publish_within_limit(services.publisher, event, facts["delivery_id"])

    try:
        result = services.deliveries.once(
            facts["delivery_id"], lambda: services.order.publish(found, publish)
        )
    except LateDelivery:
        return _ignored("webhooks_late", "something newer of this object was published", facts)
    except EventTooLarge as exc:
        raise RequestRefused(413, str(exc)) from exc
    facts |= {"event_type": event.type, "event_id": result.event_id}
    status, metric = (
        ("duplicate", "webhooks_duplicate")
        if result.repeated
        else ("accepted", "webhooks_accepted")
    )
    return WebhookResponse(202, {"status": status, "id": result.event_id}, metric, facts)


def _listeners(delivery: Delivery, registry: Registry) -> tuple[str | None, tuple[str, ...]]:
    """Return the first linked assignee's user id, and those of all assignees and of those removed.

    Logins that are not linked are left out.
    """
    logins = (*delivery.assignees, *delivery.removed)
    users = registry.users_of(logins) if logins else {}
    assigned = next((users[login] for login in delivery.assignees if login in users), None)
    return assigned, tuple(users[login] for login in logins if login in users)


def _unregistered(facts: dict[str, str]) -> WebhookResponse:
    return _ignored("webhooks_unregistered", "the repository is not registered", facts)


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
