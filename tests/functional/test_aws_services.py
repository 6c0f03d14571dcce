"""Every action that is called, against moto over HTTP; boto3 is asked the same beside it."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from roomcast_backend.aws import clients
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.aws.lambda_invoke import LambdaInvoker
from roomcast_backend.aws.secrets import SecretCache
from roomcast_backend.aws.sqs import Sqs
from roomcast_backend.fanout.work import PageQueue
from roomcast_backend.model.connection import Member
from roomcast_backend.settings import Settings
from roomcast_backend.stores.items import member_item
from roomcast_backend.stores.rooms import RoomStore
from tests.fakes.tables import SeenTables, table_settings

KEY = {"connection_id": {"S": "c1"}}
ROW = {**KEY, "n": {"N": "1"}, "rooms": {"SS": ["a", "b"]}, "text": {"S": "ü ☃ \u2028"}}
READ = {"TableName": "connections", "Key": KEY, "ConsistentRead": True}
REFUSED = {
    "TableName": "connections",
    "ConditionExpression": "attribute_not_exists(connection_id)",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}
CHANGE = {
    "TableName": "connections",
    "Key": KEY,
    "UpdateExpression": "ADD n :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
    "ReturnValues": "ALL_NEW",
}
PARTITION = {
    "TableName": "rooms",
    "KeyConditionExpression": "room = :room",
    "ExpressionAttributeValues": {":room": {"S": "r#000"}},
}

Ask = Callable[[Any], dict[str, Any]]
"""One action and its parameters, for either client."""


def member_put(number: int) -> dict[str, Any]:
    member = Member(f"c{number:04d}", "json", 2_000_000_000, 1_900_000_000)
    return {"PutRequest": {"Item": member_item("r#000", member)}}


@pytest.fixture
def tables(moto_dynamodb: SeenTables) -> SeenTables:
    moto_dynamodb.put_item(TableName="connections", Item=ROW)
    return moto_dynamodb


class TestDynamoDb:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda client: client.get_item(**READ),
            lambda client: client.get_item(**{**READ, "Key": {"connection_id": {"S": "none"}}}),
            lambda client: client.put_item(TableName="connections", Item={**ROW, **KEY}),
            lambda client: client.update_item(**{**CHANGE, "ReturnValues": "ALL_OLD"}),
            lambda client: client.delete_item(
                TableName="connections", Key={"connection_id": {"S": "c2"}}, ReturnValues="ALL_OLD"
            ),
            lambda client: client.query(**PARTITION),
            lambda client: client.batch_get_item(
                RequestItems={"connections": {"Keys": [KEY], "ConsistentRead": True}}
            ),
            lambda client: client.batch_write_item(
                RequestItems={"connections": [{"DeleteRequest": {"Key": KEY}}]}
            ),
            lambda client: client.transact_write_items(
                TransactItems=[{"Put": {"TableName": "connections", "Item": ROW}}]
            ),
        ],
        ids=[
            *("read", "read nothing", "put", "update", "delete", "query"),
            *("batch read", "batch write", "transaction"),
        ],
    )  # fmt: skip
    def test_answers_as_boto3_does(self, tables: SeenTables, boto3_dynamodb: Any, ask: Ask) -> None:
        ours = ask(tables)
        tables.put_item(TableName="connections", Item=ROW)
        theirs = ask(boto3_dynamodb)
        del theirs["ResponseMetadata"]
        assert ours == theirs

    def test_put_and_get(self, tables: SeenTables) -> None:
        item = tables.get_item(**READ)["Item"]
        assert {**item, "rooms": {"SS": sorted(item["rooms"]["SS"])}} == ROW

    def test_update(self, tables: SeenTables) -> None:
        assert tables.update_item(**CHANGE)["Attributes"]["n"] == {"N": "2"}

    def test_delete(self, tables: SeenTables) -> None:
        request = {"TableName": "connections", "Key": KEY, "ReturnValues": "ALL_OLD"}
        assert tables.delete_item(**request)["Attributes"]["n"] == {"N": "1"}
        assert not tables.delete_item(**request).get("Attributes")

    @pytest.mark.parametrize(
        "ask",
        [
            lambda tables: tables.put_item(Item=KEY, **REFUSED),
            lambda tables: tables.delete_item(Key=KEY, **REFUSED),
            lambda tables: tables.update_item(
                Key=KEY,
                UpdateExpression="SET n = :two",
                ExpressionAttributeValues={":two": {"N": "2"}},
                **REFUSED,
            ),
        ],
        ids=["put", "delete", "update"],
    )
    def test_a_refused_condition_tells_the_row(self, tables: SeenTables, ask: Ask) -> None:
        with pytest.raises(AwsError) as refused:
            ask(tables)
        assert refused.value.code == "ConditionalCheckFailedException"
        assert refused.value.response["Item"]["n"] == {"N": "1"}

    def test_a_cancelled_transaction_tells_why(self, tables: SeenTables) -> None:
        put = {"Item": KEY, **REFUSED}
        other = {"TableName": "connections", "Item": {"connection_id": {"S": "c2"}}}
        with pytest.raises(AwsError) as cancelled:
            tables.transact_write_items(TransactItems=[{"Put": other}, {"Put": put}])
        assert cancelled.value.code == "TransactionCanceledException"
        reasons = cancelled.value.response["CancellationReasons"]
        assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
        assert reasons[1]["Item"]["n"] == {"N": "1"}
        assert len(tables.scan(TableName="connections")["Items"]) == 1

    def test_no_such_table(self, tables: SeenTables) -> None:
        with pytest.raises(AwsError, match=r"GetItem: ResourceNotFoundException \(400\)"):
            tables.get_item(TableName="missing", Key=KEY)

    def test_a_big_page(self, tables: SeenTables) -> None:
        for start in range(0, 1000, 25):
            puts = [member_put(number) for number in range(start, start + 25)]
            tables.batch_write_item(RequestItems={"rooms": puts})
        page = RoomStore(table_settings(), client=tables).page("r", 0, size=1000)
        assert [member.connection_id for member in page.members] == [
            f"c{number:04d}" for number in range(1000)
        ]
        assert page.members[-1] == Member("c0999", "json", 2_000_000_000, 1_900_000_000)

    def test_pages_to_the_end(self, tables: SeenTables) -> None:
        # A page ends at 1 MB: these rows take more together.
        for number in range(4):
            item = {"room": {"S": "r#000"}, "connection_id": {"S": f"c{number}"}}
            tables.put_item(TableName="rooms", Item={**item, "pad": {"S": "x" * 390_000}})
        pages = list(tables.query_pages(**PARTITION))
        assert len(pages) == 2
        ids = [item["connection_id"]["S"] for page in pages for item in page["Items"]]
        assert ids == ["c0", "c1", "c2", "c3"]


class TestSqs:
    def test_send_message(self, aws: None) -> None:
        queues = boto3.client("sqs")
        url = queues.create_queue(QueueName="q")["QueueUrl"]
        sent = Sqs().send_message(QueueUrl=url, MessageBody='{"ü": 1}', DelaySeconds=0)
        (message,) = queues.receive_message(QueueUrl=url)["Messages"]
        assert (message["Body"], message["MessageId"]) == ('{"ü": 1}', sent["MessageId"])

    def test_no_such_queue(self, aws: None) -> None:
        with pytest.raises(AwsError) as refused:
            Sqs().send_message(QueueUrl="http://127.0.0.1/123456789012/none", MessageBody="m")
        assert refused.value.status == 400

    def test_is_what_pages_go_through_by_default(self, aws: None) -> None:
        clients.sqs.cache_clear()
        assert isinstance(PageQueue(Settings())._client, Sqs)
        clients.sqs.cache_clear()


class TestSecrets:
    def test_by_arn_and_by_name(self, aws: None) -> None:
        made = boto3.client("secretsmanager").create_secret(Name="jwt", SecretString="sé cret")
        for name in (made["ARN"], "jwt"):
            assert SecretCache().get(name, max_age=0) == "sé cret"

    def test_none(self, aws: None) -> None:
        with pytest.raises(AwsError, match="GetSecretValue: ResourceNotFoundException"):
            SecretCache().get("none", max_age=0)

    def test_of_bytes(self, aws: None) -> None:
        boto3.client("secretsmanager").create_secret(Name="key", SecretBinary=b"\0")
        with pytest.raises(AwsError, match="NoSecretString"):
            SecretCache().get("key", max_age=0)


class TestFunctions:
    @pytest.fixture
    def function(self, aws: None) -> dict[str, Any]:
        role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("f.py", "def handler(event, context): return event")
        made: dict[str, Any] = boto3.client("lambda").create_function(
            FunctionName="open",
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="f.handler",
            Code={"ZipFile": code.getvalue()},
        )
        return made

    def test_invoke(self, function: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        from moto.awslambda import models  # noqa: PLC0415 - takes as long as all of this file

        invoked: list[Any] = []

        def invoke(_function: Any, body: Any, *_: Any) -> bytes:
            invoked.append(json.loads(body))
            return b"null"

        monkeypatch.setattr(models.LambdaFunction, "invoke", invoke)  # it would start Docker
        for name in ("open", function["FunctionArn"]):
            LambdaInvoker().invoke(
                FunctionName=name, InvocationType="Event", Payload=b'{"connection_id": "c="}'
            )
        assert invoked == [{"connection_id": "c="}] * 2

    def test_no_such_function(self, aws: None) -> None:
        with pytest.raises(AwsError, match=r"lambda Invoke: \w+ \(404\)"):
            LambdaInvoker().invoke(FunctionName="none", InvocationType="Event", Payload=b"{}")
