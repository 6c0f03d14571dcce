"""The transport against a server that does to it whatever servers and networks do."""

import random
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from roomcast_backend.aws.http import connection, pool_growth
from tests.fakes.connections_server import (
    BLACK_HOLE,
    HANGS_UP,
    LAST,
    OK,
    ConnectionsServer,
    Reply,
    Then,
    closed_port,
    deaf_port,
    raw,
    status,
    trusting,
)
from tests.fakes.sender import Sender, names

SHORT = 0.4
"""Seconds to wait for what never comes."""

HEAD = OK.parts[0]


class TestBrokenOff:
    """The server ends a connection that a request is on."""

    CUTS = (0, 5, 15, 40, len(HEAD) - 1)

    @pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
    @pytest.mark.parametrize("size", CUTS)
    def test_new_connection(self, server: ConnectionsServer, size: int, then: Then) -> None:
        server.script("cut", OK.cut(size, then), OK)
        with Sender(server.url) as sender:
            assert sender.statuses("cut") == [0]
            assert len(server.asked) == 1
            assert sender.statuses("cut") == [200]

    @pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
    @pytest.mark.parametrize("size", CUTS)
    def test_used_connection(self, server: ConnectionsServer, size: int, then: Then) -> None:
        server.script("cut", OK.cut(size, then), OK)
        with Sender(server.url) as sender:
            assert sender.statuses("before") + sender.statuses("cut") == [200, 200]
        assert server.accepted == 2
        assert server.delivered["cut"][b"frame"] == 2  # at least once

    def test_in_the_body(self, server: ConnectionsServer) -> None:
        cut = status(200, body=b"x" * 1000)
        server.script("cut", cut.cut(len(cut.parts[0]) - 1), cut)
        with Sender(server.url) as sender:
            assert sender.post("before") == 200
            assert sender.answers("cut")["cut"].body == b"x" * 1000

    def test_is_tried_again_once(self, server: ConnectionsServer) -> None:
        server.script("cut", HANGS_UP, HANGS_UP, OK)
        with Sender(server.url) as sender:
            assert sender.statuses("before") + sender.statuses("cut") == [200, 0]
            assert [request.connection_id for request in server.asked] == ["before", "cut", "cut"]
            assert sender.statuses("cut", "after") == [200, 200]

    def test_all_at_once(self, server: ConnectionsServer) -> None:
        """All connections break under their requests; all are made anew."""
        with Sender(server.url) as sender:
            server.default = OK.after(0.05)
            assert sender.statuses(*names(8)) == [200] * 8
            assert server.accepted == 8
            for name in names(8):
                server.script(name, HANGS_UP)
            assert sender.statuses(*names(8)) == [200] * 8
        assert server.accepted == 16

    def test_after_the_answer(self, server: ConnectionsServer) -> None:
        server.default = replace(OK, then=Then.CLOSE)
        with Sender(server.url, window=2) as sender:
            assert sender.statuses(*names(50)) == [200] * 50
        assert server.accepted == 50

    def test_before_the_handshake(self) -> None:
        """Connections are accepted and reset at once, with and without a word in plain text."""
        for words in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            with (
                ConnectionsServer(tls=False) as plain,
                Sender(f"https://localhost:{plain.port}", tls=trusting()) as sender,
            ):
                plain.greets = raw(words, Then.RESET)
                assert sender.statuses(*names(20)) == [0] * 20
            assert plain.asked == []


