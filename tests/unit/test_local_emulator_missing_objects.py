"""What the emulator says of objects that are not there."""

from typing import Any

import pytest

from local.emulator.missing_objects import as_to_who_may_not_list, may_list

FUNCTION = "ASIA1/20260101/us-east-1/s3/aws4_request"
ADMINISTRATOR = "test/20260101/us-east-1/s3/aws4_request"


def error(code: str, _message: str, status: int, resource: str) -> Any:
    return status, {}, f"{code} {resource}"


@pytest.mark.parametrize(("found", "told"), [(404, 403), (200, 200), (412, 412)])
def test_a_function_is_not_told_that_it_is_missing(found: int, told: int) -> None:
    get = as_to_who_may_not_list(lambda *_: (found, {}, "as it was"), error)
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={FUNCTION}, Signature=0"}
    for answer in (get("b", "k", signed), get("b", "k", {}, {"X-Amz-Credential": [FUNCTION]})):
        assert answer[0] == told
        assert answer[2] == ("AccessDenied /b/k" if told == 403 else "as it was")


def test_the_administrator_may_list() -> None:
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={ADMINISTRATOR}, Signature=0"}
    assert may_list(signed, {})
    assert may_list({}, {"X-Amz-Credential": ADMINISTRATOR})
    assert not may_list({}, {})
