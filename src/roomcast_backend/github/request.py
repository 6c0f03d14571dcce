"""One webhook request, as API Gateway passes it (HTTP API, payload format 2.0).

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs

from roomcast.rooms import is_id
from roomcast_backend.github.signature import is_signed

FORM = "application/x-www-form-urlencoded"
"""The second content type that GitHub offers: a form with the JSON in the field `payload`."""


class RequestRefused(Exception):
    """A request is refused with the HTTP `status` and changes nothing."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """The headers by their lower-case names, and the body in the bytes that were signed."""

    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read the function's event; raise `RequestRefused` when the body cannot be decoded."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        text = event.get("body") or ""
        if not event.get("isBase64Encoded"):
            return cls(headers, text.encode(errors="surrogatepass"))
        try:
            return cls(headers, base64.b64decode(text, validate=True))
        except ValueError as exc:
            raise RequestRefused(400, "expected a body in base64") from exc

    def check_size(self, limit: int) -> None:
        """Raise `RequestRefused` (413) when the body takes more than `limit` bytes."""
        size = len(self.body)
        if size > limit:
            raise RequestRefused(413, f"expected a body of at most {limit} bytes, got {size}")

    def check_signature(self, secret: str) -> None:
        """Raise `RequestRefused` (401) unless the body's one signature was made with `secret`."""
        signature = self.headers.get("x-hub-signature-256", "")
        if not is_signed(self.body, signature=signature, secret=secret):
            raise RequestRefused(401, "expected one X-Hub-Signature-256 of this body")

    def kind(self) -> str:
        """Return the kind of the delivery; raise `RequestRefused` (400) when it is missing."""
        kind = self.headers.get("x-github-event", "")
        if not kind:
            raise RequestRefused(400, "expected the header X-GitHub-Event")
        return kind

    def delivery_id(self) -> str:
        """Return the delivery's id, the same for a redelivery; raise `RequestRefused` (400)."""
        delivery_id = self.headers.get("x-github-delivery", "")
        if not is_id(delivery_id):
            raise RequestRefused(400, "expected the header X-GitHub-Delivery with one id")
        return delivery_id

    def payload(self) -> dict[str, Any]:
        """Return the decoded payload; raise `RequestRefused` (400) unless it is a JSON object."""
        try:
            value = json.loads(self._json())
        except (ValueError, RecursionError) as exc:
            raise RequestRefused(400, "expected a body in JSON") from exc
        if not isinstance(value, dict):
            raise RequestRefused(400, "expected a JSON object as body")
        return value

    def _json(self) -> str:
        """Return the JSON text; raise `ValueError` when it is not UTF-8."""
        text = self.body.decode()
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            return text
        return parse_qs(text, errors="strict", max_num_fields=8).get("payload", [""])[0]
