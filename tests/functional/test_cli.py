"""The commands against a stack in moto: what they print, store and send, and how they fail."""

import json
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest
from click.testing import CliRunner, Result

from roomcast.cli import COMMANDS, main
from roomcast.events import EVENT_TYPES
from roomcast.registry import Registry

SECRET = "0123456789abcdef0123456789abcdef"
EVENT = ("project.deleted", "project_id=123", "deleted_by=42")


def template(outputs: dict[str, str]) -> str:
    return json.dumps(
        {
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
    )


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def fails(exit_code: int, *arguments: str) -> str:
    """Run a command that must fail with one line, and return that line."""
    result = run(*arguments)
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert SECRET not in result.stderr
    return result.stderr.splitlines()[-1]


@pytest.fixture(autouse=True)
def stack(moto_dynamodb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack of the name Roomcast, and a folder without a local service."""
    secret = boto3.client("secretsmanager").create_secret(Name="jwt", SecretString=SECRET)
    boto3.client("cloudformation").create_stack(
        StackName="Roomcast",
        TemplateBody=template(
            {
                "WebSocketUrl": "wss://ws.example/v1",
                "StatsUrl": "http://127.0.0.1:1/stats",
                "EventBusName": "bus",
                "RegistryTableName": "registry",
                "JwtSecretArn": secret["ARN"],
            }
        ),
    )
    boto3.client("events").create_event_bus(Name="bus")
    monkeypatch.chdir(tmp_path)
    for name in ("ROOMCAST_STACK", "ROOMCAST_EVENT_BUS", "ROOMCAST_ENDPOINTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def heard(moto_dynamodb: Any) -> Any:
    """Return what is on the bus since the last look."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    events.put_rule(Name="all", EventBusName="bus", EventPattern='{"account": ["123456789012"]}')
    events.put_targets(
        Rule="all",
        EventBusName="bus",
        Targets=[{"Id": "queue", "Arn": answer["Attributes"]["QueueArn"]}],
    )

    def look() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["detail"] for message in messages]

    return look


class TestMain:
    def test_every_command_explains_itself(self) -> None:
        listed = run("--help").stdout
        for name, _, text in COMMANDS:
            assert f"  {name}" in listed
            assert text in listed
            assert run(name, "--help").exit_code == 0

    def test_no_service(self) -> None:
        for command in (
            ["token", "42"],
            ["links"],
            ["stats"],
            ["tail", "global"],
            ["publish", *EVENT],
        ):
            assert "Next: run `make dev` or `make up`" in fails(2, *command)

    def test_a_stack_that_is_not_there(self) -> None:
        message = fails(1, "links", "--stack", "Roomcats")
        assert message.startswith("Error: AWS refused DescribeStacks: ")
        assert "Roomcats" in message

    def test_a_stack_of_something_else(self) -> None:
        boto3.client("cloudformation").create_stack(StackName="X", TemplateBody=template({}))
        assert "X is not a Roomcast service" in fails(2, "links", "--stack", "X")

    def test_the_stack_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_STACK", "Roomcast")
        assert run("links").exit_code == 0

    def test_the_stack_before_the_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_STACK", "Another")
        assert run("--stack", "Roomcast", "links").exit_code == 0
        assert run("--stack", "Another", "links", "--stack", "Roomcast").exit_code == 0
        assert "Another" in fails(1, "links")

    def test_json_wherever_something_is_printed(self) -> None:
        done = {
            ("token", "42"): {"token"},
            ("publish", *EVENT): {"id", "type"},
            ("kick", "ada"): {"id", "type"},
            ("remove", "ada", "project:1"): {"id", "type"},
            ("link-repo", "a/b", "1"): {"repository", "project_id"},
            ("link-user", "mona", "42"): {"login", "user_id"},
            ("unlink-repo", "a/b"): {"repository", "linked"},
            ("unlink-user", "mona"): {"login", "linked"},
        }
        for arguments, names in done.items():
            result = run(*arguments, "--json", "--stack", "Roomcast")
            assert result.exit_code == 0, result.output
            assert set(json.loads(result.stdout)) == names
        for name, *_ in COMMANDS:
            # One writes JSON anyway, the other TypeScript.
            assert "--json" in run(name, "--help").stdout or name in {"record", "types"}

    def test_no_region(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        assert "region" in fails(1, "links", "--stack", "Roomcast")


class TestToken:
    def token(self, *arguments: str) -> dict[str, Any]:
        result = run("token", *arguments, "--stack", "Roomcast")
        assert result.exit_code == 0, result.output
        return jwt.decode(result.stdout.strip(), SECRET, algorithms=["HS256"])

    def test_a_user(self) -> None:
        claims = self.token("42", "--project", "1", "--project", "2", "--lifetime", "15m")
        assert (claims["sub"], claims["projects"]) == ("42", ["1", "2"])
        assert claims["exp"] - claims["iat"] == 900
        assert "role" not in claims
        assert "agents" not in claims

    def test_an_admin(self) -> None:
        assert self.token("ops", "--admin")["role"] == "admin"

    def test_rooms(self) -> None:
        claims = self.token("42", "--room", "project:at*", "--room", "team:red")
        assert claims["rooms"] == ["project:at*", "team:red"]
        assert "rooms: expected" in fails(2, "token", "42", "--room", "*", "--stack", "Roomcast")

    def test_a_tenant(self) -> None:
        assert self.token("42", "--tenant", "acme")["tenant"] == "acme"
        assert "tenant: expected" in fails(
            2, "token", "42", "--tenant", "a b", "--stack", "Roomcast"
        )

    def test_the_other_claims(self) -> None:
        claims = self.token("42", "--role", "dev", "--agent", "7", "--email", "a@example.com")
        assert (claims["role"], claims["agents"], claims["email"]) == (
            "dev",
            ["7"],
            "a@example.com",
        )

    def test_a_user_that_is_no_id(self) -> None:
        assert "user_id: expected" in fails(2, "token", "a b", "--stack", "Roomcast")

    @pytest.mark.parametrize("lifetime", ["", "1", "h", "-1h", "1w"])
    def test_a_lifetime_that_is_none(self, lifetime: str) -> None:
        assert "such as 90s" in fails(2, "token", "42", "--lifetime", lifetime)

    @pytest.mark.parametrize(
        "text", [f'["{SECRET}", "{"x" * 32}"]', f'{{"JWT_SECRET": "{SECRET}"}}', f"{SECRET}\n"]
    )
    def test_is_signed_with_the_first_secret_as_it_was_pasted(self, text: str) -> None:
        boto3.client("secretsmanager").put_secret_value(SecretId="jwt", SecretString=text)
        assert self.token("42")["sub"] == "42"

    def test_a_secret_that_holds_several_things(self) -> None:
        text = '{"username": "ada", "password": "hush"}'
        boto3.client("secretsmanager").put_secret_value(SecretId="jwt", SecretString=text)
        assert "expected a JSON object with one key" in fails(
            2, "token", "42", "--stack", "Roomcast"
        )

    def test_a_secret_that_may_not_be_read(self) -> None:
        boto3.client("secretsmanager").delete_secret(SecretId="jwt")
        assert "GetSecretValue" in fails(1, "token", "42", "--stack", "Roomcast")


class TestPublish:
    def test_prints_the_id_of_what_is_on_the_bus(self, heard: Any) -> None:
        result = run("publish", *EVENT, "--stack", "Roomcast")
        assert result.exit_code == 0, result.output
        [detail] = heard()
        assert result.stdout == f"{detail['id']}\n"
        assert (detail["type"], detail["source"]) == ("project.deleted", "project_service")
        assert detail["data"] == {"project_id": "123", "deleted_by": "42"}

    def test_values_of_every_kind(self, heard: Any) -> None:
        data = '{"workflow_id": "7", "status": "running", "progress": 1, "total_steps": 5}'
        pairs = ["progress=40.5", "current_step=build", 'logs=["a"]']
        options = ["--data", data, "--source", "ci", "--stack", "Roomcast"]
        assert run("publish", "workflow.progress", *pairs, *options).exit_code == 0
        [detail] = heard()
        assert detail["source"] == "ci"
        assert (detail["data"]["progress"], detail["data"]["logs"]) == (40.5, ["a"])
        assert detail["data"]["current_step"] == "build"

    def test_the_environment_names_a_bus(self, heard: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "bus")
        assert run("publish", *EVENT).exit_code == 0
        assert len(heard()) == 1

    def test_to_the_rooms_of_a_tenant(self, heard: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        named = ("--tenant", "acme")
        assert run("publish", *EVENT, *named, "--stack", "Roomcast").exit_code == 0
        assert run("kick", "ada", *named, "--stack", "Roomcast").exit_code == 0
        monkeypatch.setenv("ROOMCAST_TENANT", "beta")
        assert run("remove", "ada", "project:7", "--stack", "Roomcast").exit_code == 0
        assert [detail["tenant"] for detail in heard()] == ["acme", "acme", "beta"]

    def test_help_lists_what_can_be_published(self) -> None:
        listed = run("publish", "--help").stdout.replace(",", " ").split()
        for name, kind in EVENT_TYPES.items():
            assert (name in listed) == kind.publishable

    @pytest.mark.parametrize("name", ["project.update", "projct.updated"])
    def test_an_unknown_type_is_guessed(self, name: str) -> None:
        assert "did you mean project.updated?" in fails(2, "publish", name)

    @pytest.mark.parametrize("name", ["xyz", "connection.established"])
    def test_a_type_like_no_other(self, name: str) -> None:
        assert "is not an event type" in fails(2, "publish", name)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["project.deleted", "project_id=123"], "deleted_by: required"),
            (["project.deleted", "project_id=a b", "deleted_by=42"], "project_id: expected"),
            ([*EVENT, "colour=red"], "colour: not a field"),
            ([*EVENT, "colour"], "expected KEY=VALUE"),
            (["project.deleted", "--data", "[]"], "--data: expected a JSON object"),
        ],
    )
    def test_a_bad_field_is_named(self, heard: Any, arguments: list[str], said: str) -> None:
        assert said in fails(2, "publish", *arguments, "--stack", "Roomcast")
        assert heard() == []

    def test_an_event_that_is_too_large(self, heard: Any) -> None:
        data = json.dumps({"project_id": "1", "deleted_by": "2", "project_name": "x"})
        assert "not a field" in fails(2, "publish", "project.deleted", "--data", data)
        title = "title=" + "x" * 300_000
        known = ["pr_id=1", "project_id=1", "status=open", title]
        assert "the limit is" in fails(2, "publish", "pr.updated", *known, "--stack", "Roomcast")
        assert heard() == []

    def test_a_bus_that_does_not_accept_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("roomcast.publisher.Publisher.publish", lambda *_, **__: False)
        said = fails(1, "publish", *EVENT, "--stack", "Roomcast")
        assert said == "Error: the bus did not accept the project.deleted event"


