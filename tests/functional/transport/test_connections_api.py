"""The gateway over real sockets: what each fault comes to; no post is lost, none miscounted."""

import random
import time
from collections import Counter
from collections.abc import Collection

import pytest

from roomcast_backend.aws.credentials import Credentials
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.aws.http.transport import Transport
from roomcast_backend.aws.signing import Signer
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.gateway.connections_api import BACKOFF, ConnectionsApi
from roomcast_backend.gateway.posts import Outcome, Post
from roomcast_backend.gateway.rate_limiter import RateLimiter
from roomcast_backend.model.connection import Member, session_id
from roomcast_backend.settings import Settings
from tests.fakes.connections_server import (
    BLACK_HOLE,
    HANGS_UP,
    LAST,
    OK,
    ConnectionsServer,
    Reply,
    Then,
    closed_port,
    raw,
    status,
    trusting,
)

SHORT = 0.4
LARGE = b"x" * 128 * 1024


@pytest.fixture
def server(tls: ConnectionsServer) -> ConnectionsServer:
    """Give a server of https alone."""
    return tls


class Keys:
    """The credentials that are valid now."""

    def __init__(self) -> None:
        self.now = Credentials("first", "secret", "token")

    def __call__(self) -> Credentials:
        return self.now


def gateway(
    url: str, *, window: int = 8, timeout: float = 5.0, keys: Keys | None = None
) -> ConnectionsApi:
    """Return the gateway with transports of its own."""
    return ConnectionsApi(
        Settings(callback_url=url),
        many=Transport(url, window=window, timeout=timeout, tls=trusting()),
        single=Transport(url, window=1, timeout=timeout, tls=trusting()),
        signer=Signer("execute-api", "us-east-1", credentials=keys or Keys()),
        limiter=RateLimiter(1e6, burst=1_000_000),
        sleep=lambda _: None,
    )


def post(connection_id: str, frame: bytes = b"frame") -> Post:
    """Return a post to a member that has been there for long."""
    return Post(Member(connection_id, "json", expires_at=2**40, joined_at=0), frame)


def outcomes(api: ConnectionsApi, *posts: Post) -> dict[str, Outcome]:
    """Post; every post must come back once."""
    posted = list(api.post_all(iter(posts)))
    assert Counter(each.post for each in posted) == Counter(posts)
    return {each.post.member.connection_id: each.outcome for each in posted}


def names(count: int) -> list[str]:
    """Return connection ids."""
    return [f"Jk{number}=" for number in range(count)]


