"""Repositories that are renamed, transferred or followed by another one of the same name."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from roomcast.registry import RepositoryLink
from roomcast_backend.github.linking import LinkChanging, Linking
from roomcast_backend.github.payload import Repository
from tests.fakes.github import example
from tests.fakes.webhook_function import REPOSITORY, Webhooks

ID = 186853002
NEW = "acme/hello"


def pull_request(name: str = REPOSITORY, number: int = ID, **repository: Any) -> dict[str, Any]:
    payload = example("pull_request", "opened")
    payload["repository"] |= {"full_name": name, "id": number, **repository}
    for field in ("url", "html_url"):
        payload["pull_request"][field] = payload["pull_request"][field].replace(REPOSITORY, name)
    return payload


def renamed(name: str, *, former: str, number: int = ID, **repository: Any) -> dict[str, Any]:
    changes = {"repository": {"name": {"from": former}}}
    described = {"full_name": name, "id": number, **repository}
    return {"action": "renamed", "changes": changes, "repository": described}


def transferred(name: str, *, kind: str, former: str) -> dict[str, Any]:
    changes = {"owner": {"from": {kind: {"login": former}}}}
    repository = {"full_name": name, "id": ID}
    return {"action": "transferred", "changes": changes, "repository": repository}


class Service:
    """Counts deliveries, so that each has an id of its own."""

    def __init__(self, webhooks: Webhooks) -> None:
        self.webhooks = webhooks
        self.registry = webhooks.registry
        self._count = 0

    def send(self, payload: dict[str, Any], kind: str = "pull_request") -> str:
        self._count += 1
        return self.webhooks.deliver(kind, payload, f"delivery-{self._count}")

    def rooms(self) -> list[tuple[str, ...]]:
        return [envelope.rooms for envelope in self.webhooks.bus.heard()]

    def links(self) -> list[Any]:
        return sorted(self.registry.links(), key=lambda link: link.repository)


@pytest.fixture
def service(linked: Webhooks) -> Service:
    return Service(linked)


class TestLearning:
    def test_the_first_delivery_tells_the_id(self, service: Service) -> None:
        assert service.send(pull_request()) == "accepted"
        link = RepositoryLink(REPOSITORY, "123", ID)
        assert service.registry.by_id(ID) == link
        assert service.registry.by_name(REPOSITORY) == link
        assert service.links() == [link]

    def test_then_one_read_is_enough(self, service: Service) -> None:
        service.send(pull_request())
        calls = service.webhooks.calls("registry")
        service.send(pull_request())
        assert calls == ["GetItem"]

    def test_a_delivery_without_id(self, service: Service) -> None:
        payload = pull_request()
        del payload["repository"]["id"]
        assert service.send(payload) == "accepted"
        assert service.links() == [RepositoryLink(REPOSITORY, "123")]

    @pytest.mark.parametrize("number", [0, -1, "7", 2**63, 1.5, True])
    def test_an_id_that_github_does_not_have(self, service: Service, number: object) -> None:
        with pytest.raises(AssertionError, match=r"repository\.id"):
            service.send(pull_request(id=number))


class TestRenamed:
    @pytest.fixture(autouse=True)
    def known(self, service: Service) -> None:
        service.send(pull_request())
        service.rooms()

    def test_another_name_of_a_known_id(self, service: Service) -> None:
        assert service.send(pull_request(NEW)) == "accepted"
        assert service.rooms() == [("project:123",)]
        assert service.links() == [RepositoryLink(NEW, "123", ID)]
        assert service.registry.project_of(NEW) == "123"
        assert service.registry.project_of(REPOSITORY) is None

    def test_objects_keep_their_ids(self, service: Service) -> None:
        service.send(pull_request(NEW))
        [envelope] = service.webhooks.bus.heard()
        url = f"https://api.github.com/repos/{REPOSITORY}/pulls/2"
        assert envelope.data["pr_id"] == str(uuid5(NAMESPACE_URL, url))
        assert envelope.data["github_url"] == f"https://github.com/{NEW}/pull/2"

    def test_renamed_is_followed(self, service: Service) -> None:
        payload = renamed("Codertocat/Bonjour", former="Hello-World")
        assert service.send(payload, "repository") == "ignored"
        assert service.links() == [RepositoryLink("Codertocat/Bonjour", "123", ID)]
        assert service.rooms() == []

    @pytest.mark.parametrize("kind", ["user", "organization"])
    def test_transferred_is_followed(self, service: Service, kind: str) -> None:
        payload = transferred("acme/Hello-World", kind=kind, former="Codertocat")
        assert service.send(payload, "repository") == "ignored"
        assert service.links() == [RepositoryLink("acme/Hello-World", "123", ID)]

    def test_an_organisation_with_another_name(self, service: Service) -> None:
        assert service.send({"action": "renamed", "organization": {}}, "organization") == "ignored"

    @pytest.mark.parametrize("action", [["renamed"], {}, None, 5, True])
    def test_an_action_that_is_not_text(self, service: Service, action: Any) -> None:
        assert service.send({"action": action}, "repository") == "ignored"
        assert service.send(pull_request("Coders/Hello-World")) == "accepted"
        assert service.links() == [RepositoryLink("Coders/Hello-World", "123", ID)]

    def test_the_name_of_an_older_delivery_is_not_taken_back(self, service: Service) -> None:
        service.send(pull_request(NEW, updated_at="2026-01-02T00:00:00Z"))
        service.send(pull_request(updated_at="2026-01-01T00:00:00Z"))
        assert service.links() == [RepositoryLink(NEW, "123", ID)]
        assert service.rooms() == [("project:123",)] * 2

    def test_there_and_back(self, service: Service) -> None:
        service.send(pull_request(NEW, updated_at="2026-01-01T00:00:00Z"))
        service.send(pull_request(updated_at="2026-01-02T00:00:00Z"))
        assert service.links() == [RepositoryLink(REPOSITORY, "123", ID)]
        assert service.registry.project_of(NEW) is None

    def test_a_new_spelling_is_no_new_name(self, service: Service) -> None:
        service.send(pull_request(REPOSITORY.upper()))
        assert service.links() == [RepositoryLink(REPOSITORY, "123", ID)]

    def test_it_can_be_unlinked_by_its_new_name(self, service: Service) -> None:
        service.send(pull_request(NEW))
        service.rooms()
        assert service.registry.unlink_repository(NEW)
        assert service.send(pull_request(NEW)) == "ignored"
        assert service.links() == []

    def test_the_new_name_was_linked_by_a_person(self, service: Service) -> None:
        service.registry.link_repository(NEW, "456")
        service.send(pull_request(NEW, updated_at="2026-01-02T00:00:00Z"))
        assert service.rooms() == [("project:456",)]
        assert service.links() == [RepositoryLink(NEW, "456", ID)]


class TestRenamedBeforeTheIdWasKnown:
    def test_renamed(self, service: Service) -> None:
        service.send(renamed("Codertocat/Bonjour", former="Hello-World"), "repository")
        assert service.send(pull_request("Codertocat/Bonjour")) == "accepted"
        assert service.links() == [RepositoryLink("Codertocat/Bonjour", "123", ID)]

    def test_transferred(self, service: Service) -> None:
        payload = transferred("acme/Hello-World", kind="user", former="Codertocat")
        service.send(payload, "repository")
        assert service.links() == [RepositoryLink("acme/Hello-World", "123", ID)]

    def test_nobody_linked_it(self, service: Service) -> None:
        payload = renamed("octo/new", former="old", number=7)
        assert service.send(payload, "repository") == "ignored"
        assert service.links() == [RepositoryLink(REPOSITORY, "123")]

    def test_other_changes_of_a_repository(self, service: Service) -> None:
        assert service.send({"action": "edited"}, "repository") == "ignored"

    def test_linked_with_the_id(self, service: Service) -> None:
        service.registry.link_repository(REPOSITORY, "123", ID)
        assert service.send(pull_request(NEW)) == "accepted"
        assert service.links() == [RepositoryLink(NEW, "123", ID)]
        assert service.registry.project_of(REPOSITORY) is None


class TestAnotherRepositoryOfThatName:
    @pytest.fixture(autouse=True)
    def known(self, service: Service) -> None:
        service.send(pull_request())
        service.rooms()

    def test_after_a_rename(self, service: Service) -> None:
        service.send(pull_request(NEW))
        assert service.send(pull_request(number=7)) == "ignored"
        assert service.rooms() == [("project:123",)]

    def test_before_the_rename_is_known(self, service: Service) -> None:
        assert service.send(pull_request(number=7)) == "ignored"
        assert service.rooms() == []
        assert service.send(pull_request(NEW)) == "accepted"

    def test_it_can_be_linked_itself(self, service: Service) -> None:
        service.send(pull_request(NEW))
        service.registry.link_repository(REPOSITORY, "456")
        service.rooms()
        assert service.send(pull_request(number=7)) == "accepted"
        assert service.send(pull_request(NEW)) == "accepted"
        assert service.rooms() == [("project:456",), ("project:123",)]
        assert service.links() == [
            RepositoryLink(REPOSITORY, "456", 7),
            RepositoryLink(NEW, "123", ID),
        ]

    def test_a_late_delivery_of_the_former_one_takes_nothing(self, service: Service) -> None:
        service.send(renamed(NEW, former="x", updated_at="2026-01-02T00:00:00Z"), "repository")
        service.registry.link_repository(REPOSITORY, "456")
        service.send(pull_request(updated_at="2026-01-02T00:00:00Z"))
        assert service.rooms() == [("project:123",)]
        assert service.send(pull_request(number=7)) == "accepted"
        assert service.rooms() == [("project:456",)]

    def test_made_anew_under_the_same_name(self, service: Service) -> None:
        service.registry.link_repository(REPOSITORY, "123")
        assert service.send(pull_request(number=7)) == "accepted"
        assert service.links() == [RepositoryLink(REPOSITORY, "123", 7)]

    def test_two_that_exchange_their_names(self, service: Service) -> None:
        service.registry.link_repository(NEW, "456")
        service.send(pull_request(NEW, 7))
        service.send(pull_request(NEW, updated_at="2026-01-02T00:00:00Z"))
        service.send(pull_request(number=7, updated_at="2026-01-02T00:00:00Z"))
        service.rooms()
        service.send(pull_request(NEW))
        service.send(pull_request(number=7))
        assert service.rooms() == [("project:123",), ("project:456",)]
        assert service.links() == [
            RepositoryLink(REPOSITORY, "456", 7),
            RepositoryLink(NEW, "123", ID),
        ]


class TestAtTheSameTime:
    def test_two_deliveries_learn_one_id(self, service: Service) -> None:
        class Second:
            """Lets another delivery learn the id just before this one writes it."""

            def __init__(self) -> None:
                self.done = False

            def __getattr__(self, name: str) -> Any:
                if name == "write_name" and not self.done:
                    self.done = True
                    Linking(service.registry).find(REPO)
                return getattr(service.registry, name)

        found = Linking(Second()).find(REPO)  # type: ignore[arg-type]
        assert found == RepositoryLink(REPOSITORY, "123", ID)
        assert service.links() == [found]

    def test_unlinked_meanwhile(self, service: Service) -> None:
        class Unlinked:
            def __getattr__(self, name: str) -> Any:
                if name == "write_name":
                    service.registry.unlink_repository(REPOSITORY)
                return getattr(service.registry, name)

        assert Linking(Unlinked()).find(REPO) is None  # type: ignore[arg-type]
        assert service.links() == []

    def test_a_link_that_changes_all_the_time(self, service: Service) -> None:
        class Changing:
            def __getattr__(self, name: str) -> Any:
                if name == "write_name":
                    return lambda *_, **__: False
                return getattr(service.registry, name)

        with pytest.raises(LinkChanging):
            Linking(Changing()).find(REPO)  # type: ignore[arg-type]

    def test_a_crash_while_a_name_is_followed(self, service: Service) -> None:
        service.send(pull_request())
        service.registry.link_repository(NEW, "456")

        class Crashing:
            def __getattr__(self, name: str) -> Any:
                if name == "write_id":
                    raise ConnectionError
                return getattr(service.registry, name)

        renamed_repository = Repository.read(
            {"full_name": NEW, "id": ID, "updated_at": "2026-01-02T00:00:00Z"}
        )
        with pytest.raises(ConnectionError):
            Linking(Crashing()).find(renamed_repository)  # type: ignore[arg-type]
        found = Linking(service.registry).find(renamed_repository)
        assert found == RepositoryLink(NEW, "456", ID)
        assert service.links() == [found]
        assert service.registry.by_name(REPOSITORY) is None

    def test_unlinked_while_a_name_is_followed(self, service: Service) -> None:
        service.send(pull_request())

        class Unlinked:
            def __getattr__(self, name: str) -> Any:
                if name == "write_id":
                    service.registry.unlink_repository(REPOSITORY)
                return getattr(service.registry, name)

        renamed_repository = Repository(full_name=NEW, id=ID)
        assert Linking(Unlinked()).find(renamed_repository) is None  # type: ignore[arg-type]
        assert service.links() == []

    def test_a_crash_between_the_rows(self, service: Service) -> None:
        learned = RepositoryLink(REPOSITORY, "123", ID)
        linked = service.registry.by_name(REPOSITORY)
        assert service.registry.write_name(learned, ID, instead_of=linked)
        assert service.send(pull_request(number=7)) == "ignored"
        assert service.send(pull_request()) == "accepted"
        assert service.registry.by_id(ID) == learned


REPO = Repository(full_name=REPOSITORY, id=ID)


class TestTenants:
    def test_events_go_to_the_project_of_the_links_tenant(self, service: Service) -> None:
        service.registry.link_repository(REPOSITORY, "123", tenant="acme")
        assert service.send(pull_request()) == "accepted"
        assert service.rooms() == [("acme!project:123",)]

    def test_the_tenant_follows_a_rename(self, service: Service) -> None:
        service.registry.link_repository(REPOSITORY, "123", tenant="acme")
        service.send(pull_request())
        service.send(pull_request(NEW))
        assert service.rooms()[1:] == [("acme!project:123",)]
        assert service.links() == [RepositoryLink(NEW, "123", ID, tenant="acme")]

    def test_a_link_of_the_new_name_decides_the_tenant(self, service: Service) -> None:
        service.send(pull_request())
        service.registry.link_repository(NEW, "123", tenant="acme")
        service.send(pull_request(NEW, updated_at="2099-01-02T00:00:00Z"))
        assert service.rooms() == [("project:123",), ("acme!project:123",)]

    def test_linked_for_another_tenant_while_a_name_is_followed(self, service: Service) -> None:
        service.send(pull_request())
        (before,) = service.links()
        service.registry.link_repository(REPOSITORY, "123", ID, tenant="acme")
        assert not service.registry.write_id(before, ID, instead_of=before)
        (link,) = service.links()
        assert link.tenant == "acme"
