"""What a deployment has only with the routes for admins."""

import json

import pytest

from infra.http_api import ADMIN
from tests.infra.conftest import Template, synthesise
from tests.infra.test_service import listed, statements


@pytest.fixture(scope="module")
def with_admin(tmp_path_factory: pytest.TempPathFactory) -> Template:
    made = synthesise(tmp_path_factory.mktemp("admin"), checks=True, admin_api="true")
    return made.template("Roomcast")


def routes(template: Template) -> list[str]:
    keys = [each["RouteKey"] for each in template.properties("AWS::ApiGatewayV2::Route")]
    return sorted(key for key in keys if ADMIN in key)


def test_without_it_there_is_nothing_of_it(service: Template) -> None:
    assert [name for name in service.body["Resources"] if "Admin" in name] == []
    assert routes(service) == []


def test_with_it_there_are_its_routes(with_admin: Template) -> None:
    assert routes(with_admin) == [
        "DELETE /api/v1/admin/links",
        "GET /api/v1/admin/dead-letters",
        "GET /api/v1/admin/links",
        "POST /api/v1/admin/access",
        "POST /api/v1/admin/dead-letters/redrive",
        "POST /api/v1/admin/events",
        "PUT /api/v1/admin/links",
    ]


def test_it_may_do_what_its_row_says_and_nothing_to_all(with_admin: Template) -> None:
    allowed: dict[str, str] = {}
    for statement in statements(with_admin, "Admin"):
        for action in listed(statement["Action"]):
            allowed[action] = json.dumps(statement["Resource"])
    assert {"sqs:SendMessage", "sqs:ReceiveMessage", "lambda:InvokeFunction"} <= allowed.keys()
    assert {"events:PutEvents", "dynamodb:Scan", "s3:PutObject"} <= allowed.keys()
    assert "DeadLetters" not in allowed["sqs:SendMessage"]
    assert allowed["sqs:DeleteMessage"].count("DeadLetters") == allowed["sqs:ReceiveMessage"].count(
        "DeadLetters"
    )
    assert "Registry" in allowed["dynamodb:Scan"]
    assert not {"dynamodb:DeleteTable", "sqs:DeleteQueue", "sqs:PurgeQueue"} & allowed.keys()


def test_it_is_told_the_queues(with_admin: Template) -> None:
    (variables,) = (
        each["Environment"]["Variables"]
        for each in with_admin.properties("AWS::Lambda::Function")
        if "ROOMCAST_DEAD_LETTERS" in each["Environment"]["Variables"]
    )
    told = json.dumps(variables["ROOMCAST_DEAD_LETTERS"])
    for name in ("open", "broadcast", "access", "count", "pages", "deadline"):
        assert f'\\"{name}\\": \\"' in told
