"""The transport: answers, connections, addresses, and whom it trusts with a request."""

import itertools
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from roomcast_backend.aws.http import origin, transport
from roomcast_backend.aws.http.connection import HttpConnection
from roomcast_backend.aws.http.pool_growth import PoolGrowth
from roomcast_backend.aws.http.tls import verifying
from roomcast_backend.aws.http.transport import Transport
from tests.fakes.connections_server import (
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
from tests.fakes.sender import Resolver, Sender, names

HEAD = OK.parts[0]


class TestAnswers:
    @pytest.mark.parametrize("code", [200, 204, 400, 403, 404, 410, 413, 429, 500, 502, 503, 504])
    def test_any_status_is_an_answer(self, server: ConnectionsServer, code: int) -> None:
        server.script("odd", status(code))
        with Sender(server.url) as sender:
            assert sender.statuses("before", "odd", "after") == [200, code, 200]
        assert server.accepted <= 3
        assert len(server.asked) == 3

    @pytest.mark.parametrize("code", [429, 503])
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("Retry-After: 7", 7.0),
            ("retry-after:   120  ", 120.0),
            ("Retry-After: 0", 0.0),
            ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
            ("Retry-After: soon", 0.0),
            ("Retry-After: -5", 0.0),
            ("Retry-After: 1e9", 0.0),
            ("Retry-After: 1.5", 0.0),
            ("Retry-After:", 0.0),
            (f"Retry-After: {'9' * 400}", 0.0),
            ("X-Retry-After: 7", 0.0),
            ("X-Other: 7", 0.0),
        ],
    )
    def test_named_waits(self, code: int, header: str, seconds: float) -> None:
        with ConnectionsServer(tls=False) as server, Sender(server.url) as sender:
            server.script("busy", status(code, header, body=b"\r\nRetry-After: 99\r\n"))
            answer = sender.answers("busy")["busy"]
            assert (answer.status, answer.retry_after) == (code, seconds)

    @pytest.mark.parametrize("code", [200, 410, 500])
    def test_other_waits_are_not_meant(self, tls: ConnectionsServer, code: int) -> None:
        tls.script("id", status(code, "Retry-After: 7"))
        with Sender(tls.url) as sender:
            assert sender.answers("id")["id"].retry_after == 0.0

    def test_a_wait_is_forgotten_with_its_answer(self, tls: ConnectionsServer) -> None:
        tls.script("a", status(429, "Retry-After: 7"))
        tls.script("b", status(429))
        with Sender(tls.url, window=1) as sender:
            answers = sender.answers("a", "b")
        assert [answers[id_].retry_after for id_ in "ab"] == [7.0, 0.0]

    def test_bodies(self, server: ConnectionsServer) -> None:
        bodies = [b"", b"{}", bytes(range(256)) * 4096]  # the last one is many TLS records
        with Sender(server.url, window=1) as sender:
            for body in bodies * 2:
                server.script("id", status(200, body=body))
                assert sender.answers("id")["id"].body == body

    @pytest.mark.parametrize(
        "reply",
        [
            raw(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD),
            raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD),
            Reply((b"HTTP/1.1 100 Continue\r\n\r\n", HEAD), pause=0.02),
            OK.in_pieces(1),
            status(200, body=b"x" * 50).in_pieces(7),
            raw(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"3;name=value\r\nabc\r\n0\r\nTrailer: x\r\n\r\n"
            ),
            raw(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            ).in_pieces(1),
            raw(b"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n"),
            raw(b"\r\n\r\n" + HEAD),
        ],
        ids=[
            "100",
            "100-103",
            "100-later",
            "bytes",
            "pieces",
            "chunked",
            "bytes-chunked",
            "bare",
            "crlf",
        ],
    )
    def test_forms_that_are_allowed(self, server: ConnectionsServer, reply: Reply) -> None:
        server.script("odd", reply, reply)
        with Sender(server.url, window=1) as sender:
            assert sender.statuses("odd") + sender.statuses("odd", "next") == [200, 200, 200]
        assert server.accepted == 1

    def test_old_versions_close(self, server: ConnectionsServer) -> None:
        server.default = raw(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Then.CLOSE)
        with Sender(server.url) as sender:
            assert sender.statuses(*names(20)) == [200] * 20

    def test_keys_are_the_callers_own(self, tls: ConnectionsServer) -> None:
        keys: list[object] = [None, ("a", 1), [], None]
        with Sender(tls.url) as sender:
            requests = [(key, sender.write("id")) for key in keys]
            answers = list(sender.transport.exchange(requests))
        assert sorted(map(repr, keys)) == sorted(repr(answer.key) for answer in answers)

    def test_one(self, server: ConnectionsServer) -> None:
        server.script("gone", status(410))
        with Sender(server.url) as sender:
            assert sender.transport.one(sender.write("gone")).status == 410
            assert sender.transport.one(sender.write("here")).status == 200

    def test_nothing_to_send(self, tls: ConnectionsServer) -> None:
        with Sender(tls.url) as sender:
            assert sender.answers() == {}
        assert tls.accepted == 0


