"""Who may talk to the emulator: programs, and pages only where AWS is public, too."""

from typing import Any

import pytest

from local.emulator.browsers import guarded, refusal

HERE = "127.0.0.1:4566"
API = "/_aws/execute-api/abc/live"


class TestRefusal:
    @pytest.mark.parametrize("host", [HERE, "localhost:4566", "[::1]:4566", "127.0.0.1", "[::1]"])
    def test_a_program_is_answered(self, host: str) -> None:
        assert refusal("/2015-03-31/functions", {"host": host}) is None

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://127.0.0.1:8000"},
            {"sec-fetch-site": "cross-site"},  # an image, a script or a form that only reads
            {"sec-fetch-site": "none"},
        ],
    )
    @pytest.mark.parametrize("path", ["/", "/2015-03-31/functions", f"{API}/@connections/c1"])
    def test_a_page_is_not(self, path: str, headers: dict[str, str]) -> None:
        assert "not pages" in (refusal(path, {"host": HERE, **headers}) or "")

    def test_a_page_may_use_what_is_public_on_aws(self) -> None:
        headers = {"host": HERE, "origin": "https://app.example", "sec-fetch-site": "cross-site"}
        assert refusal(API, headers) is None

    @pytest.mark.parametrize(
        "host", ["", "evil.example", "evil.example:4566", "127.0.0.1.evil.example"]
    )
    @pytest.mark.parametrize("path", ["/", API])
    def test_another_host_name_is_not_answered(self, path: str, host: str) -> None:
        assert "another host name" in (refusal(path, {"host": host}) or "")


class TestGuarded:
    @staticmethod
    async def run(scope: dict[str, Any]) -> tuple[list[Any], list[dict[str, Any]]]:
        asked: list[Any] = []
        sent: list[dict[str, Any]] = []

        async def app(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
            asked.append(scope)

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await guarded(app)(scope, receive, send)
        return asked, sent

    async def test_refuses_without_asking_and_without_a_cors_header(self) -> None:
        headers = [(b"Host", HERE.encode()), (b"Origin", b"https://evil.example")]
        asked, sent = await self.run({"type": "http", "path": "/", "headers": headers})
        assert asked == []
        assert sent[0]["status"] == 403
        assert [name for name, _ in sent[0]["headers"]] == [b"content-type"]

    async def test_refuses_a_handshake(self) -> None:
        headers = [(b"host", b"evil.example")]
        asked, sent = await self.run({"type": "websocket", "path": API, "headers": headers})
        assert (asked, sent) == ([], [{"type": "websocket.close", "code": 1008}])

    @pytest.mark.parametrize("kind", ["lifespan", "http"])
    async def test_passes_the_rest_on(self, kind: str) -> None:
        scope = {"type": kind, "path": "/", "headers": [(b"host", HERE.encode())]}
        asked, sent = await self.run(scope)
        assert (asked, sent) == ([scope], [])
