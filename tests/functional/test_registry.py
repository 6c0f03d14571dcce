"""The registry, against moto's DynamoDB."""

from typing import Any

import pytest

from roomcast.registry import InvalidLink, Registry, RepositoryLink, UserLink


@pytest.fixture
def registry(boto3_dynamodb: Any) -> Registry:
    return Registry("registry", client=boto3_dynamodb)


class TestRepositories:
    def test_a_link_is_found_in_any_spelling(self, registry: Registry) -> None:
        registry.link_repository("Octo-Org/Hello.World", "123")
        assert registry.project_of("octo-org/hello.world") == "123"
        assert registry.project_of("OCTO-ORG/HELLO.WORLD") == "123"

    def test_what_is_not_linked(self, registry: Registry) -> None:
        assert registry.project_of("octo/none") is None
        assert registry.project_of("not a name") is None

    def test_linking_again_moves_it(self, registry: Registry) -> None:
        registry.link_repository("octo/hello", "123")
        registry.link_repository("Octo/Hello", "456")
        assert registry.project_of("octo/hello") == "456"
        assert list(registry.links()) == [RepositoryLink("Octo/Hello", "456")]

    def test_unlinking(self, registry: Registry) -> None:
        registry.link_repository("octo/hello", "123")
        assert registry.unlink_repository("OCTO/hello")
        assert registry.project_of("octo/hello") is None
        assert not registry.unlink_repository("octo/hello")

    def test_uuids_in_lower_case(self, registry: Registry) -> None:
        link = registry.link_repository("octo/hello", "550E8400-E29B-41D4-A716-446655440000")
        assert link.project_id == "550e8400-e29b-41d4-a716-446655440000"
        assert registry.project_of("octo/hello") == link.project_id

    @pytest.mark.parametrize(
        "name",
        [
            "a/b",
            "octo-org/.github",
            "o" * 39 + "/" + "n" * 100,
            "a_co/b",
            "acme-/x",
            "a----b/_under.score-",
            "a/-",
            "a/..b",
            "A/B.GITx",
        ],
    )
    def test_possible_names(self, registry: Registry, name: str) -> None:
        registry.link_repository(name, "123")
        assert registry.project_of(name) == "123"

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "hello",
            "octo/",
            "/hello",
            "octo/hello/world",
            "https://github.com/octo/hello",
            "octo/hello.git",
            "octo/.",
            "octo/..",
            "-octo/hello",
            "oc_to_/hello",
            "oc_to_acme/hello",
            "octo/hello world",
            "octo/héllo",
            "octo/hello\n",
            "o" * 40 + "/hello",
            "octo/" + "n" * 101,
        ],
    )
    def test_impossible_names(self, registry: Registry, name: str) -> None:
        with pytest.raises(InvalidLink, match="expected OWNER/NAME"):
            registry.link_repository(name, "123")
        with pytest.raises(InvalidLink, match="expected OWNER/NAME"):
            registry.unlink_repository(name)
        assert list(registry.links()) == []

    @pytest.mark.parametrize("project_id", ["", "project:1", "a b", "x" * 129])
    def test_impossible_projects(self, registry: Registry, project_id: str) -> None:
        with pytest.raises(InvalidLink, match="not a project id"):
            registry.link_repository("octo/hello", project_id)


