"""A revoked token at each way into the service, through the functions' handlers."""

import json
import time
from http import HTTPStatus
from typing import Any

import jwt
import pytest

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.lifecycle.token_check import REVOKED
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.ended_access import EndedAccessStore
from tests.fakes.deployment import SECRET, SOCKET_IO, USER, Deployment
from tests.functional.test_metered import CONNECTION, deployment

__all__ = ["deployment"]


def token(**claims: Any) -> str:
    now = int(time.time())
    values = {"sub": USER, "exp": now + 3600, "token_type": "access", "projects": "*", **claims}
    return jwt.encode(values, SECRET, algorithm="HS256")


@pytest.fixture
def service(deployment: Deployment) -> Deployment:
    """Return the service after an order that revokes all tokens until now."""
    now = int(time.time())
    EndedAccessStore(settings()).revoke(USER, issued_before=now + 1, ordered_at=now)
    return deployment


OLD = [{"iat": int(time.time()) - 60}, {}]
"""Claims of revoked tokens: one that tells when it was issued, and one that does not."""


@pytest.fixture
def new() -> str:
    return token(iat=int(time.time()) + 1)


@pytest.mark.parametrize("claims", OLD)
class TestOld:
    def test_a_handshake(self, service: Deployment, claims: dict[str, int]) -> None:
        assert service.try_to_connect(CONNECTION, token=token(**claims)) == HTTPStatus.UNAUTHORIZED
        assert service.opened == []
        assert ConnectionStore(settings()).get(CONNECTION) is None

    def test_the_first_frame(self, service: Deployment, claims: dict[str, int]) -> None:
        service.connect(CONNECTION)
        frame = {"action": "authenticate", "token": token(**claims)}
        answer = json.loads(service.say(CONNECTION, frame))
        assert (answer["code"], answer["message"]) == ("AUTH_FAILED", REVOKED)

    @pytest.mark.parametrize("in_handshake", [False, True])
    def test_socket_io(
        self, service: Deployment, claims: dict[str, int], *, in_handshake: bool
    ) -> None:
        old = token(**claims)
        service.connect(CONNECTION, **SOCKET_IO, **({"token": old} if in_handshake else {}))
        service.open_all()
        auth = {} if in_handshake else {"token": old}
        answer = json.loads(service.say(CONNECTION, f"40/ws,{json.dumps(auth)}")[6:])
        assert answer == {"message": REVOKED, "data": {"code": "AUTH_FAILED", "message": REVOKED}}

    @pytest.mark.parametrize("sent_before", [False, True])
    def test_an_upgrade(
        self, service: Deployment, claims: dict[str, int], *, sent_before: bool
    ) -> None:
        sid = json.loads(service.poll()[1:])["sid"]
        packet = f'40/ws,{{"token":"{token(**claims)}"}}'
        if sent_before:
            service.poll(sid, packet)
        service.connect(CONNECTION, **SOCKET_IO, sid=sid)
        service.say(CONNECTION, "2probe")
        if not sent_before:
            service.poll(sid, packet)
        assert REVOKED in service.say(CONNECTION, "5")

    def test_long_polling(self, service: Deployment, claims: dict[str, int]) -> None:
        sid = json.loads(service.poll()[1:])["sid"]
        service.poll(sid, f'40/ws,{{"token":"{token(**claims)}"}}')
        assert REVOKED in service.poll(sid)

    @pytest.mark.parametrize("path", ["/api/v1/websocket/stats", "/api/v1/rooms/global/state"])
    def test_http(self, service: Deployment, claims: dict[str, int], path: str) -> None:
        old = f"Bearer {token(role='admin', **claims)}"
        assert service.get(path, authorization=old) == HTTPStatus.UNAUTHORIZED
        new = f"Bearer {token(role='admin', iat=int(time.time()) + 1)}"
        assert service.get(path, authorization=new) == HTTPStatus.OK


class TestNew:
    def test_a_handshake(self, service: Deployment, new: str) -> None:
        service.connect(CONNECTION, token=new)

    def test_socket_io(self, service: Deployment, new: str) -> None:
        service.connect(CONNECTION, **SOCKET_IO)
        service.open_all()
        assert service.say(CONNECTION, f'40/ws,{{"token":"{new}"}}').startswith("40/ws,{")

    def test_an_upgrade(self, service: Deployment, new: str) -> None:
        sid = json.loads(service.poll()[1:])["sid"]
        service.poll(sid, f'40/ws,{{"token":"{new}"}}')
        service.connect(CONNECTION, **SOCKET_IO, sid=sid)
        service.say(CONNECTION, "2probe")
        assert service.say(CONNECTION, "5").startswith("40/ws,{")


class TestUnreadable:
    """When it is not known whether a token is revoked, it is not taken."""

    @pytest.fixture(autouse=True)
    def down(self, service: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        del service  # it is made before

        def fail(*_: Any, **__: Any) -> None:
            raise AwsError("GetItem", "ServiceUnavailable", "down")

        monkeypatch.setattr(EndedAccessStore, "get", fail)

    def test_a_handshake(self, service: Deployment, new: str) -> None:
        assert service.try_to_connect(CONNECTION, token=new) == HTTPStatus.SERVICE_UNAVAILABLE
        assert service.opened == []

    def test_http(self, service: Deployment) -> None:
        authorization = f"Bearer {token(role='admin', iat=int(time.time()) + 1)}"
        found = service.get("/api/v1/websocket/stats", authorization=authorization)
        assert found == HTTPStatus.SERVICE_UNAVAILABLE
