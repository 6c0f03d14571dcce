"""The documents of the interface: of today, good for their tools, and true of events."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate

from roomcast import Event
from roomcast.events import EVENT_TYPES
from roomcast.schema import FILES, documents, frames, written
from roomcast_backend.inbound.commands import Commands
from tests.fakes.payloads import PAYLOADS

ROOT = Path(__file__).parents[2]
DOCUMENTS = documents(EVENT_TYPES.values())


class Step(Event):
    """A class with the name of another one's field."""

    type = "deploy: step 1"
    source = "deploy_service"

    name: str
    after: "Step | None" = None

    def rooms(self) -> tuple[str, ...]:
        """Return one room."""
        return ("global",)


def validator(document: dict[str, Any] = DOCUMENTS["events.json"]) -> Draft202012Validator:
    """Return what checks envelopes."""
    return Draft202012Validator(document)


def copy_of(event: Event) -> dict[str, Any]:
    """Return an event as the members of a room get it."""
    envelope = event.to_envelope()
    copy: dict[str, Any] = json.loads(json.dumps(envelope.for_room("global")))
    return {**copy, "seq": 7, "publisher": "p", "number": 1}


class TestCheckedIn:
    @pytest.mark.parametrize("name", FILES)
    def test_is_what_the_command_writes(self, name: str) -> None:
        """When this fails: `roomcast schema --to docs/schema`."""
        assert (ROOT / "docs/schema" / name).read_text() == written(DOCUMENTS[name])

    def test_there_is_nothing_else(self) -> None:
        assert {path.name for path in (ROOT / "docs/schema").iterdir()} == set(FILES)


class TestEvents:
    def test_the_schema_is_one(self) -> None:
        Draft202012Validator.check_schema(DOCUMENTS["events.json"])

    @pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=lambda kind: kind.type)
    def test_each_one_keeps_it(self, kind: type[Event]) -> None:
        copy = copy_of(kind(**PAYLOADS[kind.type]))
        validator().validate(copy)
        for name in DOCUMENTS["events.json"]["$defs"][kind.__name__]["required"]:
            less = {key: value for key, value in copy["data"].items() if key != name}
            with pytest.raises(ValidationError):
                validator().validate({**copy, "data": less})

    def test_what_is_elsewhere_or_left_out_need_not_be_there(self) -> None:
        copy = copy_of(EVENT_TYPES["project.deleted"](**PAYLOADS["project.deleted"]))
        link = {"url": "https://x", "size": 1, "sha256": "0", "expires_at": copy["timestamp"]}
        validator().validate({**copy, "data": {}, "data_ref": link})
        validator().validate({**copy, "data": {}, "entity": "project:1", "left_out": ["a"]})
        with pytest.raises(ValidationError):
            validator().validate({**copy, "data": {}})

    def test_a_later_version_may_add_fields(self) -> None:
        copy = copy_of(EVENT_TYPES["project.deleted"](**PAYLOADS["project.deleted"]))
        validator().validate({**copy, "new": 1, "data": {**copy["data"], "new": 1}})

    def test_of_ones_own_refer_to_themselves_and_have_any_name(self) -> None:
        step = Step(name="a", after=Step(name="b"))
        own = validator(documents([*EVENT_TYPES.values(), Step])["events.json"])
        own.validate(copy_of(step))
        wrong = {**copy_of(step), "data": {"name": "a", "after": {"name": 1, "after": None}}}
        with pytest.raises(ValidationError):
            own.validate(wrong)

    def test_two_types_that_differ_in_signs_only_are_two(self) -> None:
        other = type("Other", (Step,), {"type": "deploy? step 1"})
        document = documents([Step, other])["events.json"]
        assert len({each["$ref"] for each in document["oneOf"]}) == 2
        assert len(documents([Step, other])["asyncapi.json"]["components"]["messages"]) == (
            len(documents([Step])["asyncapi.json"]["components"]["messages"]) + 2
        )


class TestAsyncApi:
    def test_has_every_command_in_both_protocols(self) -> None:
        unused: Any = None
        commands = Commands(
            connections=unused,
            memberships=unused,
            tokens=unused,
            replay=unused,
            teller=unused,
            presence=unused,
            max_rooms_per_connection=0,
        )
        assert sorted(frames.COMMANDS) == sorted(commands.names)
        operations = DOCUMENTS["asyncapi.json"]["operations"]
        for protocol in ("json", "socketio"):
            for name in commands.names:
                operation = operations[f"{protocol}.{name.replace(':', '_')}"]
                assert operation["action"] == "receive"
                assert len(operation["reply"]["messages"]) == 2

    @pytest.mark.parametrize("protocol", ["json", "socketio"])
    def test_has_every_event(self, protocol: str) -> None:
        document = DOCUMENTS["asyncapi.json"]
        sent = document["operations"][f"{protocol}.events"]["messages"]
        keys = [each["$ref"].rpartition("/")[2] for each in sent]
        names = [document["components"]["messages"][key]["name"] for key in keys]
        types = list(EVENT_TYPES)
        if protocol == "socketio":
            types = [re.sub(r"^connection\.", "connection_", name) for name in types]
        assert names == types

    @pytest.mark.parametrize("name", FILES)
    def test_every_reference_leads_somewhere(self, name: str) -> None:
        text = written(DOCUMENTS[name])
        references = set(re.findall(r'"\$ref": "#/([^"]+)"', text))
        assert references or name == "openapi.json"
        for reference in references:
            found: Any = DOCUMENTS[name]
            for part in reference.split("/"):
                found = found[part]

    def test_envelope_has_the_fields_of_the_types_for_typescript(self) -> None:
        text = (ROOT / "src/roomcast/typescript_frame.ts").read_text()
        interface = text[text.index("interface Envelope") : text.index("\n}\n")]
        fields = re.findall(r"^  readonly (\w+)(\?)?:", interface, re.MULTILINE)
        required = {name for name, optional in fields if not optional}
        assert {name for name, _ in fields} == set(frames.Envelope.model_fields)
        model = frames.Envelope.model_fields.items()
        assert required == {name for name, field in model if field.is_required()}


class TestOpenApi:
    def test_is_one(self) -> None:
        validate(DOCUMENTS["openapi.json"])