class TestIds:
    def test_an_id_that_the_command_line_knows(self, registry: Registry) -> None:
        link = registry.link_repository("octo/hello", "123", 7)
        assert link == RepositoryLink("octo/hello", "123", 7)
        assert registry.by_id(7) == registry.by_name("OCTO/hello") == link
        assert list(registry.links()) == [link]

    def test_without_an_id_no_link_has_it(self, registry: Registry) -> None:
        registry.link_repository("octo/hello", "123")
        assert registry.by_id(7) is None
        assert registry.by_name("octo/hello") == RepositoryLink("octo/hello", "123")

    def test_linking_again_without_the_id_forgets_it(self, registry: Registry) -> None:
        registry.link_repository("octo/hello", "123", 7)
        registry.link_repository("Octo/Hello", "456")
        assert registry.by_id(7) is None
        assert list(registry.links()) == [RepositoryLink("Octo/Hello", "456")]

    def test_another_name_of_the_same_id(self, registry: Registry) -> None:
        registry.link_repository("octo/hello", "123", 7)
        registry.link_repository("acme/hello", "456", 7)
        assert registry.by_name("octo/hello") is None
        assert list(registry.links()) == [RepositoryLink("acme/hello", "456", 7)]

    def test_unlinking_forgets_the_id(self, registry: Registry) -> None:
        registry.link_repository("octo/hello", "123", 7)
        registry.link_repository("octo/other", "123", 8)
        assert registry.unlink_repository("octo/HELLO")
        assert registry.by_id(7) is None
        assert list(registry.links()) == [RepositoryLink("octo/other", "123", 8)]

    def test_an_id_whose_name_is_another_ones_by_now(
        self, registry: Registry, boto3_dynamodb: Any
    ) -> None:
        registry.link_repository("octo/hello", "123", 7)
        boto3_dynamodb.delete_item(TableName="registry", Key={"entry": {"S": "repo#octo/hello"}})
        assert list(registry.links()) == [RepositoryLink("octo/hello", "123", 7)]
        assert registry.unlink_repository("Octo/Hello")
        assert list(registry.links()) == []

    @pytest.mark.parametrize("number", [0, -1, 2**63])
    def test_impossible_ids(self, registry: Registry, number: int) -> None:
        with pytest.raises(InvalidLink, match="not the id of a GitHub repository"):
            registry.link_repository("octo/hello", "123", number)
        assert list(registry.links()) == []


class TestUsers:
    def test_linking_and_unlinking(self, registry: Registry) -> None:
        registry.link_user("Octocat", "42")
        assert registry.user_of("octoCAT") == "42"
        assert registry.unlink_user("OCTOCAT")
        assert registry.user_of("octocat") is None
        assert not registry.unlink_user("octocat")

    @pytest.mark.parametrize(
        "login",
        [
            "a",
            "octo-cat",
            "x" * 39,
            "mona_acme",
            "renovate[bot]",
            "acme-",
            "a----b",
            "x" * 34 + "_acme",
            "mona-_acme",
            "7",
            "Renovate[BOT]",
            "x" * 39 + "[bot]",
        ],
    )
    def test_possible_logins(self, registry: Registry, login: str) -> None:
        registry.link_user(login, "42")
        assert registry.user_of(login) == "42"

    @pytest.mark.parametrize(
        "login",
        [
            "",
            "-a",
            "a b",
            "x" * 40,
            "x" * 35 + "_acme",
            "mona_",
            "_acme",
            "mona_acme_x",
            "mona_longshortcode",
            "[bot]",
            "x" * 40 + "[bot]",
            "a[bot]x",
            "mona@acme",
            "a/b",
            "a\n",
            "mòna",
        ],
    )
    def test_impossible_logins(self, registry: Registry, login: str) -> None:
        with pytest.raises(InvalidLink, match="not a GitHub login"):
            registry.link_user(login, "42")

    def test_many_in_one_read(self, registry: Registry) -> None:
        registry.link_user("Mona", "42")
        registry.link_user("zoe", "43")
        assert registry.users_of(["mona", "stranger", "ZOE", "Mona"]) == {
            "mona": "42",
            "Mona": "42",
            "ZOE": "43",
        }
        assert registry.users_of([]) == {}

    def test_impossible_users(self, registry: Registry) -> None:
        with pytest.raises(InvalidLink, match="not a user id"):
            registry.link_user("octocat", "user:42")

    def test_a_login_and_an_owner_of_one_name_are_two_entries(self, registry: Registry) -> None:
        registry.link_user("octo", "42")
        registry.link_repository("octo/octo", "123")
        assert set(registry.links()) == {UserLink("octo", "42"), RepositoryLink("octo/octo", "123")}


class TestLinks:
    def test_to_the_last_page(self, registry: Registry, boto3_dynamodb: Any) -> None:
        # A page ends at 1 MB: these items take more together.
        for number in range(4):
            boto3_dynamodb.put_item(
                TableName="registry",
                Item={
                    "entry": {"S": f"repo#octo/{number}"},
                    "name": {"S": f"octo/{number}"},
                    "project_id": {"S": "123"},
                    "ballast": {"S": "x" * 390_000},
                },
            )
        first_page = boto3_dynamodb.scan(TableName="registry")
        assert "LastEvaluatedKey" in first_page
        found = {link.repository for link in registry.links() if isinstance(link, RepositoryLink)}
        assert found == {f"octo/{number}" for number in range(4)}
