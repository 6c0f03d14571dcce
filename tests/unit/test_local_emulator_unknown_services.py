"""Requests for services that the emulator lacks."""

import botocore.session
import pytest
from ministack.core import router  # type: ignore[import-untyped]

from local.emulator import unknown_services

CREDENTIAL = "test/20260101/us-east-1/glacier/aws4_request"
SIGNED = {"authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}"}


def test_are_for_that_service_without_looking_for_its_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never() -> None:
        pytest.fail("it reads the models of all services")

    monkeypatch.setattr(botocore.session, "get_session", never)
    monkeypatch.setattr(router, "_is_aws_service_name", router._is_aws_service_name)
    unknown_services.install(router)
    assert router.detect_service("POST", "/", SIGNED, {}) == "glacier"
