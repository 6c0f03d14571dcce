"""Whole requests to the webhook route, signed and almost signed, given to `respond`."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from roomcast import deliverable
from roomcast.memory_bus import MemoryBus
from roomcast.publisher import Publisher
from roomcast.registry import RepositoryLink
from roomcast_backend.github.deliveries import PublishResult
from roomcast_backend.github.object_order import ObjectVersion
from roomcast_backend.github.request import FORM, RequestRefused, WebhookRequest
from roomcast_backend.github.webhook import Services, refused, respond
from tests.fakes.github import SECRET, examples, signature
from tests.fuzz.mutations import Mutator

KINDS = ["pull_request", "issues", "workflow_run", "repository", "ping"]
MAX_BYTES = 100_000
STATUSES = (200, 202, 400, 401, 413)


def webhook_event(mutator: Mutator) -> dict[str, Any]:
    """Return an HTTP API's event: a recorded delivery with other values, headers, a signature."""
    random = mutator.random
    kind = random.choice(KINDS)
    payload = mutator.value(random.choice(examples()[kind]))
    if isinstance(payload, dict) and random.random() < 0.05:
        payload["more"] = "x" * MAX_BYTES
    is_form = random.random() < 0.3
    text = json.dumps(payload)
    if random.random() < 0.2:
        text = mutator.text([text[:2000], "[]", "", "null", '{"action":"opened"}'])
    raw = text.encode(errors="surrogatepass")
    body = urlencode({"payload": raw}).encode() if is_form else raw
    signed = signature(body)
    headers = {
        "X-GitHub-Event": mutator.text([kind]) if random.random() < 0.1 else kind,
        "X-GitHub-Delivery": mutator.text(["72d3162e-cc78-11e3-81ab-4c9367dc0958"]),
        "X-Hub-Signature-256": mutator.text([signed]) if random.random() < 0.3 else signed,
        "Content-Type": FORM if is_form else "application/json",
    }
    in_base64 = random.random() < 0.5
    return {
        "headers": {name: value for name, value in headers.items() if random.random() < 0.97},
        "body": base64.b64encode(body).decode() if in_base64 else body.decode(errors="replace"),
        "isBase64Encoded": in_base64,
    }


def answer_webhook(event: Any) -> None:
    """A request has a documented status; what is published was signed, and can be delivered."""
    bus = MemoryBus()
    response = _answer(event, bus)
    assert response.status in STATUSES, response
    json.dumps([response.body, response.facts]).encode()
    if not _is_signed(event):
        assert response.status in (401, 413)
    assert (response.status == 202) == (len(bus.events) == 1)  # noqa: PLR2004
    for published in bus.events:
        assert deliverable.read(published).rooms[0] == "project:p1"


def _answer(event: Any, bus: MemoryBus) -> Any:
    try:
        request = WebhookRequest.from_event(event)
    except RequestRefused as error:
        return refused(error)
    return respond(request, _services(bus))


def _is_signed(event: Any) -> bool:
    text = event["body"]
    body = base64.b64decode(text) if event["isBase64Encoded"] else text.encode()
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return bool(event["headers"].get("X-Hub-Signature-256") == f"sha256={expected}")


class _Registry:
    """Has linked every repository by its name."""

    def by_id(self, _repository_id: int) -> None:
        return None

    def by_name(self, name: str) -> RepositoryLink:
        return RepositoryLink(name, "p1")

    def write_name(self, *_link: Any, **_row: Any) -> bool:
        return True

    def write_id(self, *_link: Any, **_row: Any) -> bool:
        return True

    def users_of(self, logins: Any) -> dict[str, str]:
        return {login: f"u{index}" for index, login in enumerate(dict.fromkeys(logins))}


class _Deliveries:
    def once(self, _delivery_id: str, publish: Callable[[], str]) -> PublishResult:
        return PublishResult(publish())


class _Order:
    def publish(self, found: ObjectVersion, publish: Callable[[], str]) -> str:
        (found.key + found.version).encode()  # what a table can keep
        return publish()


def _services(bus: MemoryBus) -> Services:
    parts: Any = {"registry": _Registry(), "deliveries": _Deliveries(), "order": _Order()}
    return Services(secret=lambda: SECRET, publisher=Publisher(bus), max_bytes=MAX_BYTES, **parts)
