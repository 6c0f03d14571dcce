"""POST /webhooks/github: one request in, one answer out (contract: HTTP).

    size ─▶ signature ─▶ headers, JSON ─▶ mapping ─▶ registry ─▶ idempotency ─▶ publish
     413       401            400          200, 400     200        202 (repeat)   202, 503

Nothing is stored or looked up for a request whose signature is not ours. 503 says that the
delivery was not published and is to be sent again: GitHub shows it as failed, with a button.
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
from roomcast_backend.github.deliveries import Deliveries, DeliveryUnsettled
from roomcast_backend.github.payload import Delivery, InvalidPayload
from roomcast_backend.github.publishing import NotPublished, publish_fitting
from roomcast_backend.github.request import RequestRefused, WebhookRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the route works with; `secret` fetches the one that GitHub signs with."""

    secret: Callable[[], str]
    registry: Registry
    deliveries: Deliveries
    publisher: Publisher
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, its JSON body, the metric it is counted as and what is logged with it."""

    status: int
    body: dict[str, str]
    metric: str
    facts: dict[str, str]


def answer(request: WebhookRequest, services: Services) -> Answer:
    """Answer one webhook request; every foreseen fault becomes an answer here."""
    try:
        request.check_size(services.max_bytes)
        request.check_signature(services.secret())
        return _accept(request, services)
    except RequestRefused as exc:
        return refusal(exc)
    except (KeysUnavailable, DeliveryUnsettled, NotPublished, BotoCoreError, ClientError) as exc:
        body = {"status": "error", "message": "not published: send this delivery again"}
        return Answer(503, body, "webhooks_failed", {"fault": _fault(exc)})


def refusal(refused: RequestRefused) -> Answer:
    """Answer a request that changes nothing."""
    body = {"status": "error", "message": str(refused)}
    return Answer(refused.status, body, "webhooks_refused", {"reason": str(refused)})


def _accept(request: WebhookRequest, services: Services) -> Answer:
    kind, delivery_id = request.kind(), request.delivery_id()
    try:
        delivery = mapping.read(kind, request.payload())
    except InvalidPayload as exc:
        raise RequestRefused(400, f"not a payload of {kind}: {exc}") from exc
    facts = {"kind": kind, "delivery_id": delivery_id}
    if delivery is None:
        return _nothing("webhooks_ignored", f"{kind} maps to no event", facts)
    facts |= {"action": delivery.action, "repository": delivery.repository.full_name}
    project_id = services.registry.project_of(delivery.repository.full_name)
    if project_id is None:
        return _nothing("webhooks_unregistered", "the repository is not registered", facts)
    event = delivery.event(project_id, _assigned_to(delivery, services.registry))
    if event is None:
        return _nothing("webhooks_ignored", f"{kind} {delivery.action} maps to no event", facts)
    return _publish(event, services, facts)


def _publish(event: Event, services: Services, facts: dict[str, str]) -> Answer:
    try:
        publication = services.deliveries.once(
            facts["delivery_id"], lambda: publish_fitting(services.publisher, event)
        )
    except EventTooLarge as exc:
        raise RequestRefused(413, str(exc)) from exc
    facts |= {"event_type": event.type, "event_id": publication.event_id}
    status, metric = (
        ("duplicate", "webhooks_duplicate")
        if publication.repeated
        else ("accepted", "webhooks_accepted")
    )
    return Answer(202, {"status": status, "id": publication.event_id}, metric, facts)


def _assigned_to(delivery: Delivery, registry: Registry) -> str | None:
    """Return the first assignee who is a user of ours; most issues have one."""
    return next(filter(None, map(registry.user_of, delivery.assignees)), None)


def _nothing(metric: str, reason: str, facts: dict[str, str]) -> Answer:
    return Answer(200, {"status": "ignored", "message": reason}, metric, facts)


def _fault(error: BaseException) -> str:
    """Name an error and what it came from; messages may hold more than a log should."""
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
