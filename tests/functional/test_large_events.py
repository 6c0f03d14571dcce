"""Events over 128 KB, from the publisher to the link, with S3 in moto."""

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.session import Session
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from roomcast import EventBroadcaster
from roomcast.data_bucket import LINK_SECONDS, DataBucket
from roomcast.envelope import MAX_FRAME_BYTES, Envelope, encode
from roomcast.events import AgentConnected
from roomcast.large_events import LargeEvents
from roomcast.memory_bus import MemoryBus
from roomcast.publisher import Publisher
from roomcast.references import MAX_DATA_BYTES, DataReference
from roomcast.time_limits import TimeLimits
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.settings import Settings
from roomcast_backend.stores.large_data import LargeData
from tests.fakes.events_client import FakeEventsClient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "large"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def event_of(size: int) -> AgentConnected:
    return AgentConnected(agent_id="a1", agent_name="ü", metadata={"text": "x" * size})


def stored(client: "S3Client") -> dict[str, bytes]:
    found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {
        each["Key"]: client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
        for each in found
    }


class TestPublisher:
    async def test_the_data_is_stored_and_the_entry_is_small(self, s3: "S3Client") -> None:
        events = FakeEventsClient()
        broadcaster = EventBroadcaster("bus", client=events.as_boto3, data_bucket=BUCKET)
        event = event_of(1_000_000)
        assert await broadcaster.publish(event) is True
        (entry,) = events.requests[0]
        detail = json.loads(entry["Detail"])
        assert detail["data"] == {}
        ((key, data),) = stored(s3).items()
        assert key == f"data/{detail['data_ref']['sha256']}.json"
        assert detail["data_ref"] == {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        assert json.loads(data)["metadata"] == event.metadata

    async def test_what_fits_into_a_frame_travels_whole(self, s3: "S3Client") -> None:
        events = FakeEventsClient()
        broadcaster = EventBroadcaster("bus", client=events.as_boto3, data_bucket=BUCKET)
        assert await broadcaster.publish(event_of(1000)) is True
        assert "data_ref" not in json.loads(events.requests[0][0]["Detail"])
        assert stored(s3) == {}

    async def test_the_environment_names_the_bucket(
        self, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_DATA_BUCKET", BUCKET)
        broadcaster = EventBroadcaster("bus", client=FakeEventsClient().as_boto3)
        assert await broadcaster.publish(event_of(MAX_FRAME_BYTES)) is True
        assert len(stored(s3)) == 1

    async def test_without_the_bucket_only_the_large_one_is_not_accepted(
        self, s3: "S3Client", caplog: pytest.LogCaptureFixture
    ) -> None:
        events = FakeEventsClient()
        broadcaster = EventBroadcaster("bus", client=events.as_boto3, data_bucket="elsewhere")
        sent = [event_of(1), event_of(MAX_FRAME_BYTES), event_of(2)]
        assert await broadcaster.publish_many(sent) == [True, False, True]
        assert [len(request) for request in events.requests] == [2]
        assert "NoSuchBucket" in caplog.text
        assert "s3:PutObject" in caplog.text


class HangingS3:
    """Stands for S3's client: it never answers, which moves the clock."""

    def __init__(self, limits: TimeLimits) -> None:
        self.now = 0.0
        self._limits = limits

    def put_object(self, **_request: Any) -> None:
        self.now += self._limits.request
        raise ReadTimeoutError(endpoint_url="https://s3")

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class TestTimeLimits:
    @pytest.mark.parametrize("publish", [1.0, 6.0, 20.0])
    @pytest.mark.parametrize("count", [1, 5])
    def test_a_bucket_that_hangs_holds_a_call_no_longer(
        self, publish: float, count: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        limits = TimeLimits.chosen(publish=publish)
        hanging = HangingS3(limits)
        large = LargeEvents(
            BUCKET,
            client=hanging,  # type: ignore[arg-type]
            limits=lambda: limits,
            sleep=hanging.sleep,
            clock=hanging.clock,
        )
        bus = MemoryBus()
        sent = [*[event_of(MAX_FRAME_BYTES)] * count, event_of(1)]
        assert Publisher(bus, large=large).publish_many(sent) == [*[False] * count, True]
        assert 0 < hanging.now <= publish
        assert caplog.text.count("was not accepted") == count

    def test_they_are_those_of_the_broadcaster(
        self, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[Any] = []
        boto3_client = Session.client

        def client(self: Session, name: Any, **options: Any) -> Any:
            made.append((name, options["config"]))
            return boto3_client(self, name, **options)

        monkeypatch.setattr(Session, "client", client)
        events = FakeEventsClient()
        broadcaster = EventBroadcaster(
            "bus", client=events.as_boto3, data_bucket=BUCKET, connect_timeout=0.5, read_timeout=1.5
        )
        assert broadcaster.sync.publish(event_of(MAX_FRAME_BYTES)) is True
        ((name, config),) = made
        assert (name, config.connect_timeout, config.read_timeout) == ("s3", 0.5, 1.5)

    def test_an_endpoint_that_is_none_raises_nothing(
        self, s3: "S3Client", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
        events = FakeEventsClient()
        broadcaster = EventBroadcaster("bus", client=events.as_boto3, data_bucket=BUCKET)
        assert broadcaster.sync.publish(event_of(MAX_FRAME_BYTES)) is False
        assert "localhost:4566" in caplog.text

    def test_after_close_the_environment_names_the_bucket_anew(
        self, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_DATA_BUCKET", "elsewhere")
        broadcaster = EventBroadcaster("bus", client=FakeEventsClient().as_boto3)
        assert broadcaster.sync.publish(event_of(MAX_FRAME_BYTES)) is False
        monkeypatch.setenv("ROOMCAST_DATA_BUCKET", BUCKET)
        broadcaster.close()
        assert broadcaster.sync.publish(event_of(MAX_FRAME_BYTES)) is True


class TestLinks:
    def test_another_event_with_the_same_id_has_its_own_data(self, s3: "S3Client") -> None:
        data = LargeData(Settings(data_bucket=BUCKET), bucket=DataBucket(BUCKET, client=s3))
        first, second = (event_of(size).to_envelope(id="order-42") for size in (10, 20))
        assert data.refer(first).reference != data.refer(second).reference

    def test_the_service_stores_once_what_came_whole(self, s3: "S3Client") -> None:
        data = LargeData(Settings(data_bucket=BUCKET), bucket=DataBucket(BUCKET, client=s3))
        envelope = event_of(MAX_FRAME_BYTES).to_envelope()
        referred = data.refer(envelope)
        assert data.refer(envelope) == referred
        assert list(stored(s3).values()) == [encode(envelope.data).encode()]

    def test_a_link_says_how_long_it_is_good(self, s3: "S3Client") -> None:
        bucket = DataBucket(BUCKET, client=s3, clock=lambda: 1_767_225_600.9)
        data = LargeData(Settings(), bucket=bucket)
        linked = data.link(data.refer(event_of(1).to_envelope()))
        copy = linked.for_room("agent:a1")["data_ref"]
        assert copy["expires_at"] == "2026-01-01T00:15:00Z"
        assert f"Expires={LINK_SECONDS}" in copy["url"] or "Expires=" in copy["url"]
        assert copy["sha256"] in copy["url"]

    @pytest.mark.parametrize(
        "encoded",
        [b"", b"[1]", b'"text"', b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 9999,
         b'{"a":' * 300 + b"1" + b"}" * 300, b'{"a": "' + b"x" * MAX_DATA_BYTES + b'"}'],
    )  # fmt: skip
    def test_an_object_that_is_no_data_is_as_one_that_is_not_there(
        self, s3: "S3Client", encoded: bytes
    ) -> None:
        reference = DataReference(1, "a" * 64)
        s3.put_object(Bucket=BUCKET, Key=reference.key, Body=encoded)
        data = LargeData(Settings(data_bucket=BUCKET), bucket=DataBucket(BUCKET, client=s3))
        event = Envelope("1", "t", "2026-01-01T00:00:00Z", "s", ("global",), {})
        assert data.data(event.by_reference(reference)) == {}

    @pytest.mark.parametrize(
        ("code", "is_gone"), [("NoSuchKey", True), ("AccessDenied", True), ("SlowDown", False)]
    )
    def test_what_s3_says_of_an_object_that_is_not_there(
        self, s3: "S3Client", code: str, is_gone: bool
    ) -> None:
        """Without the right to list a bucket, the answer is 403: the service has it not."""
        reference = DataReference(1, "a" * 64)
        bucket = DataBucket(BUCKET, client=s3)
        with Stubber(s3) as stubber:
            stubber.add_client_error("get_object", code, http_status_code=403)
            if is_gone:
                assert bucket.get(reference) is None
            else:
                with pytest.raises(ClientError):
                    bucket.get(reference)

    def test_a_bucket_that_does_not_answer_is_an_error_of_aws(self, s3: "S3Client") -> None:
        data = LargeData(Settings(data_bucket=BUCKET), bucket=DataBucket(BUCKET, client=s3))
        event = Envelope("1", "t", "2026-01-01T00:00:00Z", "s", ("global",), {"a": 1})
        with Stubber(s3) as stubber:
            stubber.add_client_error("get_object", "SlowDown", http_status_code=503)
            stubber.add_client_error("put_object", "SlowDown", http_status_code=503)
            with pytest.raises(AwsError, match="s3 GetObject: SlowDown"):
                data.data(event.by_reference(DataReference(1, "a" * 64)))
            with pytest.raises(AwsError, match="s3 PutObject: SlowDown"):
                data.refer(event)

    def test_what_has_no_reference_needs_no_link(self) -> None:
        envelope = Envelope("1", "t", "2026-01-01T00:00:00Z", "s", ("global",), {})
        assert LargeData(Settings()).link(envelope) is envelope
