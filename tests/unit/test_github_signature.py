"""The signature of a webhook, against GitHub's own example and against what is none."""

import pytest

from roomcast_backend.github.signature import is_signed
from tests.fakes.github import SECRET, signature

BODY = b"Hello, World!"
GENUINE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


class TestIsSigned:
    def test_githubs_own_example(self) -> None:
        assert is_signed(BODY, signature=GENUINE, secret=SECRET)

    def test_bytes_that_are_no_text(self) -> None:
        body = bytes(range(256))
        assert is_signed(body, signature=signature(body), secret=SECRET)

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "sha256=",
            "sha256=" + "0" * 64,
            GENUINE.removeprefix("sha256="),
            GENUINE.replace("sha256", "sha1"),
            GENUINE.upper(),
            GENUINE + "\n",
            GENUINE + "0",
            f"{GENUINE},{GENUINE}",
            f"sha256={'0' * 64},{GENUINE}",
            "sha256=" + "é" * 64,
            "sha256=" + "٠" * 64,
        ],
    )
    def test_anything_else_is_refused(self, given: str) -> None:
        assert not is_signed(BODY, signature=given, secret=SECRET)

    def test_another_body(self) -> None:
        assert not is_signed(BODY + b" ", signature=GENUINE, secret=SECRET)

    def test_another_secret(self) -> None:
        assert not is_signed(BODY, signature=GENUINE, secret=SECRET + " ")

    def test_no_secret_signs_nothing(self) -> None:
        assert not is_signed(BODY, signature=signature(BODY, ""), secret="")
