"""The token in an Authorization header."""

import pytest

from roomcast_backend.auth.bearer import bearer_token


@pytest.mark.parametrize("value", ["Bearer t.o.k", "bearer t.o.k", "BEARER  t.o.k "])
def test_the_token_is_found(value: str) -> None:
    assert bearer_token(value) == "t.o.k"


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Bearer   ", "Basic dTpw", "t.o.k"])
def test_there_is_none(value: str) -> None:
    assert bearer_token(value) is None