class TestOutcomes:
    FAULTS = (
        (OK, Outcome.SENT),
        (status(204), Outcome.SENT),
        (status(410), Outcome.GONE),
        (status(413), Outcome.TOO_LARGE),
        (status(429), Outcome.THROTTLED),
        (status(302, "Location: https://example.com"), Outcome.FAILED),
        (status(400), Outcome.FAILED),
        (status(403), Outcome.FAILED),
        (status(404), Outcome.FAILED),
        (status(500), Outcome.FAILED),
        (status(503, "Retry-After: 2"), Outcome.FAILED),
        (HANGS_UP, Outcome.FAILED),
        (OK.cut(50), Outcome.FAILED),
        (OK.cut(50, Then.RESET), Outcome.FAILED),
        (raw(b"no HTTP"), Outcome.FAILED),
        (BLACK_HOLE, Outcome.FAILED),
    )

    @pytest.mark.parametrize(("fault", "outcome"), FAULTS)
    def test_of_a_post(self, server: ConnectionsServer, fault: Reply, outcome: Outcome) -> None:
        server.script("abc=", fault)
        assert gateway(server.url, timeout=SHORT).post("abc=", b"frame") is outcome

    def test_of_many(self, server: ConnectionsServer) -> None:
        expected = {}
        for number, (fault, outcome) in enumerate(self.FAULTS * 3):
            expected[f"id{number}"] = outcome
            server.script(f"id{number}", *[fault] * 2)  # on a used connection, then on a new one
        posted = outcomes(gateway(server.url, timeout=SHORT), *map(post, expected))
        assert posted == expected

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("Retry-After: 3", 3.0),
            ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
            ("Retry-After: soon", 0.0),
            ("Other: 3", 0.0),
        ],
    )
    def test_throttled(self, server: ConnectionsServer, header: str, seconds: float) -> None:
        server.script("busy", status(429, header))
        (posted,) = gateway(server.url).post_all([post("busy")])
        assert (posted.outcome, posted.retry_after) == (Outcome.THROTTLED, seconds)

    def test_refused_port(self) -> None:
        api = gateway(f"https://localhost:{closed_port()}/prod")
        assert api.post("a", b"x") is Outcome.FAILED
        assert outcomes(api, *map(post, names(20))) == dict.fromkeys(names(20), Outcome.FAILED)

    def test_slow_reader(self, server: ConnectionsServer) -> None:
        server.read_little_at_once()
        server.bytes_per_second = 512 * 1024
        posts = [post(name, LARGE) for name in names(8)]
        posted = outcomes(gateway(server.url), *posts)
        assert posted == dict.fromkeys(names(8), Outcome.SENT)
        assert all(server.delivered[name] == {LARGE: 1} for name in names(8))

    def test_server_that_is_not_trusted(self, server: ConnectionsServer) -> None:
        api = gateway(f"https://127.0.0.1:{server.port}/prod")  # its certificate is localhost's
        assert outcomes(api, *map(post, names(20))) == dict.fromkeys(names(20), Outcome.FAILED)
        assert server.asked == []

    def test_plain_http_to_another_machine(self) -> None:
        with pytest.raises(ValueError, match="expected https"):
            ConnectionsApi(Settings(callback_url="http://example.com/prod"))


class TestConnections:
    def test_frames_and_ids(self, server: ConnectionsServer) -> None:
        odd = ["abc=", "a/b", "a+b", "100%", "a b", "ü", "?a"]
        posts = [post(connection_id, connection_id.encode()) for connection_id in odd]
        posted = outcomes(gateway(server.url), *posts, post("other", b"1"), post("other", b"2"))
        assert set(posted.values()) == {Outcome.SENT}
        for connection_id in odd:
            assert server.delivered[connection_id] == {connection_id.encode(): 1}
        assert server.delivered["other"] == {b"1": 1, b"2": 1}

    @pytest.mark.parametrize("connection_id", ["abc=", "a/b", "100%", "a b", "ü", "?a"])
    def test_ids_that_are_asked_about(self, server: ConnectionsServer, connection_id: str) -> None:
        api = gateway(server.url)
        assert api.exists(connection_id)
        api.close(connection_id)
        asked = [(request.method, request.connection_id) for request in server.asked]
        assert asked == [("GET", connection_id), ("DELETE", connection_id)]

    def test_sessions_are_where_their_connection_is(self, server: ConnectionsServer) -> None:
        api = gateway(server.url)
        session = session_id("abc=", "/admin")
        api.post(session, b"1")
        list(api.post_all([post(session, b"2")]))
        api.close(session)
        assert api.exists(session)
        assert {request.connection_id for request in server.asked} == {"abc="}
        assert len(server.asked) == 4

    def test_are_reused_between_calls(self, server: ConnectionsServer) -> None:
        api = gateway(server.url, window=1)
        for _ in range(5):
            list(api.post_all(map(post, names(3))))
        for name in names(5):
            api.post(name, b"x")
            api.exists(name)
            api.close(name)
        assert server.accepted == 2  # one for many, one for single

    def test_single_posts_while_a_fan_out_is_under_way(self, server: ConnectionsServer) -> None:
        api = gateway(server.url)
        for posted in api.post_all(map(post, names(20))):
            assert api.post("other", posted.post.member.connection_id.encode()) is Outcome.SENT
        assert server.delivered["other"].total() == 20

    def test_a_fan_out_that_is_given_up(self, server: ConnectionsServer) -> None:
        server.default = status(410).after(0.02)
        api = gateway(server.url)
        assert next(api.post_all(map(post, names(20)))).outcome is Outcome.GONE
        server.default = OK
        assert set(outcomes(api, *map(post, names(20))).values()) == {Outcome.SENT}

    def test_exists(self, server: ConnectionsServer) -> None:
        api = gateway(server.url)
        assert api.exists("abc=")
        server.script("abc=", status(410))
        assert not api.exists("abc=")
        assert {request.method for request in server.asked} == {"GET"}

    def test_close(self, server: ConnectionsServer) -> None:
        api = gateway(server.url)
        api.close("abc=")
        server.script("abc=", status(410))
        api.close("abc=")
        assert [request.method for request in server.asked] == ["DELETE"] * 2

    def test_close_waits_while_it_is_throttled(self, server: ConnectionsServer) -> None:
        server.script("abc=", *[status(429)] * 3)
        gateway(server.url).close("abc=")
        assert [request.method for request in server.asked] == ["DELETE"] * 4

    def test_throttled_for_long(self, server: ConnectionsServer) -> None:
        server.script("abc=", *[status(429)] * 6)
        api = gateway(server.url)
        for ask in (api.exists, api.close):
            with pytest.raises(AwsError, match="429"):
                ask("abc=")

    @pytest.mark.parametrize("fault", [status(403), status(500), HANGS_UP, BLACK_HOLE])
    def test_no_answer(self, server: ConnectionsServer, fault: Reply) -> None:
        server.script("abc=", fault, fault)
        api = gateway(server.url, timeout=SHORT)
        for ask in (api.exists, api.close):
            with pytest.raises(AwsError, match="@connections"):
                ask("abc=")

    def test_close_all(self, server: ConnectionsServer) -> None:
        server.script("Jk1=", status(500))
        server.script("Jk2=", status(410))
        gateway(server.url).close_all(names(40))
        assert {request.connection_id for request in server.asked} == set(names(40))
        assert {request.method for request in server.asked} == {"DELETE"}
        assert server.busiest > 1

    def test_those_of_close_all_that_can_succeed_later_are_made_again(
        self, server: ConnectionsServer
    ) -> None:
        server.script("Jk1=", status(429), status(500))
        server.script("Jk2=", *[status(429)] * 9)
        server.script("Jk3=", status(403))
        gateway(server.url).close_all(names(40))
        asked = Counter(request.connection_id for request in server.asked)
        assert asked == {**dict.fromkeys(names(40), 1), "Jk1=": 3, "Jk2=": BACKOFF.attempts}