class TestGarbage:
    GARBAGE = {
        "no-http": raw(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
        "binary": raw(random.Random(1).randbytes(2000)),  # noqa: S311
        "request": raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        "no-status": raw(b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"),
        "length-no-number": raw(b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n"),
        "length-negative": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        "length-overflow": raw(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n"),
        "lengths-two": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n"),
        "length-and-chunks": raw(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        "chunk-no-number": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        "header-no-name": raw(b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n"),
        "upgrade": raw(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
        ),
    }

    @pytest.mark.parametrize("reply", GARBAGE.values(), ids=GARBAGE)
    def test_is_no_answer(self, server: ConnectionsServer, reply: Reply) -> None:
        server.script("odd", reply)
        with Sender(server.url, timeout=2.0) as sender:
            began = time.monotonic()
            assert sender.statuses("odd", "next") == [0, 200]
            assert time.monotonic() - began < 1  # noticed, not waited for
        assert len(server.asked) == 2

    @pytest.mark.parametrize("reply", GARBAGE.values(), ids=GARBAGE)
    def test_on_a_used_connection_is_asked_about_again(
        self, tls: ConnectionsServer, reply: Reply
    ) -> None:
        tls.script("odd", reply)
        with Sender(tls.url) as sender:
            assert sender.statuses("before") + sender.statuses("odd") == [200, 200]
        assert tls.accepted == 2

    def test_head_without_end(
        self, server: ConnectionsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "LARGEST_RESPONSE", 1024 * 1024)
        endless = (b"HTTP/1.1 200 OK\r\n", *[b"X-More: " + b"x" * 8192 + b"\r\n"] * 500)
        server.script("odd", Reply(endless))
        with Sender(server.url) as sender:
            began = time.monotonic()
            assert sender.statuses("odd", "next") == [0, 200]
            assert time.monotonic() - began < 2  # before its time was over

    def test_many_answers_are_not_one_without_end(
        self, tls: ConnectionsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "LARGEST_RESPONSE", 10_000)
        tls.default = status(200, body=b"x" * 2000).in_pieces(1000)
        with Sender(tls.url, window=1) as sender:
            assert sender.statuses(*names(30)) == [200] * 30
        assert tls.accepted == 1

    def test_answer_that_drips_on_and_on(self, server: ConnectionsServer) -> None:
        drops = (b"HTTP/1.1 200 OK\r\nX-More: ", *[b"x"] * 200)
        server.script("odd", Reply(drops, pause=0.02))
        with Sender(server.url, timeout=SHORT) as sender:
            began = time.monotonic()
            assert sender.post("odd") == 0
            assert time.monotonic() - began < SHORT * 3
            server.wait_for("open", 0)


class TestMoreThanWasAsked:
    """What follows an answer must never be taken for the next request's."""

    EXTRA = {
        "answer": status(410, body=b"another").parts[0],
        "beginning": status(410).parts[0][:20],
        "text": b"x",
    }

    @pytest.mark.parametrize("extra", EXTRA.values(), ids=EXTRA)
    def test_in_one_piece(self, server: ConnectionsServer, extra: bytes) -> None:
        server.script("twice", raw(HEAD + extra))
        with Sender(server.url, window=1) as sender:
            answer = sender.answers("twice")["twice"]
            assert (answer.status, answer.body) == (200, b"")
            assert sender.statuses("next", "last") == [200, 200]
        assert server.accepted == 2
        assert server.delivered["next"] == {b"frame": 1}

    @pytest.mark.parametrize("extra", EXTRA.values(), ids=EXTRA)
    def test_later(self, server: ConnectionsServer, extra: bytes) -> None:
        server.script("twice", Reply((HEAD, extra), pause=0.01))
        with Sender(server.url, window=1) as sender:
            assert sender.post("twice") == 200
            server.wait_for("busy", 0)
            assert sender.statuses("next", "last") == [200, 200]
        assert server.accepted == 2


class TestTime:
    def test_black_hole(self, server: ConnectionsServer) -> None:
        server.script("hole", BLACK_HOLE)
        with Sender(server.url, timeout=SHORT) as sender:
            began = time.monotonic()
            assert sender.post("hole") == 0
            assert SHORT <= time.monotonic() - began < SHORT * 2
            server.wait_for("open", 0)
            assert sender.post("hole") == 200

    def test_black_hole_on_a_used_connection_is_not_tried_again(
        self, tls: ConnectionsServer
    ) -> None:
        tls.script("hole", BLACK_HOLE)
        with Sender(tls.url, timeout=SHORT) as sender:
            assert sender.statuses("before") + sender.statuses("hole") == [200, 0]
        assert len(tls.asked) == 2

    def test_others_go_on_meanwhile(self, server: ConnectionsServer) -> None:
        for name in names(3):
            server.script(name, BLACK_HOLE)
        with Sender(server.url, timeout=SHORT, window=4) as sender:
            began = time.monotonic()
            assert sender.statuses(*names(200)) == [0] * 3 + [200] * 197
            assert time.monotonic() - began < SHORT * 2

    def test_nobody_accepts(self) -> None:
        with deaf_port() as port, Sender(f"http://127.0.0.1:{port}", timeout=SHORT) as sender:
            began = time.monotonic()
            assert (
                sender.statuses(*names(pool_growth.FIRST_CONNECTING))
                == [0] * pool_growth.FIRST_CONNECTING
            )
            assert time.monotonic() - began < SHORT * 2

    def test_nobody_shakes_hands(self) -> None:
        """The operating system accepts, nobody speaks TLS."""
        with socket.create_server(("127.0.0.1", 0)) as mute:
            url = f"https://127.0.0.1:{mute.getsockname()[1]}"
            with Sender(url, timeout=SHORT, tls=trusting()) as sender:
                began = time.monotonic()
                assert (
                    sender.statuses(*names(pool_growth.FIRST_CONNECTING))
                    == [0] * pool_growth.FIRST_CONNECTING
                )
                assert time.monotonic() - began < SHORT * 2

    def test_few_connections_are_opened_at_once(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            url = f"https://127.0.0.1:{mute.getsockname()[1]}"
            with Sender(url, timeout=0.2, window=64, tls=trusting()) as sender:
                began = time.monotonic()
                assert sender.statuses(*names(pool_growth.FIRST_CONNECTING + 1)) == [0] * (
                    pool_growth.FIRST_CONNECTING + 1
                )
                assert time.monotonic() - began > 0.4

    def test_more_connections_open_more_at_once(self) -> None:
        few, many = pool_growth.growth_limit(1), pool_growth.growth_limit(200)
        assert few < pool_growth.growth_limit(0) < pool_growth.growth_limit(40) < many

    def test_answers_in_time_need_few_connections(
        self, server: ConnectionsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool_growth, "LATE_AFTER", SHORT)
        with Sender(server.url, window=64) as sender:
            assert sender.statuses(*names(200)) == [200] * 200
        assert server.accepted == pool_growth.FIRST_CONNECTING

    def test_late_ones_need_more(self, server: ConnectionsServer) -> None:
        server.default = OK.after(0.05)
        with Sender(server.url, window=64) as sender:
            assert sender.statuses(*names(200)) == [200] * 200
        assert server.accepted > 4 * pool_growth.FIRST_CONNECTING

    def test_slow_answers(self, server: ConnectionsServer) -> None:
        server.default = OK.after(0.1)
        with Sender(server.url) as sender:
            began = time.monotonic()
            assert sender.statuses(*names(32)) == [200] * 32
            assert time.monotonic() - began < 32 * 0.1 / 2

    def test_refused(self) -> None:
        for url in (f"http://127.0.0.1:{closed_port()}", f"https://127.0.0.1:{closed_port()}"):
            with Sender(url, tls=trusting()) as sender:
                began = time.monotonic()
                assert sender.statuses(*names(50)) == [0] * 50
                assert time.monotonic() - began < 1

    def test_slow_source(self, server: ConnectionsServer) -> None:
        """What the requests come from may take its time: it is not the server's."""
        with Sender(server.url, timeout=0.2, window=2) as sender:

            def requests() -> Iterator[tuple[str, bytes]]:
                for number, name in enumerate(names(9)):
                    if number % 3 == 1:
                        time.sleep(0.3)
                    yield name, sender.write(name)

            assert [answer.status for answer in sender.transport.exchange(requests())] == [200] * 9
        assert len(server.asked) == 9

    def test_slow_consumer(self, server: ConnectionsServer) -> None:
        with Sender(server.url, timeout=0.2, window=2) as sender:
            requests = [(name, sender.write(name)) for name in names(9)]
            statuses = []
            for number, answer in enumerate(sender.transport.exchange(requests)):
                statuses.append(answer.status)
                if number % 3 == 0:
                    time.sleep(0.3)
            assert statuses == [200] * 9
        assert len(server.asked) == 9


class TestSlowReader:
    """A frame goes out in many parts: neither end's operating system takes it at once."""

    LARGE = random.Random(2).randbytes(128 * 1024)  # noqa: S311

    @pytest.fixture(autouse=True)
    def narrow(self, server: ConnectionsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        connect = socket.socket.connect_ex

        def connect_narrowly(connection: socket.socket, where: tuple[str, int]) -> int:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            return connect(connection, where)

        monkeypatch.setattr(socket.socket, "connect_ex", connect_narrowly)
        server.read_little_at_once()

    def test_takes_its_time(self, server: ConnectionsServer) -> None:
        server.bytes_per_second = 256 * 1024
        with Sender(server.url) as sender:
            requests = [(name, sender.write(name, self.LARGE)) for name in names(6)]
            began = time.monotonic()
            statuses = [answer.status for answer in sender.transport.exchange(requests)]
        assert statuses == [200] * 6
        assert time.monotonic() - began > 0.4
        assert all(server.delivered[name] == {self.LARGE: 1} for name in names(6))

    def test_takes_too_much(self, server: ConnectionsServer) -> None:
        server.bytes_per_second = 32 * 1024
        with Sender(server.url, timeout=SHORT) as sender:
            requests = [(name, sender.write(name, self.LARGE)) for name in names(4)]
            assert [answer.status for answer in sender.transport.exchange(requests)] == [0] * 4
        assert server.asked == []

    def test_answers_before_it_has_read(self, server: ConnectionsServer) -> None:
        """413 after the head: no other request follows the part of this one that was sent."""
        server.answers_heads = status(413)
        server.bytes_per_second = 1024 * 1024
        with Sender(server.url, window=1) as sender:
            assert sender.transport.one(sender.write("large", self.LARGE)).status == 413
            server.answers_heads = None
            assert sender.statuses("next", "last") == [200, 200]
        assert server.accepted == 2
        assert [request.connection_id for request in server.asked] == ["next", "last"]


class TestStorm:
    """Everything at once: each post is answered once, and none is counted wrongly."""

    FAULTS = (
        *[OK] * 30,
        OK.after(0.01),
        OK.in_pieces(3),
        LAST,
        HANGS_UP,
        Reply(then=Then.RESET),
        OK.cut(30),
        OK.cut(30, Then.RESET),
        raw(b"garbage"),
        raw(HEAD + HEAD, delivers=True),
        status(410),
        status(413),
        status(429, "Retry-After: 1"),
        status(500, then=Then.CLOSE),
        status(503),
    )

    def test_5000_posts(self, server: ConnectionsServer) -> None:
        chance = random.Random(1)  # noqa: S311
        ids = [f"{number:x}=" for number in range(5000)]
        expected = {}
        for connection_id in ids:
            fault = chance.choice(self.FAULTS)
            server.script(connection_id, fault)
            expected[connection_id] = fault
        for connection_id in chance.sample(ids, 3):
            expected[connection_id] = BLACK_HOLE
            server._scripts[connection_id].clear()
            server.script(connection_id, BLACK_HOLE, BLACK_HOLE)
        with Sender(server.url, window=32, timeout=5.0) as sender:
            answers = sender.answers(*ids)
        delivered = {id_: bodies[b"frame"] for id_, bodies in server.delivered.items()}
        for connection_id, answer in answers.items():
            fault = expected[connection_id]
            if answer.status == 200:
                assert delivered[connection_id] >= 1
            if fault.delivers and fault.then is not Then.RESET and len(fault.parts[0]) > 30:
                assert answer.status == 200
            if fault is BLACK_HOLE:
                assert answer.status == 0
        codes = dict.fromkeys((410, 413, 429, 500, 503), status)
        for code in codes:
            meant = {id_ for id_, fault in expected.items() if f" {code} ".encode() in first(fault)}
            assert {id_ for id_, answer in answers.items() if answer.status == code} == meant
        assert server.busiest <= 32


def first(reply: Reply) -> bytes:
    """Return how a reply begins."""
    return reply.parts[0] if reply.parts else b""
