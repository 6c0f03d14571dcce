"""Calls of services that answer, refuse, fail, hang up or say nothing."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from roomcast_backend.aws import (
    dynamodb,
    lambda_invoke,
    secrets,
    service_client,
    sqs,
)
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError, ClientNotConfigured, NoResponse
from roomcast_backend.aws.service_client import BACKOFF, ServiceClient
from roomcast_backend.stores import transactions
from roomcast_backend.stores.actions import WriteActions
from roomcast_backend.stores.rooms import RoomStore
from tests.fakes.aws_server import HANGS_UP, AwsServer, Reply, answer, refusal
from tests.fakes.clock import FakeClock
from tests.fakes.connections_server import closed_port
from tests.fakes.tables import table_settings

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "very secret"}
TOKEN = "token of the session"
KEY = {"connection_id": {"S": "c1"}}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """Give the server that the environment leads all calls to."""
    for name, value in {**CREDENTIALS, "AWS_SESSION_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with AwsServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tables(server: AwsServer, clock: FakeClock) -> DynamoDb:
    return DynamoDb(ServiceClient(dynamodb.SERVICE, sleep=clock.sleep))


def get(tables: DynamoDb) -> dict[str, Any]:
    return tables.get_item(TableName="connections", Key=KEY)


class TestRequest:
    def test_of_a_json_service(self, server: AwsServer, tables: DynamoDb) -> None:
        server.script(answer({"Item": KEY}))
        assert get(tables) == {"Item": KEY}
        (asked,) = server.asked
        assert asked.path == "/"
        assert asked.headers["content-type"] == "application/x-amz-json-1.0"
        assert asked.headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
        assert asked.headers["x-amz-security-token"] == TOKEN
        assert asked.value == {"TableName": "connections", "Key": KEY}

    def test_of_each_other_service(self, server: AwsServer) -> None:
        server.script(answer({"MessageId": "m"}), answer({"SecretString": "s"}), Reply(202, b""))
        sqs.Sqs().send_message(QueueUrl="https://sqs.example/1/q", MessageBody="ü", DelaySeconds=3)
        secrets.SecretCache().get("arn", max_age=1)
        lambda_invoke.LambdaInvoker().invoke(
            FunctionName="arn:aws:lambda:r:1:function:f", InvocationType="Event", Payload=b"{}"
        )
        sent, read, invoked = server.asked
        assert sent.headers["x-amz-target"] == "AmazonSQS.SendMessage"
        assert sent.headers["content-type"] == "application/x-amz-json-1.0"
        assert sent.value["MessageBody"] == "ü"
        assert read.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
        assert read.headers["content-type"] == "application/x-amz-json-1.1"
        function = "arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af"
        assert invoked.path == f"/2015-03-31/functions/{function}/invocations"
        assert invoked.headers["x-amz-invocation-type"] == "Event"
        assert invoked.body == b"{}"

    def test_is_signed_as_botocore_signs_it(self, server: AwsServer) -> None:
        server.script(Reply(202, b""))
        lambda_invoke.LambdaInvoker().invoke(
            FunctionName="a:b", InvocationType="Event", Payload=b"[1]"
        )
        (asked,) = server.asked
        names = asked.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
        request = AWSRequest("POST", server.url + asked.path, data=asked.body)
        request.context["timestamp"] = asked.headers["x-amz-date"]
        for name in names.split(";"):
            request.headers[name] = asked.headers[name]
        auth = SigV4Auth(Credentials("AKID", "very secret", TOKEN), "lambda", "eu-west-1")
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        assert {"content-type", "host", "x-amz-invocation-type"} <= set(names.split(";"))
        assert asked.headers["authorization"].endswith(f"Signature={signature}")

    def test_below_a_path(self, server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url + "/proxy/")
        get(DynamoDb())
        assert server.asked[0].path == "/proxy/"

    def test_other_invocations_are_not_offered(self, server: AwsServer) -> None:
        with pytest.raises(ValueError, match="expected InvocationType Event"):
            lambda_invoke.LambdaInvoker().invoke(
                FunctionName="f", InvocationType="RequestResponse", Payload=b""
            )
        assert server.asked == []


class TestRefusals:
    def test_carry_the_whole_answer(self, server: AwsServer, tables: DynamoDb) -> None:
        server.script(refusal("ConditionalCheckFailedException", message="The", Item=KEY))
        with pytest.raises(AwsError) as refused:
            tables.put_item(TableName="connections", Item=KEY)
        error = refused.value
        assert (error.service, error.action) == ("dynamodb", "PutItem")
        assert (error.code, error.status) == ("ConditionalCheckFailedException", 400)
        assert error.response["Item"] == KEY
        assert str(error) == "dynamodb PutItem: ConditionalCheckFailedException (400)"
        assert len(server.asked) == 1

    @pytest.mark.parametrize("name", ["message", "Message"])
    def test_say_what_is_not_allowed(self, server: AwsServer, tables: DynamoDb, name: str) -> None:
        why = {name: "arn:aws:sts::1:role is not authorized"}
        server.script(refusal("AccessDeniedException", 400, **why))
        with pytest.raises(AwsError, match=r"AccessDeniedException \(400\), arn:.* not authorized"):
            get(tables)

    def test_do_not_repeat_what_was_sent(self, server: AwsServer, tables: DynamoDb) -> None:
        text = f"The Canonical String should have been 'POST\n/\nx-amz-security-token:{TOKEN}'"
        server.script(refusal("InvalidSignatureException", message=text))
        with pytest.raises(AwsError) as refused:
            get(tables)
        assert TOKEN not in str(refused.value)

    @pytest.mark.parametrize(
        ("body", "code"),
        [(b"", "HTTP"), (b"<html>", "HTTP"), (b"[1]", "HTTP"), (b'{"__type":"Plain"}', "Plain")],
    )
    def test_of_any_form(self, server: AwsServer, tables: DynamoDb, body: bytes, code: str) -> None:
        server.script(Reply(403, body))
        with pytest.raises(AwsError) as refused:
            get(tables)
        assert (refused.value.code, refused.value.status) == (code, 403)

    @pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"[]", b"\xff"])
    def test_an_answer_that_is_none_is_not_asked_for_again(
        self, server: AwsServer, tables: DynamoDb, body: bytes
    ) -> None:
        server.script(Reply(200, body))
        with pytest.raises(AwsError, match=r"NoJson \(200\)"):
            get(tables)
        assert len(server.asked) == 1


class TestRepeats:
    @pytest.mark.parametrize(
        "reply",
        [
            *(refusal(code) for code in sorted(service_client.PASSING_CODES)),
            *(Reply(status) for status in sorted(service_client.PASSING_STATUSES)),
            refusal("InternalServerError", 500),
        ],
        ids=lambda reply: f"{reply.status}{reply.body.decode()}",
    )
    def test_what_may_pass(
        self, server: AwsServer, tables: DynamoDb, clock: FakeClock, reply: Reply
    ) -> None:
        server.script(reply, reply, answer({"Item": KEY}))
        assert get(tables) == {"Item": KEY}
        assert len(clock.slept) == 2
        assert all(0 <= pause <= BACKOFF.cap for pause in clock.slept)
        assert len({asked.body for asked in server.asked}) == 1

    def test_up_to_three_times(self, server: AwsServer, tables: DynamoDb, clock: FakeClock) -> None:
        server.default = refusal("ThrottlingException")
        with pytest.raises(AwsError) as refused:
            get(tables)
        assert refused.value.code == "ThrottlingException"
        assert len(server.asked) == BACKOFF.attempts == 3
        assert len(clock.slept) == 2

    @pytest.mark.parametrize("status", [400, 403, 404, 413, 501])
    def test_not_what_lasts(
        self, server: AwsServer, tables: DynamoDb, clock: FakeClock, status: int
    ) -> None:
        server.default = refusal("ValidationException", status)
        with pytest.raises(AwsError):
            get(tables)
        assert len(server.asked) == 1
        assert clock.slept == []

    @pytest.mark.parametrize("action", ["put_item", "update_item", "delete_item"])
    def test_a_single_write_that_meets_a_transaction(
        self, server: AwsServer, tables: DynamoDb, clock: FakeClock, action: str
    ) -> None:
        conflict = refusal("TransactionConflictException")
        server.script(conflict, conflict, answer({"Attributes": KEY}))
        assert getattr(tables, action)(TableName="connections") == {"Attributes": KEY}
        assert all(0 <= pause <= BACKOFF.cap for pause in clock.slept)
        server.default = conflict
        with pytest.raises(AwsError, match="TransactionConflictException"):
            getattr(tables, action)(TableName="connections")
        assert len(server.asked) == 3 + BACKOFF.attempts

    def test_not_a_transaction_that_meets_a_write(
        self, server: AwsServer, tables: DynamoDb, clock: FakeClock
    ) -> None:
        server.default = refusal("TransactionConflictException")
        with pytest.raises(AwsError):
            tables.transact_write_items(TransactItems=[])
        assert len(server.asked) == 1
        assert clock.slept == []

    def test_waits_as_long_as_it_is_told_within_reason(
        self, server: AwsServer, tables: DynamoDb, clock: FakeClock
    ) -> None:
        later = {"retry-after": "30"}
        server.script(Reply(429, b"{}", later), Reply(503, b"{}", later))
        get(tables)
        assert clock.slept == [BACKOFF.cap, BACKOFF.cap]

    def test_of_a_transaction_count_once(self, server: AwsServer, tables: DynamoDb) -> None:
        server.script(refusal("InternalServerError", 500), HANGS_UP)
        tables.transact_write_items(TransactItems=[])
        tables.transact_write_items(TransactItems=[])
        tokens = [asked.value["ClientRequestToken"] for asked in server.asked]
        assert len(tokens) >= 4
        assert len(set(tokens[:-1])) == 1
        assert tokens[-1] != tokens[0]
        assert all(1 <= len(token) <= 36 for token in tokens)

    def test_of_a_transaction_keep_a_token_that_is_given(
        self, server: AwsServer, tables: DynamoDb
    ) -> None:
        tables.transact_write_items(TransactItems=[], ClientRequestToken="batch-0")
        assert server.asked[0].value["ClientRequestToken"] == "batch-0"

    def test_are_dated_and_signed_anew(
        self, server: AwsServer, tables: DynamoDb, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def sleep(_seconds: float) -> None:
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FRESH")

        server.script(Reply(500))
        get(DynamoDb(ServiceClient(dynamodb.SERVICE, sleep=sleep)))
        stale, fresh = (asked.headers["authorization"] for asked in server.asked)
        assert "Credential=AKID/" in stale
        assert "Credential=FRESH/" in fresh


class TestNoAnswer:
    def test_nobody_listens(
        self, server: AwsServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
        with pytest.raises(NoResponse) as unreachable:
            get(DynamoDb(ServiceClient(dynamodb.SERVICE, sleep=clock.sleep)))
        assert str(unreachable.value) == "dynamodb GetItem: expected a response, got none"
        assert unreachable.value.status == 0
        assert len(clock.slept) == 2

    def test_hangs_up(self, server: AwsServer, tables: DynamoDb) -> None:
        server.default = HANGS_UP
        with pytest.raises(NoResponse):
            get(tables)
        assert len(server.asked) == 3

    def test_hangs_up_once(self, server: AwsServer, tables: DynamoDb) -> None:
        server.script(HANGS_UP, answer({"Item": KEY}))
        assert get(tables) == {"Item": KEY}

    def test_takes_too_long(self, server: AwsServer, clock: FakeClock) -> None:
        server.default = Reply(after=2)
        tables = DynamoDb(ServiceClient(dynamodb.SERVICE, timeout=0.1, sleep=clock.sleep))
        begun = time.monotonic()
        with pytest.raises(NoResponse):
            get(tables)
        assert time.monotonic() - begun < 1.5
        assert len(server.asked) == 3

    def test_takes_too_long_once(self, server: AwsServer, clock: FakeClock) -> None:
        server.script(Reply(after=1), answer({"Item": KEY}))
        tables = DynamoDb(ServiceClient(dynamodb.SERVICE, timeout=0.1, sleep=clock.sleep))
        assert get(tables) == {"Item": KEY}


class TestEnvironment:
    def test_no_credentials(
        self, server: AwsServer, tables: DynamoDb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in (*CREDENTIALS, "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(ClientNotConfigured, match="dynamodb calls: expected AWS_ACCESS_KEY_ID"):
            get(tables)
        assert server.asked == []

    def test_no_region(self, server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_REGION")
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
        with pytest.raises(ClientNotConfigured, match="expected a region in AWS_REGION"):
            DynamoDb()

    def test_no_endpoint(self, server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://example.com")
        with pytest.raises(ClientNotConfigured, match="http is for this machine alone"):
            DynamoDb()

    def test_an_endpoint_of_its_own(
        self, server: AwsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with AwsServer() as other:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", other.url)
            sqs.Sqs().send_message(QueueUrl="https://elsewhere/1/q", MessageBody="m")
            assert len(other.asked) == 1
        assert server.asked == []


class TestConnections:
    def test_one_for_calls_in_turn(self, server: AwsServer, tables: DynamoDb) -> None:
        for _ in range(20):
            get(tables)
        assert server.connections == 1

    def test_answers_find_their_threads(
        self, server: AwsServer, tables: DynamoDb, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def echo(asked: Any) -> Reply:
            return Reply(body=asked.body, after=0.01)

        monkeypatch.setattr(server, "reply", echo)

        def ask(number: int) -> bool:
            key = {"connection_id": {"S": f"c{number}"}}
            return tables.get_item(TableName="t", Key=key) == {"TableName": "t", "Key": key}

        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(ask, range(200)))
        assert 1 < server.connections <= 16


class TestSecrets:
    @pytest.fixture
    def kept(self, server: AwsServer, clock: FakeClock) -> secrets.SecretCache:
        return secrets.SecretCache(
            calls=ServiceClient(secrets.SERVICE, sleep=clock.sleep), clock=clock
        )

    def test_are_kept_until_they_are_too_old(
        self, server: AwsServer, kept: secrets.SecretCache, clock: FakeClock
    ) -> None:
        server.script(answer({"SecretString": "old"}), answer({"SecretString": "new"}))
        assert kept.get("arn", max_age=300) == "old"
        clock.advance(299)
        assert kept.get("arn", max_age=300) == "old"
        clock.advance(1)
        assert kept.get("arn", max_age=300) == "new"
        assert [asked.value for asked in server.asked] == [{"SecretId": "arn"}] * 2

    def test_each_for_itself(self, server: AwsServer, kept: secrets.SecretCache) -> None:
        server.script(answer({"SecretString": "1"}), answer({"SecretString": "2"}))
        texts = [kept.get(name, max_age=300) for name in ("a", "b", "a")]
        assert texts == ["1", "2", "1"]

    def test_a_clock_set_back_reads_again(
        self, server: AwsServer, kept: secrets.SecretCache, clock: FakeClock
    ) -> None:
        server.default = answer({"SecretString": "s"})
        kept.get("arn", max_age=300)
        clock.advance(-1)
        kept.get("arn", max_age=300)
        assert len(server.asked) == 2

    def test_are_not_used_longer_when_they_cannot_be_read(
        self, server: AwsServer, kept: secrets.SecretCache, clock: FakeClock
    ) -> None:
        server.script(answer({"SecretString": "old"}), *[Reply(500)] * 3)
        kept.get("arn", max_age=300)
        clock.advance(300)
        with pytest.raises(AwsError) as failed:
            kept.get("arn", max_age=300)
        assert failed.value.status == 500
        server.default = answer({"SecretString": "new"})
        assert kept.get("arn", max_age=300) == "new"

    def test_of_bytes(self, server: AwsServer, kept: secrets.SecretCache) -> None:
        server.script(answer({"SecretBinary": "AAAA"}))
        with pytest.raises(AwsError, match="NoSecretString"):
            kept.get("arn", max_age=300)


class TestWhatIsLeft:
    """DynamoDB may do a part of a batch, a part of a page: the stores ask for the rest."""

    def test_of_a_batch_that_is_read(self, server: AwsServer, tables: DynamoDb) -> None:
        rooms = RoomStore(table_settings(), client=tables)
        left = {"rooms": {"Keys": [{"room": {"S": "r#000"}, "connection_id": {"S": "c2"}}]}}
        server.script(
            answer({"Responses": {"rooms": [_member("c1")]}, "UnprocessedKeys": left}),
            answer({"Responses": {"rooms": [_member("c2")]}}),
        )
        assert [member.connection_id for member in rooms.among("r", ["c1", "c2"])] == ["c1", "c2"]
        assert server.asked[1].value == {"RequestItems": left}

    def test_of_a_batch_that_is_written(self, server: AwsServer, tables: DynamoDb) -> None:
        left = {"rooms": [{"DeleteRequest": {"Key": {"room": {"S": "r#000"}}}}]}
        server.script(answer({"UnprocessedItems": left}), answer({"UnprocessedItems": {}}))
        WriteActions(table_settings(), tables).leave_all("c1", ["r1", "r2"])
        assert server.asked[1].value == {"RequestItems": left}
        assert len(server.asked) == 2

    def test_of_a_page(self, server: AwsServer, tables: DynamoDb) -> None:
        last = {"room": {"S": "r#000"}, "connection_id": {"S": "c1"}}
        server.script(
            answer({"Items": [_member("c1")], "LastEvaluatedKey": last}),
            answer({"Items": [_member("c2")]}),
        )
        page = RoomStore(table_settings(), client=tables).page("r", 0, size=5)
        assert [member.connection_id for member in page.members] == ["c1", "c2"]
        assert page.after is None
        assert [asked.value["Limit"] for asked in server.asked] == [5, 4]

    def test_of_pages(self, server: AwsServer, tables: DynamoDb) -> None:
        server.script(answer({"Items": [1], "LastEvaluatedKey": KEY}), answer({"Items": [2]}))
        pages = tables.query_pages(TableName="t")
        assert [item for page in pages for item in page["Items"]] == [1, 2]
        assert server.asked[1].value == {"TableName": "t", "ExclusiveStartKey": KEY}


class TestTransactions:
    @pytest.mark.parametrize(
        "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
    )
    def test_conflicts_pass(
        self, server: AwsServer, tables: DynamoDb, clock: FakeClock, code: str
    ) -> None:
        reasons = [{"Code": "None"}, {"Code": code}]
        conflict = refusal("TransactionCanceledException", CancellationReasons=reasons)
        server.script(conflict, conflict)
        assert transactions.write(tables, [], sleep=clock.sleep)
        assert len(clock.slept) == 2

    def test_conditions_that_do_not_hold(self, server: AwsServer, tables: DynamoDb) -> None:
        reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict"}]
        server.script(refusal("TransactionCanceledException", CancellationReasons=reasons))
        assert not transactions.write(tables, [])
        assert len(server.asked) == 1

    def test_of_which_the_first_is_still_in_progress(
        self, server: AwsServer, tables: DynamoDb, clock: FakeClock
    ) -> None:
        server.script(*[refusal("TransactionInProgressException")] * 4)
        assert transactions.write(tables, [], token="batch", sleep=clock.sleep)
        assert {asked.value["ClientRequestToken"] for asked in server.asked} == {"batch"}

    def test_what_lasts_is_raised(self, server: AwsServer, tables: DynamoDb) -> None:
        server.script(
            refusal("TransactionCanceledException", CancellationReasons=[{"Code": "Other"}])
        )
        with pytest.raises(AwsError, match="TransactionCanceledException"):
            transactions.write(tables, [])


def _member(connection_id: str) -> dict[str, Any]:
    return {
        "connection_id": {"S": connection_id},
        "protocol": {"S": "json"},
        "expires_at": {"N": "2"},
        "joined_at": {"N": "1"},
        "muted": {"BOOL": False},
    }
