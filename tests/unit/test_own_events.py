"""Events of one's own: what a class may say of itself, and what goes onto the bus."""

from typing import Any, ClassVar

import pytest

from roomcast import Event, InvalidEvent, NotConfigured, ProjectUpdated, get_broadcaster
from roomcast.envelope import Envelope
from roomcast.events import EVENT_TYPES, own


class DeployFinished(Event):
    """As an application writes it."""

    type = "deploy.finished"
    source = "deploy_service"
    state_key = "service"

    team: str
    service: str | None
    seconds: float = 0.0

    def rooms(self) -> tuple[str, ...]:
        """Return the team's room."""
        return (f"team:{self.team}",)


DEPLOYED = {"team": "red", "service": "api"}


def kind(**attributes: Any) -> type[Event]:
    """Return a class of events with these attributes in place of `DeployFinished`'s."""
    made: type[Event] = type("Made", (DeployFinished,), attributes)
    return made


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Publish to a bus in memory, in a deployment with rooms of teams."""
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", "memory:")
    monkeypatch.setenv("ROOMCAST_ROOM_KINDS", '{"team": {"claim": "teams"}}')
    yield get_broadcaster().bus
    get_broadcaster().bus.clear()


class TestPublishing:
    async def test_what_is_on_the_bus(self, memory: Any) -> None:
        assert await get_broadcaster().publish(DeployFinished(**DEPLOYED, seconds=4))
        (event,) = memory.of_type(DeployFinished)
        assert event.rooms == ["team:red"]
        assert (event.source, event.state_key) == ("deploy_service", "deploy:api")
        assert event.data == {"team": "red", "service": "api", "seconds": 4.0}

    def test_the_call_or_the_broadcaster_may_give_another_source(self) -> None:
        assert DeployFinished(**DEPLOYED).to_envelope(source="ci").source == "ci"

    def test_fields_are_checked(self) -> None:
        with pytest.raises(InvalidEvent, match=r"deploy\.finished was not sent: service: required"):
            DeployFinished(**{"team": "red"})
        with pytest.raises(InvalidEvent, match="colour: not a field"):
            DeployFinished(**{**DEPLOYED, "colour": "red"})

    async def test_a_room_of_a_kind_that_is_not_set_names_the_setting(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("ROOMCAST_ROOM_KINDS")
        with pytest.raises(InvalidEvent, match=r"rooms: .*room_kinds.*ROOMCAST_ROOM_KINDS"):
            await get_broadcaster().publish(DeployFinished(**DEPLOYED))

    async def test_a_bad_setting_of_kinds_is_told_at_the_start(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", "team")
        assert not await get_broadcaster().publish(DeployFinished(**DEPLOYED))
        assert "ROOMCAST_ROOM_KINDS: expected a JSON object" in caplog.text
        with pytest.raises(NotConfigured, match="ROOMCAST_ROOM_KINDS"):
            get_broadcaster().init()
        get_broadcaster().close()

    def test_clients_do_not_get_the_key(self) -> None:
        copy = DeployFinished(**DEPLOYED).to_envelope().for_room("team:red")
        assert "state_key" not in copy

    @pytest.mark.parametrize("name", [n for n, k in EVENT_TYPES.items() if k.publishable])
    def test_built_in_events_have_none(self, name: str) -> None:
        assert own.state_key(EVENT_TYPES[name], {"project_id": "p1"}) == ""


class TestClasses:
    @pytest.mark.parametrize(
        ("attributes", "field"),
        [
            *(({"type": name}, "type") for name in ("connection.lost", "presence.joined")),
            *(({"type": name}, "type") for name in ("access.granted", "connect", "disconnect")),
            *(({"type": name}, "type") for name in ("presence", "connection_error", "", "a\nb")),
            *(({"type": name}, "type") for name in ("project.updated", "pr.closed", "x" * 129)),
            ({"type": None}, "type"),
            ({"source": ""}, "source"),
            ({"source": "aws.x"}, "source"),
            ({"state_key": "id"}, "state_key"),
            ({"state_key": ("service", "id")}, "state_key"),
            ({"state_key": 7}, "state_key"),
        ],
    )
    def test_what_is_wrong_is_named(self, attributes: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidEvent) as refused:
            kind(**attributes)(**DEPLOYED).to_envelope()
        assert list(refused.value.fields) == [field]
        assert "expected" in str(refused.value) or "nobody else" in str(refused.value)

    def test_a_class_without_a_type(self) -> None:
        class Nameless(Event):
            def rooms(self) -> tuple[str, ...]:
                return ("global",)

        with pytest.raises(InvalidEvent, match=r"^Nameless was not sent: type: .*type = "):
            Nameless().to_envelope(source="me")

    def test_a_class_without_a_source_needs_one_from_elsewhere(self) -> None:
        class Sourceless(Event):
            type = "deploy.begun"

            def rooms(self) -> tuple[str, ...]:
                return ("global",)

        assert Sourceless().to_envelope(source="me").source == "me"
        with pytest.raises(InvalidEvent, match="source: required"):
            Sourceless().to_envelope()

    def test_a_field_may_be_called_source(self) -> None:
        class Moved(Event):
            type = "box.moved"
            default_source: ClassVar[str] = "warehouse"

            source: str  # type: ignore[misc]

            def rooms(self) -> tuple[str, ...]:
                return ("global",)

        envelope = Moved(source="shelf 7").to_envelope()
        assert (envelope.source, envelope.data) == ("warehouse", {"source": "shelf 7"})

    def test_a_subclass_of_a_built_in_event_keeps_its_type(self) -> None:
        class Ours(ProjectUpdated):
            """With other rooms."""

            def rooms(self) -> tuple[str, ...]:
                return ("global",)

        assert Ours(project_id="p1", updated_by="u1").to_envelope().type == "project.updated"


class TestStateKey:
    @pytest.mark.parametrize(
        ("names", "data", "expected"),
        [
            ("service", {"service": "api"}, "deploy:api"),
            ("service", {"service": 7}, "deploy:7"),
            ("service", {"service": None}, ""),
            (("team", "service"), {"team": "red", "service": "api"}, "deploy:red:api"),
            (("team", "service"), {"team": "red:a", "service": "b%"}, "deploy:red%3Aa:b%25"),
            ((), {"service": "api"}, ""),
        ],
    )
    def test_names_the_entity(self, names: Any, data: dict[str, Any], expected: str) -> None:
        assert own.state_key(kind(state_key=names), data) == expected

    def test_two_entities_never_have_one_key(self) -> None:
        made = kind(state_key=("team", "service"))
        one = own.state_key(made, {"team": "a:b", "service": "c"})
        assert one != own.state_key(made, {"team": "a", "service": "b:c"})

    @pytest.mark.parametrize("value", ["", True, 1.5, ["a"], "x" * 513])
    def test_what_is_no_id_is_refused(self, value: Any) -> None:
        with pytest.raises(ValueError, match="expected"):
            own.state_key(kind(), {"service": value})

    def test_one_of_two_ids_that_is_missing_is_refused(self) -> None:
        made = kind(state_key=("team", "service"))
        with pytest.raises(InvalidEvent, match="state_key: expected an id"):
            made(team="red", service=None).to_envelope()

    def test_travels(self) -> None:
        detail = DeployFinished(**DEPLOYED).to_envelope().to_detail()
        assert Envelope.from_detail(detail).state_key == "deploy:api"
        assert "state_key" not in DeployFinished(team="red", service=None).to_envelope().to_detail()

    @pytest.mark.parametrize("value", [7, None, "", "deploy", ":api", "deploy:", "d:" + "x" * 511])
    def test_another_publishers_that_is_none_counts_as_none(self, value: Any) -> None:
        detail = {**DeployFinished(**DEPLOYED).to_envelope().to_detail(), "state_key": value}
        assert Envelope.from_detail(detail).state_key == ""
