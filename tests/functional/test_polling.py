"""HTTP long-polling and its upgrade, from the request to moto's tables."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.poll.handler import handler
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.gateway.router import Router
from roomcast_backend.inbound.handler import UNAVAILABLE
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.inbound.upgrades import Upgrades
from roomcast_backend.lifecycle.auth_timeout import AuthTimeout
from roomcast_backend.lifecycle.handshake import Acceptor, Handshake, HandshakeRefused
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import SOCKET_IO, Connection, State
from roomcast_backend.model.polling import (
    LARGEST_OUTBOX,
    LARGEST_PENDING,
    LEASE_SECONDS,
    LOST_SECONDS,
    OPENING_SECONDS,
    UPGRADE_SECONDS,
    PollingState,
    is_polling,
    new_sid,
    polling_id,
)
from roomcast_backend.polling.errors import PollingRefused
from roomcast_backend.polling.request import LARGEST_BODY, MOST_PACKETS, PollingRequest
from roomcast_backend.polling.settling import Settling
from roomcast_backend.polling.transport import PollingTransport
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.polling import PollingStore
from tests.fakes.clock import FakeClock
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import Forwarding, table_settings
from tests.fakes.token_checks import unrevoked

CONTEXT: Any = SimpleNamespace(
    function_name="poll",
    function_version="",
    memory_limit_in_mb=256,
    invoked_function_arn="",
    aws_request_id="",
)

CONNECT = '40/ws,{"token":"good"}'
SEPARATOR = "\x1e"


class Service:
    """The transport with its tables; packets are answered with `4` and what they said."""

    def __init__(self, dynamodb: Any, *, allowed: bool = True, most: int = 0) -> None:
        self.settings = table_settings(allowed_origins="https://app.example")
        self.clock = FakeClock()
        self.store = PollingStore(self.settings, client=dynamodb, clock=self.clock)
        self.connections = ConnectionStore(self.settings, client=dynamodb)
        self.memberships = MembershipStore(self.settings, client=dynamodb)
        self.router = Router(FakeGateway(), lambda: self.store)
        self.upgrades = Upgrades(self.store, clock=self.clock)
        self.answered: list[tuple[str, str, int]] = []
        self.deadlines: list[str] = []
        self.staying = 0
        self.sleeps: list[Callable[[], object]] = []
        self.acceptor = Acceptor(
            self.settings,
            connections=self.connections,
            polling=self.store,
            tokens=unrevoked(self._principal_of),
            count_connections=lambda: 0,
            open_connection=lambda _: None,
            set_deadline=lambda connection_id, _: self.deadlines.append(connection_id),
            clock=self.clock,
        )
        self.settling = Settling(
            sessions=self.store,
            connections=self.connections,
            memberships=self.memberships,
            answer=self._answer,
            set_deadline=self.deadlines.append,
            count=lambda: self.staying,
            most=most,
            allowed=allowed,
        )
        self.transport = PollingTransport(
            sessions=self.store,
            acceptor=self.acceptor,
            settling=self.settling,
            timers=EngineIoTimers(interval=25_000, timeout=20_000),
            clock=self.clock,
            sleep=self._sleep,
        )

    def _principal_of(self, token: str) -> Principal:
        if not token.startswith("good"):
            raise TokenRefused("the token is not valid")
        return Principal(f"user-of-{token}", int(self.clock.now) + 3600)

    def _answer(self, connection_id: str, packet: str, at: int) -> str:
        assert self.connections.get(connection_id) is not None
        self.answered.append((connection_id, packet, at))
        return f"4{packet}"

    def _sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        if self.sleeps:
            self.sleeps.pop(0)()

    def ask(
        self, method: str = "GET", body: str = "", at: int | None = None, /, **query: str
    ) -> str:
        headers = {"origin": "https://app.example"}
        query = {"EIO": "4", "transport": "polling", **query}
        request = PollingRequest(method, headers, query, body.encode(), at)
        return self.transport.answer(request)

    def begin(self, **query: Any) -> str:
        opening = self.ask(**query)
        assert opening[0] == "0"
        sid: str = json.loads(opening[1:])["sid"]
        return sid

    def post(self, sid: str, *packets: str, at: int | None = None, **query: str) -> str:
        return self.ask("POST", SEPARATOR.join(packets), at, sid=sid, **query)

    def get(self, sid: str, **query: Any) -> list[str]:
        return self.ask(sid=sid, **query).split(SEPARATOR)

    def socket(self, sid: str, name: str = "C1=", **query: Any) -> Connection:
        """Open the WebSocket of an upgrade."""
        query = {"EIO": "4", "transport": "websocket", "sid": sid, **query}
        self.acceptor.accept(Handshake(name, {}, query))
        connection = self.connections.get(name)
        assert connection is not None
        return connection

    def deadline(self) -> tuple[AuthTimeout, list[int]]:
        """Return the timeout of clients without a token, and when it wants to look again."""
        again: list[int] = []
        timeout = AuthTimeout(
            connections=self.connections,
            memberships=self.memberships,
            terminator=Terminator(self.router, self.memberships),
            deadline=15,
            check_again=lambda _, seconds: again.append(seconds),
            gateway=self.router,
            session_of=self.store.get,
            clock=self.clock,
        )
        return timeout, again

    def settled(self, **query: str) -> str:
        """Return the sid of a client that stays with polling."""
        sid = self.begin(**query)
        self.post(sid, CONNECT)
        self.clock.sleep(UPGRADE_SECONDS)
        assert self.get(sid) == [f"4{CONNECT}"]
        return sid

    def state(self, sid: str) -> PollingState | None:
        session = self.store.get(polling_id(sid))
        return session.state if session else None


@pytest.fixture
def service(dynamodb: Any) -> Service:
    return Service(dynamodb)


def refused(call: Callable[[], object]) -> PollingRefused:
    with pytest.raises(PollingRefused) as caught:
        call()
    return caught.value


class TestHandshake:
    def test_opens_with_a_secret_of_128_bits_and_the_upgrade(self, service: Service) -> None:
        opening = json.loads(service.ask()[1:])
        assert opening["upgrades"] == ["websocket"]
        assert (opening["pingInterval"], opening["pingTimeout"]) == (25_000, 20_000)
        assert opening["maxPayload"] == LARGEST_BODY
        assert len(opening["sid"]) == 22  # 16 bytes in base64

    def test_stores_no_secret(self, service: Service, dynamodb: Any) -> None:
        sid = service.begin(token="good")
        rows = json.dumps(dynamodb.scan(TableName="polling")["Items"])
        assert sid not in rows
        assert '"good"' not in rows
        assert is_polling(polling_id(sid))

    @pytest.mark.parametrize(
        ("method", "query", "code"),
        [
            ("GET", {"EIO": "3"}, 5),
            ("GET", {"EIO": ""}, 5),
            ("GET", {"transport": "webtransport"}, 0),
            ("GET", {"transport": "websocket"}, 3),
            ("POST", {}, 2),
            ("HEAD", {}, 2),
            ("OPTIONS", {}, 2),
            ("GET", {"sid": "unknown"}, 1),
            ("PUT", {"sid": "unknown"}, 3),
        ],
    )
    def test_wrong_requests(
        self, service: Service, method: str, query: dict[str, str], code: int
    ) -> None:
        error = refused(lambda: service.ask(method, **query))
        assert (error.status, error.code) == (HTTPStatus.BAD_REQUEST, code)
        assert error.body() == {"code": code, "message": str(error)}

    def test_of_other_origins_is_forbidden(self, service: Service) -> None:
        query = {"EIO": "4", "transport": "polling"}
        request = PollingRequest("GET", {"origin": "https://evil.example"}, query)
        error = refused(lambda: service.transport.answer(request))
        assert (error.status, error.code) == (HTTPStatus.FORBIDDEN, 4)

    def test_is_refused_where_polling_is_off(self, service: Service) -> None:
        service.transport._enabled = False
        error = refused(service.begin)
        assert error.code == 0
        assert 'transports: ["websocket"]' in str(error)

    def test_reads_the_event_of_api_gateway(self) -> None:
        event = {
            "requestContext": {"http": {"method": "POST"}},
            "headers": {"Authorization": "Bearer good"},
            "queryStringParameters": {"sid": "s"},
            "body": "NDA=",
            "isBase64Encoded": True,
        }
        request = PollingRequest.from_event(event)
        assert (request.sid, request.token, request.packets()) == ("s", "good", ["40"])


class TestUpgrade:
    def test_hands_over_what_was_posted_once(self, service: Service) -> None:
        sid = service.begin()
        assert service.post(sid, CONNECT) == "ok"
        connection = service.socket(sid)
        assert service.upgrades.probe(connection)
        pending = service.upgrades.complete(connection)
        assert pending is not None
        assert [packet for packet, _ in pending] == [CONNECT]
        assert service.upgrades.complete(connection) is None
        assert service.answered == []

    def test_has_the_user_of_the_handshake(self, service: Service) -> None:
        sid = service.begin(token="good")
        connection = service.socket(sid)
        assert connection.principal is not None
        assert connection.principal.user_id == "user-of-good"
        assert (connection.protocol, connection.state) == (SOCKET_IO, State.PENDING)
        assert connection.greeted_at  # the client has its open packet already

    def test_is_not_closed_before_it_could_end(self, service: Service) -> None:
        """A client whose WebSocket ends after `3probe` and before `5` waits for ever."""
        connection = service.socket(service.begin())
        deadline, again = service.deadline()
        assert service.upgrades.probe(connection)
        closed = []
        for _ in range(8):
            service.clock.sleep(15)
            closed.append(deadline.close_if_pending(connection.id))
        assert closed == [False] * 7 + [True]
        assert again == [15] * 7
        assert service.connections.get(connection.id) is None

    def test_has_its_deadline_after_its_end(self, service: Service) -> None:
        connection = service.socket(service.begin())
        deadline, again = service.deadline()
        service.clock.sleep(14)
        assert service.upgrades.probe(connection)
        assert service.upgrades.complete(connection) is not None
        service.clock.sleep(1)
        assert not deadline.close_if_pending(connection.id)  # its CONNECT is answered now
        service.clock.sleep(28)
        assert not deadline.close_if_pending(connection.id)
        assert again == [15, 1]
        service.clock.sleep(1)
        assert deadline.close_if_pending(connection.id)

    def test_releases_the_waiting_get(self, service: Service) -> None:
        sid = service.begin()
        service.sleeps = [lambda: service.upgrades.probe(service.socket(sid))]
        began = service.clock.now
        assert service.get(sid) == ["6"]
        assert service.clock.now - began < 1
        assert service.get(sid) == ["6"]  # another one in between does not spin
        assert service.clock.now - began >= 0.1

    def test_ends_the_requests_of_the_session(self, service: Service) -> None:
        sid = service.begin()
        connection = service.socket(sid)
        service.upgrades.probe(connection)
        service.upgrades.complete(connection)
        assert refused(lambda: service.get(sid)).code == 1
        assert refused(lambda: service.post(sid, CONNECT)).code == 1
        with pytest.raises(HandshakeRefused, match="not upgraded yet"):
            service.socket(sid, "C2=")

    def test_ends_a_get_that_its_client_has_given_up(self, service: Service) -> None:
        sid = service.begin()

        def upgrade() -> None:
            connection = service.socket(sid)
            service.upgrades.probe(connection)
            service.upgrades.complete(connection)

        service.sleeps = [upgrade]
        assert refused(lambda: service.get(sid)).code == 1

    def test_of_an_unknown_session_is_refused(self, service: Service) -> None:
        with pytest.raises(HandshakeRefused) as caught:
            service.socket("unknown")
        assert caught.value.status == 400

    def test_belongs_to_the_first_probe_until_its_lease_ends(self, service: Service) -> None:
        sid = service.begin()
        first, second = service.socket(sid), service.socket(sid, "C2=")
        assert service.upgrades.probe(first)
        assert service.upgrades.probe(first)
        assert not service.upgrades.probe(second)
        assert service.upgrades.complete(second) is None
        service.clock.sleep(LEASE_SECONDS)
        assert service.upgrades.probe(second)
        assert service.upgrades.complete(first) is None
        assert service.upgrades.complete(second) == ()

    def test_that_breaks_off_leaves_the_client_with_polling(self, service: Service) -> None:
        sid = service.begin()
        service.post(sid, CONNECT)
        connection = service.socket(sid)
        service.upgrades.probe(connection)
        service.clock.sleep(LEASE_SECONDS)
        assert service.get(sid) == [f"4{CONNECT}"]
        assert service.upgrades.complete(connection) is None
        assert not service.upgrades.probe(connection)
        assert service.state(sid) is PollingState.POLLING

    def test_of_a_websocket_that_opens_has_more_time_for_its_probe(self, service: Service) -> None:
        sid = service.begin()
        service.post(sid, CONNECT)
        service.clock.sleep(UPGRADE_SECONDS - 0.1)
        connection = service.socket(sid)
        service.sleeps = [lambda: None] * 5 + [lambda: service.upgrades.probe(connection)]
        assert service.get(sid) == ["6"]
        assert service.upgrades.complete(connection)

    def test_whose_probe_never_comes_is_given_up(self, service: Service) -> None:
        sid = service.begin()
        service.post(sid, CONNECT)
        service.clock.sleep(UPGRADE_SECONDS - 0.1)
        service.socket(sid)
        began = service.clock.now
        assert service.get(sid) == [f"4{CONNECT}"]
        assert service.clock.now - began >= OPENING_SECONDS

    def test_whose_websocket_ends_waits_no_longer(self, service: Service) -> None:
        sid = service.begin()
        service.post(sid, CONNECT)
        connection = service.socket(sid)
        service.upgrades.probe(connection)
        service.store.release(polling_id(sid), "C2=", now=int(service.clock.now * 1000))
        assert service.state(sid) is PollingState.UPGRADING
        service.store.release(polling_id(sid), connection.id, now=int(service.clock.now * 1000))
        began = service.clock.now
        assert service.get(sid) == [f"4{CONNECT}"]
        assert service.clock.now - began < OPENING_SECONDS

    def test_too_late_is_refused(self, service: Service) -> None:
        with pytest.raises(HandshakeRefused):
            service.socket(service.settled())


class TestOwner:
    def test_another_token_is_forbidden(self, service: Service) -> None:
        sid = service.begin(token="good")
        for call in (
            lambda: service.get(sid, token="good-too"),
            lambda: service.post(sid, CONNECT, token="good-too"),
        ):
            error = refused(call)
            assert (error.status, error.code) == (HTTPStatus.FORBIDDEN, 4)
        with pytest.raises(HandshakeRefused) as caught:
            service.socket(sid, token="good-too")
        assert caught.value.status == 403
        session = service.store.get(polling_id(sid))
        assert session is not None
        assert session.pending == ()

    def test_the_same_token_and_none_are_taken(self, service: Service) -> None:
        sid = service.begin(token="good")
        assert service.post(sid, CONNECT, token="good") == "ok"
        assert service.post(sid, "3") == "ok"
        assert service.socket(sid, token="good").upgrades == polling_id(sid)


class TestStaying:
    def test_answers_what_was_posted_when_no_websocket_comes(self, service: Service) -> None:
        sid = service.begin()
        posted = int(service.clock.now * 1000)
        service.post(sid, CONNECT)
        assert service.get(sid) == [f"4{CONNECT}"]
        assert service.clock.now * 1000 - posted >= UPGRADE_SECONDS * 1000
        assert service.answered == [(polling_id(sid), CONNECT, posted)]
        assert service.deadlines == [polling_id(sid)]
        assert service.state(sid) is PollingState.POLLING

    def test_a_late_get_waits_for_a_websocket_that_may_be_as_late(self, service: Service) -> None:
        sid = service.begin()
        service.clock.sleep(UPGRADE_SECONDS * 2)
        service.post(sid, CONNECT)
        service.sleeps = [lambda: None] * 5 + [lambda: service.upgrades.probe(service.socket(sid))]
        assert service.get(sid) == ["6"]
        assert service.answered == []

    def test_without_packets_the_session_waits_on(self, service: Service) -> None:
        sid = service.begin()
        service.clock.sleep(UPGRADE_SECONDS * 2)
        service.sleeps = [lambda: service.upgrades.probe(service.socket(sid))]
        assert service.get(sid) == ["6"]

    def test_a_client_that_sends_nothing_is_closed_at_its_deadline(self, service: Service) -> None:
        sid, began = service.begin(), service.clock.now
        assert service.get(sid) == ["1"]
        assert 15 <= service.clock.now - began < 17
        assert refused(lambda: service.get(sid)).code == 1

    def test_a_probe_that_leads_to_nothing_keeps_no_silent_client(self, service: Service) -> None:
        """Its WebSocket is gone, and nobody was told."""
        sid = service.begin()
        service.upgrades.probe(service.socket(sid))
        service.clock.sleep(LEASE_SECONDS)
        assert service.get(sid) == ["1"]

    def test_packets_are_answered_in_order(self, service: Service) -> None:
        sid = service.settled()
        service.post(sid, "42/ws,1[]", "42/ws,2[]")
        service.router.post(f"{polling_id(sid)}#/ws", b"42/ws,[3]")
        assert service.get(sid) == ["442/ws,1[]", "442/ws,2[]", "42/ws,[3]"]

    def test_a_get_waits_for_a_packet(self, service: Service) -> None:
        sid = service.settled()
        service.sleeps = [lambda: None] * 3 + [
            lambda: service.router.post(polling_id(sid), b"42[1]")
        ]
        assert service.get(sid) == ["42[1]"]

    def test_a_get_waits_no_longer_than_api_gateway_does(self, service: Service) -> None:
        sid, began = service.settled(), service.clock.now
        assert service.get(sid) == ["6"]
        assert 20 <= service.clock.now - began < 25

    def test_what_was_returned_is_deleted_with_the_next_get(
        self, service: Service, dynamodb: Any
    ) -> None:
        sid = service.settled()
        assert len(dynamodb.scan(TableName="polling")["Items"]) == 2  # a GET may have been lost
        service.get(sid)
        assert len(dynamodb.scan(TableName="polling")["Items"]) == 1

    def test_two_gets_at_once_end_the_session(self, service: Service) -> None:
        sid = service.settled()
        codes: list[int] = []
        service.sleeps = [lambda: codes.append(refused(lambda: service.get(sid)).code)]
        assert service.get(sid) == ["1"]
        assert codes == [3]
        assert refused(lambda: service.get(sid)).code == 1
        assert service.connections.get(polling_id(sid)) is None

    def test_a_close_of_the_client_ends_it(self, service: Service) -> None:
        sid = service.settled()
        service.post(sid, "1")
        assert service.connections.get(polling_id(sid)) is None
        assert service.router.post(polling_id(sid), b"42[1]") is Outcome.GONE
        assert refused(lambda: service.post(sid, CONNECT)).code == 1

    def test_a_get_that_waits_while_its_client_closes_it_is_answered(
        self, service: Service
    ) -> None:
        sid = service.settled()
        service.sleeps = [lambda: service.post(sid, "1")]
        assert service.get(sid) == ["6"]
        assert refused(lambda: service.get(sid)).code == 1

    @pytest.mark.parametrize("settled", [True, False])
    def test_what_is_no_packet_ends_the_session(self, service: Service, *, settled: bool) -> None:
        sid = service.settled() if settled else service.begin()
        assert refused(lambda: service.post(sid, "4hello", "abc")).code == 3
        assert service.connections.get(polling_id(sid)) is None
        assert refused(lambda: service.get(sid)).code == 1

    def test_what_is_no_packet_ends_no_session_of_another_user(self, service: Service) -> None:
        sid = service.begin(token="good")
        assert refused(lambda: service.post(sid, "abc", token="good-too")).code == 4
        assert service.post(sid, CONNECT, token="good") == "ok"

    def test_a_close_of_the_service_comes_after_what_was_sent_before(
        self, service: Service
    ) -> None:
        sid = service.settled()
        service.router.post(polling_id(sid), b"42[1]")
        service.router.close(polling_id(sid))
        assert service.get(sid) == ["42[1]"]  # beside a CLOSE, clients would not hear it
        assert service.get(sid) == ["1"]
        assert refused(lambda: service.get(sid)).code == 1

    def test_ends_after_two_hours_as_a_websocket_does(self, service: Service) -> None:
        sid = service.settled()
        service.router.post(polling_id(sid), b"42[1]")
        service.clock.sleep(2 * 60 * 60)
        assert service.get(sid) == ["42[1]"]  # beside a CLOSE, clients would not hear it
        assert service.get(sid) == ["1"]
        assert service.connections.get(polling_id(sid)) is None

    def test_is_refused_when_not_allowed(self, dynamodb: Any) -> None:
        service = Service(dynamodb, allowed=False)
        sid = service.begin()
        service.post(sid, CONNECT)
        error = refused(lambda: service.get(sid))
        assert (error.status, error.code) == (HTTPStatus.FORBIDDEN, 4)
        assert service.answered == []

    def test_is_refused_when_too_many_stay(self, dynamodb: Any) -> None:
        service = Service(dynamodb, most=10)
        sid = service.begin()
        service.post(sid, CONNECT)
        service.staying = 10
        error = refused(lambda: service.get(sid))
        assert error.status is HTTPStatus.SERVICE_UNAVAILABLE


class TestLimits:
    def test_bodies(self, service: Service) -> None:
        sid = service.begin()
        error = refused(lambda: service.post(sid, "4" * (LARGEST_BODY + 1)))
        assert error.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert refused(lambda: service.post(sid)).code == 3
        assert refused(lambda: service.post(sid, *["3"] * (MOST_PACKETS + 1))).code == 3

    def test_what_is_kept_for_a_websocket(self, service: Service) -> None:
        sid = service.begin()
        service.post(sid, "4" * (LARGEST_PENDING - 10))
        error = refused(lambda: service.post(sid, "4" * 11))
        assert error.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def test_a_client_that_asks_no_more_is_gone_for_good(self, service: Service) -> None:
        sid = service.settled()
        service.clock.sleep(LOST_SECONDS - 1)
        assert service.router.post(polling_id(sid), b"42[1]") is Outcome.SENT
        service.clock.sleep(2)
        assert service.router.post(polling_id(sid), b"42[2]") is Outcome.GONE
        assert service.get(sid) == ["42[1]"]
        assert service.get(sid) == ["1"]  # what it lacks cannot be hidden from it

    def test_a_client_that_asks_no_more_gives_its_place_back(self, service: Service) -> None:
        sid = service.settled()
        name = polling_id(sid)
        connection = service.connections.get(name)
        assert connection is not None
        service.connections.put(replace(connection, state=State.READY))
        deadline, again = service.deadline()
        assert not deadline.close_if_pending(name)
        assert again == [LOST_SECONDS]
        service.clock.sleep(LOST_SECONDS)
        assert deadline.close_if_pending(name)
        assert service.connections.get(name) is None
        assert service.get(sid) == ["1"]

    def test_a_client_that_takes_packets_too_slowly_is_closed(self, service: Service) -> None:
        sid = service.settled()
        outcomes = [
            service.router.post(polling_id(sid), b"4" * 100_000)
            for _ in range(LARGEST_OUTBOX // 100_000 + 2)
        ]
        assert outcomes[-1] is Outcome.GONE
        assert set(outcomes[:-1]) == {Outcome.SENT}

    def test_answers_make_room_in_the_outbox(self, service: Service) -> None:
        sid = service.settled()
        for _ in range(30):
            assert service.router.post(polling_id(sid), b"4" * 100_000) is Outcome.SENT
            service.get(sid)


class LostAnswers(DynamoDb):
    """Makes each update twice, as our client does when the first answer is lost."""

    def __init__(self, client: Any) -> None:
        super().__init__(Forwarding(client))  # type: ignore[arg-type]
        self._client = client

    def update_item(self, **request: Any) -> Any:
        with suppress(AwsError):
            self._client.update_item(**request)
        return self._client.update_item(**request)


class TestAnswersThatAreLost:
    @pytest.fixture
    def service(self, dynamodb: Any) -> Service:
        return Service(LostAnswers(dynamodb))

    def test_what_was_posted_is_kept_once(self, service: Service) -> None:
        sid = service.begin()
        service.post(sid, CONNECT)
        service.post(sid, "3")
        session = service.store.get(polling_id(sid))
        assert session is not None
        assert [packet for packet, _ in session.pending] == [CONNECT, "3"]

    def test_what_was_posted_is_answered_once(self, service: Service) -> None:
        sid = service.settled()
        assert [packet for _, packet, _ in service.answered] == [CONNECT]
        session = service.store.get(polling_id(sid))
        assert session is not None
        assert session.pending == ()

    def test_a_get_is_the_only_one(self, service: Service) -> None:
        sid = service.settled()
        assert service.get(sid) == ["6"]
        assert service.get(sid) == ["6"]


class TestCrashes:
    def test_a_connection_that_no_request_goes_on_with_has_a_deadline(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise AwsError("dynamodb", "UpdateItem", "InternalServerError", status=500)

        sid = service.begin()
        service.post(sid, CONNECT)
        monkeypatch.setattr(service.store, "settle", fail)
        with pytest.raises(AwsError):
            service.get(sid)
        assert service.connections.get(polling_id(sid)) is not None
        assert service.deadlines == [polling_id(sid)]

    def test_an_end_of_an_upgrade_that_is_refused_ends_the_connection(self) -> None:
        gateway: Any = FakeGateway("C1=")
        nothing: Any = None
        handler = SocketIoHandler(nothing, nothing, gateway=gateway)
        assert handler.refuse("C1=", handler.read("5"), UNAVAILABLE) == "6"
        assert gateway.closed == ["C1="]

    def test_a_reply_to_what_was_posted_before_is_posted_again_when_it_is_throttled(
        self, service: Service
    ) -> None:
        sid = service.begin()
        for namespace in ("a", "b"):
            service.post(sid, f"40/{namespace},")
        connection = service.socket(sid)
        gateway = FakeGateway(connection.id)
        nothing: Any = None
        gateway.fail(connection.id, Outcome.THROTTLED)
        handler = SocketIoHandler(nothing, nothing, gateway=gateway, upgrades=service.upgrades)
        assert service.upgrades.probe(connection)
        answer = handler.handle(connection, handler.read("5"), at=1)
        assert answer.startswith("44/b,")
        assert [frame.decode()[:5] for frame in gateway.sent[connection.id]] == ["44/a,"]
        assert gateway.closed == []


class TestTimes:
    def test_packets_were_sent_when_api_gateway_got_them(self, service: Service) -> None:
        """The clocks of containers differ: by them, the later one of two could be the earlier."""
        sid = service.begin()
        service.post(sid, CONNECT, at=17_000)
        service.clock.sleep(UPGRADE_SECONDS)
        service.get(sid)
        service.post(sid, "42/ws,[1]", at=18_000)
        assert [at for _, _, at in service.answered] == [17_000, 18_000]

    @pytest.mark.parametrize(("more", "at"), [({"timeEpoch": 17_123}, 17_123), ({}, None)])
    def test_the_event_says_when(self, more: dict[str, int], at: int | None) -> None:
        event = {"requestContext": {"http": {"method": "POST"}, **more}}
        assert PollingRequest.from_event(event).at == at


def test_a_sid_is_safe_in_a_url() -> None:
    sid = new_sid()
    assert urlencode({"sid": sid}) == f"sid={sid}"


class TestHandler:
    @pytest.mark.parametrize("path", ["/socket.io/", "/ws", "/api/v1/websocket/stats"])
    def test_a_preflight_request_is_answered_on_every_path(self, path: str) -> None:
        request = {"rawPath": path, "requestContext": {"http": {"method": "OPTIONS"}}}
        answer = handler(request, CONTEXT)
        assert (answer["statusCode"], answer["body"]) == (204, "")

    def test_a_path_of_nobody_is_not_found(self) -> None:
        request = {"rawPath": "/elsewhere", "requestContext": {"http": {"method": "GET"}}}
        answer = handler(request, CONTEXT)
        assert answer["statusCode"] == 404
