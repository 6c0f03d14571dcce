"""What a webhook request must look like, and what is said when it does not."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from roomcast_backend.github.request import FORM, RequestRefused, WebhookRequest
from tests.fakes.github import SECRET, request

PAYLOAD = {"zen": "Design for failure. ✓"}


def of(**changes: Any) -> WebhookRequest:
    return WebhookRequest.from_event(request("ping", PAYLOAD, **changes))


class TestFromEvent:
    @pytest.mark.parametrize("in_base64", [False, True])
    def test_the_body_as_it_was_signed(self, *, in_base64: bool) -> None:
        received = of(body=json.dumps(PAYLOAD, ensure_ascii=False).encode(), in_base64=in_base64)
        received.check_signature(SECRET)
        assert received.payload() == PAYLOAD

    def test_header_names_in_any_case(self) -> None:
        event = request("ping", PAYLOAD)
        event["headers"] = {name.title(): value for name, value in event["headers"].items()}
        assert WebhookRequest.from_event(event).kind() == "ping"

    def test_nothing_at_all(self) -> None:
        assert WebhookRequest.from_event({}) == WebhookRequest({}, b"")

    def test_broken_base64(self) -> None:
        with pytest.raises(RequestRefused) as caught:
            WebhookRequest.from_event({"body": "é%", "isBase64Encoded": True})
        assert caught.value.status == 400

    def test_a_lone_surrogate_is_no_crash(self) -> None:
        received = WebhookRequest.from_event({"body": '"\ud800"'})
        with pytest.raises(RequestRefused, match="JSON"):
            received.payload()


class TestCheckSize:
    def test_the_limit_is_allowed(self) -> None:
        WebhookRequest({}, b"x" * 10).check_size(10)

    def test_over_it(self) -> None:
        with pytest.raises(RequestRefused, match="at most 10 bytes, got 11") as caught:
            WebhookRequest({}, b"x" * 11).check_size(10)
        assert caught.value.status == 413


class TestHeaders:
    @pytest.mark.parametrize("delivery", [None, "", "a,b", "a b", "x" * 129])
    def test_no_delivery_id(self, delivery: str | None) -> None:
        with pytest.raises(RequestRefused, match="X-GitHub-Delivery") as caught:
            of(headers={"x-github-delivery": delivery}).delivery_id()
        assert caught.value.status == 400

    def test_no_kind(self) -> None:
        with pytest.raises(RequestRefused, match="X-GitHub-Event") as caught:
            of(headers={"x-github-event": None}).kind()
        assert caught.value.status == 400


class TestPayload:
    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"null", b"[" * 100_000, b"payload={}"],
    )
    def test_what_is_no_object(self, body: bytes) -> None:
        with pytest.raises(RequestRefused) as caught:
            WebhookRequest({"content-type": "application/json"}, body).payload()
        assert caught.value.status == 400

    @pytest.mark.parametrize("content_type", [FORM, f"{FORM.upper()}; charset=utf-8"])
    def test_githubs_form(self, content_type: str) -> None:
        body = f"payload={quote_plus(json.dumps(PAYLOAD))}".encode()
        assert WebhookRequest({"content-type": content_type}, body).payload() == PAYLOAD

    @pytest.mark.parametrize("body", [b"", b"other={}", b"payload=", b"&" * 10_000, b"payload=%ff"])
    def test_a_form_without_it(self, body: bytes) -> None:
        with pytest.raises(RequestRefused, match="JSON"):
            WebhookRequest({"content-type": FORM}, body).payload()