class TestCredentials:
    def test_that_expired(self, server: ConnectionsServer) -> None:
        keys = Keys()
        api = gateway(server.url, keys=keys)
        assert set(outcomes(api, *map(post, names(20))).values()) == {Outcome.SENT}
        server.expired_keys.add("first")
        assert set(outcomes(api, *map(post, names(20))).values()) == {Outcome.FAILED}
        with pytest.raises(AwsError, match="403"):
            api.exists("abc=")
        keys.now = Credentials("second", "secret", "another token")
        assert set(outcomes(api, *map(post, names(20))).values()) == {Outcome.SENT}
        assert api.exists("abc=")
        assert all(server.delivered[name] == {b"frame": 2} for name in names(20))

    def test_every_request_is_signed(self, server: ConnectionsServer) -> None:
        api = gateway(server.url)
        api.post("abc=", b"x")
        api.exists("abc=")
        api.close("abc=")
        outcomes(api, post("abc="))
        assert [request.access_key for request in server.asked] == ["first"] * 4
        assert {request.headers["x-amz-security-token"] for request in server.asked} == {"token"}


class Forgotten:
    """A membership store that only remembers whom it was told to forget."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def forget(
        self, connection_id: str, *, seen_in: Collection[str] = (), until: float | None = None
    ) -> None:
        self.ids.add(connection_id)


class TestNothingIsLost:
    """The sender over this gateway: what can be delivered is, whatever happens on the way."""

    PASSING = (
        HANGS_UP,
        LAST,
        Reply(then=Then.RESET),
        OK.cut(30),
        raw(b"garbage"),
        status(429),
        status(500),
        status(503, then=Then.CLOSE),
        OK.after(0.02),
        OK.in_pieces(5),
    )

    def test_1000_members(self, server: ConnectionsServer) -> None:
        chance = random.Random(7)  # noqa: S311
        gone = set(chance.sample(names(1000), 50))
        for name in names(1000):
            faults = chance.choices(self.PASSING, k=chance.choice([0, 0, 0, 0, 1, 2]))
            server.script(name, *faults, *[status(410)] * 8 * (name in gone))
        server.closes_after = 100
        server.announces_close = False
        forgotten = Forgotten()
        sender = Sender(gateway(server.url), forgotten, sleep=lambda _: None)
        members = (post(name).member for name in names(1000))
        result = sender.post(members, lambda _: b"frame", room="room", until=time.time() + 60)
        delivered = {name for name in names(1000) if server.delivered[name]}
        assert result.unreached == []
        assert forgotten.ids <= gone
        assert delivered >= set(names(1000)) - gone
        assert result.outcomes[Outcome.SENT] + result.outcomes[Outcome.GONE] == 1000


class TestInOrder:
    """Frames for one connection go out one after the other, at the container's rate."""

    def test_each_is_answered_before_the_next(self, server: ConnectionsServer) -> None:
        server.script("c", status(500), status(410))
        found = gateway(server.url).post_in_order("c", (b"a", b"b", b"c"))
        assert list(found) == [Outcome.FAILED, Outcome.GONE, Outcome.SENT]

    def test_one_that_is_throttled_is_sent_again_before_the_next(
        self, server: ConnectionsServer
    ) -> None:
        server.script("c", *[status(429)] * (BACKOFF.attempts - 1))
        found = gateway(server.url).post_in_order("c", (b"a", b"b"))
        assert next(found) is Outcome.SENT
        assert server.delivered["c"] == {b"a": 1}
        assert list(found) == [Outcome.SENT]
        assert server.delivered["c"] == {b"a": 1, b"b": 1}

    def test_one_that_is_always_throttled_is_given_up(self, server: ConnectionsServer) -> None:
        server.script("c", *[status(429)] * BACKOFF.attempts)
        found = gateway(server.url).post_in_order("c", (b"a", b"b"))
        assert list(found) == [Outcome.THROTTLED, Outcome.SENT]

    def test_keep_the_rate(self, server: ConnectionsServer) -> None:
        now = [0.0]

        def sleep(seconds: float) -> None:
            now[0] += seconds

        limiter = RateLimiter(100, burst=10, clock=lambda: now[0], sleep=sleep)
        api = ConnectionsApi(
            Settings(callback_url=server.url),
            single=Transport(server.url, window=1, timeout=5.0, tls=trusting()),
            signer=Signer("execute-api", "us-east-1", credentials=Keys()),
            limiter=limiter,
        )
        assert set(api.post_in_order("c", [b"f"] * 30)) == {Outcome.SENT}
        assert now[0] >= 0.2


