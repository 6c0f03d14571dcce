"""Signatures, byte for byte against botocore's, and the requests that carry them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotoCredentials
from httptools import HttpRequestParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roomcast_backend.aws.credentials import Credentials
from roomcast_backend.aws.signing import RENEW_AFTER, Signer
from tests.fakes.clock import FakeClock

HOST = "abc.execute-api.eu-central-1.amazonaws.com"
PREFIX = "/prod/@connections/"
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = KEYS._replace(token="IQoJb3JpZ2luX2Vj//+=" * 50)
NOW = 1_700_000_000.0
ODD_IDS = ["abc=", "JKLgfdQhoAMCJKL=", "a/b", "a+b", "100%", "a b", "ü", "a#b?c&d", "~._-!*'()", ""]

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
keys = st.builds(Credentials, printable, printable, st.just("") | st.text("aZ9+/=", max_size=1500))
moments = st.integers(0, 4_000_000_000)
connection_ids = st.text(max_size=40).filter(lambda id_: id_ not in (".", ".."))
usual_ids = st.from_regex(r"[A-Za-z0-9_-]{10,20}={0,2}", fullmatch=True)
regions = st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])


class Request:
    """A request as a server reads it."""

    def __init__(self, wire: bytes) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.path = ""
        self.complete = 0
        parser = HttpRequestParser(self)
        parser.feed_data(wire)
        assert self.complete == 1
        self.method = parser.get_method().decode()
        self.version = parser.get_http_version()

    def on_url(self, url: bytes) -> None:
        self.path += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        assert name.decode() not in self.headers
        self.headers[name.decode()] = value.decode().strip()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


def authorization(
    request: Request, credentials: Credentials, *, service: str, region: str, now: float
) -> str:
    """Return the header that botocore makes for a request."""
    host = request.headers["host"]
    made = {"authorization", "content-length", "host", "user-agent"}
    theirs = AWSRequest(
        request.method,
        f"https://{host}{request.path}",
        headers={name: value for name, value in request.headers.items() if name not in made},
        data=request.body,
    )
    keys = BotoCredentials(
        credentials.access_key, credentials.secret_key, credentials.token or None
    )
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(now, UTC)):
        SigV4Auth(keys, service, region).add_auth(theirs)
    assert theirs.headers["X-Amz-Date"] == request.headers["x-amz-date"]
    assert theirs.headers.get("X-Amz-Security-Token", "") == credentials.token
    return str(theirs.headers["Authorization"])


def signer(
    credentials: Credentials | Callable[[], Credentials] = KEYS,
    *,
    service: str = "execute-api",
    region: str = "eu-central-1",
    clock: Callable[[], float] = lambda: NOW,
) -> Signer:
    find = credentials if callable(credentials) else lambda: credentials
    return Signer(service, region, credentials=find, clock=clock)


class TestPosts:
    @settings(max_examples=1000)
    @given(connection_ids | usual_ids, keys, st.binary(max_size=300), regions, moments)
    def test_equal_botocores(
        self, connection_id: str, keys: Credentials, payload: bytes, region: str, now: float
    ) -> None:
        write = signer(keys, region=region, clock=lambda: now).posts(HOST, PREFIX, payload)
        request = Request(write(connection_id))
        assert request.headers["authorization"] == authorization(
            request, keys, service="execute-api", region=region, now=now
        )
        assert (request.method, request.body, request.version) == ("POST", payload, "1.1")
        assert request.headers["content-length"] == str(len(payload))

    @pytest.mark.parametrize("keys", [KEYS, TEMPORARY], ids=["lasting", "temporary"])
    def test_of_one_fan_out_equal_botocores(self, keys: Credentials) -> None:
        write = signer(keys).posts(HOST, PREFIX, b'{"type": "ping"}')
        for number in range(2000):
            request = Request(write(f"Jkl{number:x}Qh-_AMC="))
            assert request.headers["authorization"] == authorization(
                request, keys, service="execute-api", region="eu-central-1", now=NOW
            )

    @pytest.mark.parametrize("host", ["localhost:8443", "127.0.0.1:4566", "[::1]:1", "example.com"])
    def test_to_any_host_and_path(self, host: str) -> None:
        for prefix in ("/@connections/", "/_aws/execute-api/abc/prod/@connections/"):
            request = Request(signer().posts(host, prefix, b"x")("abc="))
            assert request.path == f"{prefix}abc%3D"
            assert request.headers["host"] == host
            assert request.headers["authorization"] == authorization(
                request, KEYS, service="execute-api", region="eu-central-1", now=NOW
            )

    def test_renew_their_date_within_a_minute(self) -> None:
        clock = FakeClock(NOW)
        write = signer(clock=clock).posts(HOST, PREFIX, b"x")
        dates = set()
        for second in range(0, 86400, 7):  # across midnight: the key is another one then
            clock.now = NOW + second
            request = Request(write("abc="))
            named = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
            made = named.replace(tzinfo=UTC).timestamp()
            assert 0 <= clock.now - made < 60
            assert request.headers["authorization"] == authorization(
                request, KEYS, service="execute-api", region="eu-central-1", now=made
            )
            dates.add(made)
        assert len(dates) < 86400 / RENEW_AFTER + 1

    def test_renew_their_date_when_the_clock_is_set_back(self) -> None:
        clock = FakeClock(NOW)
        write = signer(clock=clock).posts(HOST, PREFIX, b"x")
        clock.now = NOW - 3600
        assert Request(write("abc=")).headers["x-amz-date"] == "20231114T211320Z"

    def test_renew_credentials_with_the_date(self) -> None:
        clock = FakeClock(NOW)
        valid = [TEMPORARY]
        write = signer(lambda: valid[-1], clock=clock).posts(HOST, PREFIX, b"x")
        assert Request(write("abc=")).headers["x-amz-security-token"] == TEMPORARY.token
        renewed = Credentials("AKIDOTHER", "another secret", "another token")
        valid.append(renewed)
        clock.now += RENEW_AFTER
        request = Request(write("abc="))
        assert request.headers["authorization"] == authorization(
            request, renewed, service="execute-api", region="eu-central-1", now=clock.now
        )

    @pytest.mark.parametrize(("host", "prefix"), [("a\r\nx: y", PREFIX), (HOST, "/a\r\nx: y/")])
    def test_refuse_a_line_s_end(self, host: str, prefix: str) -> None:
        with pytest.raises(ValueError, match="printable"):
            signer().posts(host, prefix, b"")


class TestRequest:
    @settings(max_examples=500)
    @given(
        st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
        st.lists(printable, max_size=4),
        st.dictionaries(
            st.from_regex(r"x-amz-t[a-z0-9-]{0,20}|content-type", fullmatch=True),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
        ),
        keys,
        st.binary(max_size=300),
        st.sampled_from(["dynamodb", "sqs", "lambda", "secretsmanager"]),
    )
    @example("POST", [], {"x-amz-target": "  two   spaces "}, TEMPORARY, b"{}", "dynamodb")
    def test_equals_botocores(
        self,
        method: str,
        segments: list[str],
        headers: dict[str, str],
        keys: Credentials,
        payload: bytes,
        service: str,
    ) -> None:
        path = "/" + "/".join(quoted(segment) for segment in segments)
        wire = signer(keys, service=service).request(
            method, HOST, path, headers=headers, payload=payload
        )
        request = Request(wire)
        assert (request.method, request.path, request.body) == (method, path, payload)
        assert {name: request.headers[name] for name in headers} == {
            name: value.strip() for name, value in headers.items()
        }
        assert request.headers["authorization"] == authorization(
            request, keys, service=service, region="eu-central-1", now=NOW
        )

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_names_the_length_of_nothing(self, method: str) -> None:
        assert Request(signer().request(method, HOST, "/")).headers["content-length"] == "0"

    def test_get_has_no_length(self) -> None:
        assert "content-length" not in Request(signer().request("GET", HOST, "/")).headers

    def test_uses_new_credentials_at_once(self) -> None:
        valid = [TEMPORARY]
        signing = signer(lambda: valid[-1])
        signing.request("GET", HOST, "/")
        valid.append(KEYS)
        request = Request(signing.request("GET", HOST, "/"))
        assert "x-amz-security-token" not in request.headers
        assert "Credential=AKIDEXAMPLE/" in request.headers["authorization"]

    @pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "a\x7fb", "ü", "\t"])
    def test_refuses_what_would_be_another_header(self, value: str) -> None:
        with pytest.raises(ValueError, match="printable"):
            signer().request("POST", HOST, "/", headers={"x-amz-target": value})
        with pytest.raises(ValueError, match="name of a header"):
            signer().request("POST", HOST, "/", headers={value: "x"})
        with pytest.raises(ValueError, match="printable"):
            signer(KEYS._replace(token=value)).request("POST", HOST, "/")
        with pytest.raises(ValueError, match="printable"):
            signer(KEYS._replace(access_key=value)).request("POST", HOST, "/")

    @pytest.mark.parametrize("name", ["Host", "X-Amz-Date", "content-length", "Authorization"])
    def test_refuses_headers_that_it_makes(self, name: str) -> None:
        with pytest.raises(ValueError, match="name of a header"):
            signer().request("POST", HOST, "/", headers={name: "x"})

    @pytest.mark.parametrize("name", ["", "a b", "a:", "a;b", "(a)", ' "'])
    def test_refuses_what_is_no_header_s_name(self, name: str) -> None:
        with pytest.raises(ValueError, match="name of a header"):
            signer().request("POST", HOST, "/", headers={name: "x"})

    @pytest.mark.parametrize("path", ["/a b", "/a?b", "/a#b", "/a\r\nb", "/ü", "", "a"])
    def test_refuses_a_path_that_is_none(self, path: str) -> None:
        with pytest.raises(ValueError, match="path|printable"):
            signer().request("GET", HOST, path)


class TestBotocoresClient:
    """What boto3 puts on the wire for a connection, and what we put there."""

    @pytest.mark.parametrize("connection_id", ODD_IDS[:-1])
    def test_same_request(self, connection_id: str) -> None:
        with boto_client() as (client, sent):
            client.post_to_connection(ConnectionId=connection_id, Data=b"frame")
            client.get_connection(ConnectionId=connection_id)
            client.delete_connection(ConnectionId=connection_id)
        signing = signer(TEMPORARY)
        ours = Request(signing.posts(HOST, PREFIX, b"frame")(connection_id))
        assert told(ours) == sent[0]
        assert told(Request(signing.request("GET", HOST, ours.path))) == sent[1]
        assert told(Request(signing.request("DELETE", HOST, ours.path))) == sent[2]


def told(request: Request) -> dict[str, str]:
    """Return what a server acts on."""
    compared = ("authorization", "x-amz-date", "x-amz-security-token", "content-length")
    return {
        "line": f"{request.method} {request.path}",
        "body": request.body.decode(),
        **{name: request.headers.get(name, "") for name in compared},
    }


@contextmanager
def boto_client() -> Iterator[tuple[Any, list[dict[str, str]]]]:
    """Give a client of boto3 at the time `NOW` and the list of what it would have sent."""
    sent: list[dict[str, str]] = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        wire = f"{request.method} {request.url.partition(HOST)[2]} HTTP/1.1\r\nhost: {HOST}\r\n"
        wire += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        sent.append(told(Request(wire.encode() + b"\r\n" + (request.body or b""))))
        return AWSResponse(request.url, 200, HTTPHeaders(), Nothing())

    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"https://{HOST}/prod",
        region_name="eu-central-1",
        aws_access_key_id=TEMPORARY.access_key,
        aws_secret_access_key=TEMPORARY.secret_key,
        aws_session_token=TEMPORARY.token,
    )
    client.meta.events.register("before-send", keep)
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(NOW, UTC)):
        yield client, sent


class TestRepr:
    def test_shows_the_key_s_date_and_no_secret(self) -> None:
        clock = FakeClock(NOW)
        signer = Signer("sqs", "eu-central-1", credentials=lambda: TEMPORARY, clock=clock)
        assert repr(signer) == "<Signer sqs eu-central-1: no key yet>"
        signer.request("POST", HOST, "/")
        assert repr(signer) == "<Signer sqs eu-central-1: key made at 1700000000>"


class Nothing:
    """The body of an answer that has none."""

    def stream(self) -> Iterator[bytes]:
        return iter(())


def quoted(segment: str) -> str:
    """Quote what may not stand in a path, and the dots of which segments must not consist."""
    return re.sub(r"[^A-Za-z0-9_~=@:-]", lambda found: f"%{ord(found[0]):02X}", segment)
