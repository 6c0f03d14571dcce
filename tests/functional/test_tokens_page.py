"""docs/tokens.md: its route mints tokens that the service takes, its tables are of today."""

import inspect
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from roomcast import mint_token
from roomcast_backend.auth.tokens import TokenRules, verify

TEXT = (Path(__file__).parents[2] / "docs/tokens.md").read_text()
ROUTE, READING = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SECRET = "0123456789abcdef0123456789abcdef"


async def test_the_route_mints_for_who_is_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMCAST_JWT_SECRET", SECRET)
    names: dict[str, Any] = {"__name__": "tokens_page"}
    exec(compile(ROUTE, "tokens.md", "exec"), names)  # noqa: S102
    transport = httpx.ASGITransport(names["app"])
    async with httpx.AsyncClient(transport=transport, base_url="http://example") as client:
        answer = await client.post("/realtime/token", params={"user_id": "mallory"})
    rules = TokenRules(algorithms=("HS256",))
    principal = verify(answer.json()["token"], key_for=lambda _: SECRET, rules=rules)
    assert (principal.user_id, principal.is_admin) == ("42", False)
    assert principal.projects.covers("atlas")
    assert not principal.projects.covers("other")


def test_reading_the_secret_is_python() -> None:
    compile(READING, "tokens.md", "exec")


def test_the_table_has_every_argument() -> None:
    chapter = TEXT[TEXT.index("## What `mint_token` takes") :]
    assert set(re.findall(r"^\| `(\w+)` \|", chapter, re.MULTILINE)) == set(
        inspect.signature(mint_token).parameters
    )