class TestLinks:
    def test_linking_listing_and_unlinking(self, moto_dynamodb: Any) -> None:
        stack = ("--stack", "Roomcast")
        assert run("link-repo", "Octo/Hello", "123", *stack).stdout == "Octo/Hello -> project:123\n"
        assert run("link-repo", "acme/a", "7", *stack).exit_code == 0
        assert run("link-user", "Mona", "42", *stack).stdout == "Mona -> user:42\n"
        registry = Registry("registry", client=moto_dynamodb)
        assert registry.project_of("octo/hello") == "123"
        assert run("links", *stack).stdout == (
            "acme/a -> project:7\nOcto/Hello -> project:123\nMona -> user:42\n"
        )
        rows = [json.loads(line) for line in run("links", "--json", *stack).stdout.splitlines()]
        assert rows[1:] == [
            {"repository": "Octo/Hello", "project_id": "123"},
            {"login": "Mona", "user_id": "42"},
        ]
        assert run("unlink-repo", "octo/hello", *stack).exit_code == 0
        assert run("unlink-user", "mona", *stack).exit_code == 0
        assert run("links", *stack).stdout == "acme/a -> project:7\n"

    def test_a_repository_of_a_tenant(self, moto_dynamodb: Any) -> None:
        stack = ("--stack", "Roomcast")
        said = run("link-repo", "octo/hello", "123", "--tenant", "acme", *stack).stdout
        assert said == "octo/hello -> project:123 of acme\n"
        link = {"repository": "octo/hello", "project_id": "123", "tenant": "acme"}
        assert [json.loads(run("links", "--json", *stack).stdout)] == [link]
        arguments = ("link-repo", "octo/hello", "123", "--tenant", "a b", *stack)
        assert "not a tenant id" in fails(2, *arguments)

    def test_a_repository_by_its_id(self, moto_dynamodb: Any) -> None:
        stack = ("--stack", "Roomcast")
        said = run("link-repo", "octo/hello", "123", "--id", "1296269", *stack).stdout
        assert said == "octo/hello -> project:123\n"
        link = {"repository": "octo/hello", "project_id": "123", "repository_id": 1296269}
        assert [json.loads(run("links", "--json", *stack).stdout)] == [link]
        assert run("unlink-repo", "octo/hello", *stack).exit_code == 0
        assert run("links", *stack).stdout == ""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["link-repo", "hello", "123"], "expected OWNER/NAME"),
            (["link-repo", "octo/hello", "123", "--id", "0"], "not the id of a GitHub repository"),
            (["link-repo", "octo/hello", "a b"], "not a project id"),
            (["link-user", "a b", "42"], "not a GitHub login"),
            (["unlink-repo", "hello"], "expected OWNER/NAME"),
        ],
    )
    def test_names_that_cannot_be(self, arguments: list[str], said: str) -> None:
        assert said in fails(2, *arguments, "--stack", "Roomcast")

    @pytest.mark.parametrize("arguments", [["unlink-repo", "a/b"], ["unlink-user", "a"]])
    def test_what_was_not_linked(self, arguments: list[str]) -> None:
        assert "was not linked" in fails(1, *arguments, "--stack", "Roomcast")