class TestSlowClient:
    """A client that does not read is refused with 429, as everybody is above the account's rate."""

    def posting(self, server: ConnectionsServer, *connection_ids: str) -> RateLimiter:
        """Have each of 20 posts to some connections refused; return the limiter after it."""
        limiter = RateLimiter(1e6, burst=1_000_000)
        api = ConnectionsApi(
            Settings(callback_url=server.url),
            many=Transport(server.url, window=8, timeout=5.0, tls=trusting()),
            single=Transport(server.url, window=1, timeout=5.0, tls=trusting()),
            signer=Signer("execute-api", "us-east-1", credentials=Keys()),
            limiter=limiter,
        )
        for name in connection_ids:
            server.script(name, *[status(429)] * 20)
        posts = [post(name) for name in connection_ids for _ in range(20)]
        found = {posted.outcome for posted in api.post_all([*posts, *map(post, names(20))])}
        assert found == {Outcome.THROTTLED, Outcome.SENT}
        return limiter

    def test_alone_keeps_the_rate(self, server: ConnectionsServer) -> None:
        assert "rate=1000000.0/1000000.0" in repr(self.posting(server, "slow"))

    def test_several_do_not(self, server: ConnectionsServer) -> None:
        assert "rate=1000000.0/1000000.0" not in repr(self.posting(server, "a", "b", "c"))