class TestConnections:
    def test_are_used_again(self, server: ConnectionsServer) -> None:
        with Sender(server.url) as sender:
            for _ in range(20):
                assert sender.post("a") == 200
        assert server.accepted == 1

    def test_are_used_again_by_many(self, server: ConnectionsServer) -> None:
        server.default = OK.after(0.01)
        with Sender(server.url) as sender:
            for _ in range(5):
                assert sender.statuses(*names(40)) == [200] * 40
        assert server.accepted <= 8

    @pytest.mark.parametrize("announces", [True, False])
    @pytest.mark.parametrize("count", [1, 2, 50])
    def test_closed_after_some_requests(
        self, server: ConnectionsServer, count: int, announces: bool
    ) -> None:
        server.closes_after = count
        server.announces_close = announces
        with Sender(server.url, window=4) as sender:
            assert sender.statuses(*names(200)) == [200] * 200
            assert sender.statuses(*names(200)) == [200] * 200
        assert server.accepted >= 400 / count

    def test_closed_as_announced_and_kept_open(self, server: ConnectionsServer) -> None:
        """A server that says it will close, and leaves that to the client."""
        server.default = replace(LAST, then=Then.HANG)
        with Sender(server.url, window=2) as sender:
            assert sender.statuses(*names(10)) == [200] * 10
            server.wait_for("open", 0)
        assert server.accepted == 10

    @pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
    def test_closed_while_idle(self, server: ConnectionsServer, then: Then) -> None:
        server.default = OK.after(0.02)
        with Sender(server.url) as sender:
            for _ in range(3):
                sender.answers(*names(8))
                assert server.close_idle(then)
                server.wait_for("open", 0)
                accepted = server.accepted
                assert sender.post("thawed") == 200
                assert server.accepted == accepted + 1
        assert server.delivered["thawed"][b"frame"] == 3  # noticed before anything was sent

    def test_idle_for_long_are_not_used(
        self, tls: ConnectionsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Sender(tls.url) as sender:
            assert sender.post("a") == 200
            later = time.time() + transport.IDLE_SECONDS + 1
            monkeypatch.setattr("time.time", lambda: later)
            assert sender.post("b") == 200
        assert tls.accepted == 2

    def test_never_more_than_the_window(self, server: ConnectionsServer) -> None:
        server.default = OK.after(0.02)
        with Sender(server.url, window=5) as sender:
            assert sender.statuses(*names(60)) == [200] * 60
            assert server.busiest == 5
            assert server.accepted == 5

    def test_as_many_as_the_window(self, tls: ConnectionsServer) -> None:
        tls.default = OK.after(0.5)
        with Sender(tls.url, window=64) as sender:
            assert sender.statuses(*names(64)) == [200] * 64
        assert tls.busiest == 64

    def test_close(self, server: ConnectionsServer) -> None:
        with Sender(server.url) as sender:
            assert sender.post("a") == 200
            assert server.open == 1
        server.wait_for("open", 0)
        assert server.open == 0


class TestSource:
    def test_is_pulled_as_needed(self, server: ConnectionsServer) -> None:
        pulled = 0

        def endless() -> Iterator[tuple[int, bytes]]:
            nonlocal pulled
            for pulled in itertools.count(1):
                yield pulled, sender.write("a")

        with (
            Sender(server.url, window=4) as sender,
            closing(sender.transport.exchange(endless())) as answers,
        ):
            for yielded, answer in enumerate(itertools.islice(answers, 500), start=1):
                assert answer.status == 200
                assert pulled - yielded < 2 * 4  # in flight, and answered in the same turn
        assert server.busiest <= 4

    def test_that_fails_is_the_callers_to_see(self, server: ConnectionsServer) -> None:
        def failing(length: int) -> Iterator[tuple[str, bytes]]:
            for name in names(length):
                yield name, sender.write(name)
            raise LookupError("no more pages")

        with Sender(server.url) as sender:
            for length in (0, 1, 2, 50):
                with pytest.raises(LookupError):
                    list(sender.transport.exchange(failing(length)))
                assert sender.statuses(*names(10)) == [200] * 10

    def test_one_exchange_at_a_time(self, tls: ConnectionsServer) -> None:
        with Sender(tls.url) as sender:
            requests = ((name, sender.write(name)) for name in names(100))
            answers = sender.transport.exchange(requests)
            next(answers)
            with pytest.raises(RuntimeError, match="one exchange at a time"):
                sender.post("other")
            assert len(list(answers)) == 99
            assert sender.post("other") == 200


class TestGivenUp:
    """Whoever stops iterating in the middle leaves no answer behind for the next."""

    def test_what_was_in_flight_is_nobodys(self, server: ConnectionsServer) -> None:
        server.echoes = True
        with Sender(server.url) as sender:
            for number in range(20):
                for name in names(8):
                    server.script(name, status(410, body=b"late").after(0.03))
                requests = [(name, sender.write(name)) for name in [f"first-{number}", *names(8)]]
                with closing(sender.transport.exchange(iter(requests))) as answers:
                    assert next(answers).body == f"first-{number}".encode()
                next_ids = [f"next-{number}-{which}" for which in range(8)]
                for id_, answer in sender.answers(*next_ids).items():
                    assert (answer.status, answer.body) == (200, id_.encode())

    def test_connections_that_were_idle_are_kept(self, tls: ConnectionsServer) -> None:
        with Sender(tls.url, window=1) as sender:
            for _ in range(5):
                requests = ((name, sender.write(name)) for name in names(3))
                list(itertools.islice(sender.transport.exchange(requests), 3))
        assert tls.accepted == 1


class TestAddresses:
    def test_new_ones_are_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with ConnectionsServer() as old, ConnectionsServer() as new, Sender(old.url) as sender:
            monkeypatch.setattr(origin, "ADDRESS_SECONDS", 0.0)
            resolver = Resolver(monkeypatch, old.port)
            assert sender.post("a") == 200
            resolver.ports = [new.port]
            assert sender.post("b") == 200
            assert new.accepted == 0  # the connection lives on
            old.close_idle()
            assert sender.post("c") == 200
            assert (old.accepted, new.accepted) == (1, 1)

    def test_are_kept_for_a_while(
        self, tls: ConnectionsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        resolver = Resolver(monkeypatch, tls.port)
        tls.closes_after = 1
        with Sender(tls.url) as sender:
            assert sender.statuses(*names(50)) == [200] * 50
        assert resolver.asked == 1

    def test_are_asked_for_again_when_one_refuses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with ConnectionsServer() as server, Sender(server.url) as sender:
            resolver = Resolver(monkeypatch, closed_port())
            assert sender.post("a") == 0
            resolver.ports = [server.port]
            assert sender.post("a") == 200

    def test_take_turns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with ConnectionsServer() as one, ConnectionsServer() as other, Sender(one.url) as sender:
            Resolver(monkeypatch, one.port, other.port)
            one.default = other.default = OK.after(0.05)
            assert sender.statuses(*names(8)) == [200] * 8
            assert (one.accepted, other.accepted) == (4, 4)

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_which_one_refuses(
        self, server: ConnectionsServer, monkeypatch: pytest.MonkeyPatch, order: int
    ) -> None:
        Resolver(monkeypatch, *[closed_port(), server.port][::order])
        server.closes_after = 1
        with Sender(server.url) as sender:
            assert sender.statuses(*names(30)) == [200] * 30
            assert sender.statuses(*names(30)) == [200] * 30

    def test_that_refuse_while_connections_are_open(
        self, tls: ConnectionsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that takes no more connections is not asked for less."""
        monkeypatch.setattr(origin, "ADDRESS_SECONDS", 0.0)
        with Sender(tls.url) as sender:
            assert sender.post("first") == 200
            resolver = Resolver(monkeypatch, closed_port())
            assert sender.statuses(*names(50)) == [200] * 50
            assert resolver.asked <= 8  # the window: once for each connection that it lacks
            resolver.ports = [tls.port]
            tls.default = OK.after(0.1)
            assert sender.statuses(*names(8)) == [200] * 8
        assert tls.busiest > 1

    def test_of_which_all_refuse(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with ConnectionsServer() as server, Sender(server.url) as sender:
            Resolver(monkeypatch, closed_port(), closed_port())
            assert sender.statuses(*names(30)) == [0] * 30

    def test_name_that_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        with ConnectionsServer() as server, Sender(server.url) as sender:
            with monkeypatch.context() as patched:
                patched.setattr(socket, "getaddrinfo", unknown)
                assert sender.statuses(*names(20)) == [0] * 20
            assert sender.statuses(*names(20)) == [200] * 20


class TestTrust:
    def test_unknown_authority(self, tls: ConnectionsServer) -> None:
        with Sender(tls.url, tls=None) as sender:
            assert sender.statuses(*names(20)) == [0] * 20
        assert tls.asked == []
        assert tls.refused_handshakes

    def test_another_name(self) -> None:
        with ConnectionsServer(host="other.example") as server:
            url = f"https://localhost:{server.port}/prod"
            with Sender(url) as sender:
                assert sender.statuses(*names(20)) == [0] * 20
            assert server.asked == []

    def test_address_instead_of_a_name(self) -> None:
        with ConnectionsServer(host="127.0.0.1") as server, Sender(server.url) as sender:
            assert sender.post("a") == 200

    def test_default_verifies(self) -> None:
        context = verifying()
        assert context.verify_mode.name == "CERT_REQUIRED"
        assert context.check_hostname
        assert context.minimum_version.name == "TLSv1_2"

    def test_server_that_speaks_no_tls(self) -> None:
        with ConnectionsServer(tls=False) as server:
            server.greets = status(400)
            with Sender(f"https://localhost:{server.port}", tls=trusting()) as sender:
                assert sender.statuses(*names(20)) == [0] * 20
            assert server.asked == []

    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com",
            "http://10.0.0.1:8000",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "http://[2001:db8::1]/",
            "ftp://localhost",
            "wss://example.com",
            "localhost:80",
            "https://",
            "",
        ],
    )
    def test_where_nothing_is_sent(self, url: str) -> None:
        with pytest.raises(ValueError, match="expected https"):
            Transport(url)

    @pytest.mark.parametrize(
        ("url", "authority"),
        [
            ("https://example.com/prod", "example.com"),
            ("https://example.com:8443", "example.com:8443"),
            ("http://localhost:4566", "localhost:4566"),
            ("http://x.localhost", "x.localhost"),
            ("http://127.8.9.1", "127.8.9.1"),
            ("http://[::1]:80", "[::1]"),
        ],
    )
    def test_where_it_may(self, url: str, authority: str) -> None:
        with closing(Transport(url)) as allowed:
            assert allowed.origin.authority == authority


class TestRepr:
    """A log line or a debugger shows what each object is doing."""

    def test_of_a_transport_and_its_connection(self, server: ConnectionsServer) -> None:
        with Sender(server.url) as sender:
            origin_of = f"{sender.transport.origin.scheme}://localhost:{server.port}"
            unused = f"<Transport {origin_of}: 0 busy, 0 idle, <PoolGrowth: 0 connecting>>"
            assert repr(sender.transport) == unused
            sender.post("a")
            sender.post("a")
            used = f"<Transport {origin_of}: 0 busy, 1 idle, <PoolGrowth: 0 connecting>>"
            assert repr(sender.transport) == used
            (connection,) = sender.transport._idle
            assert repr(connection) == "<HttpConnection: idle, 2 responses>"

    def test_of_a_connection_in_use(self, server: ConnectionsServer) -> None:
        with closing(socket.create_connection(("localhost", server.port))) as unrelated:
            address = (unrelated.family, unrelated.getpeername())
            connection = HttpConnection("localhost", [address], None)
            with closing(connection):
                assert repr(connection) == "<HttpConnection: connecting, 0 responses>"
                growth = PoolGrowth()
                growth.add(connection)
                assert repr(growth) == "<PoolGrowth: 1 connecting>"
                connection.is_open = True
                connection.request = b"GET"
                assert repr(connection) == "<HttpConnection: busy, 0 responses>"
                assert repr(growth) == "<PoolGrowth: 0 connecting>"
