"""The events that the service writes without their models are what the models say."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from roomcast.envelope import Envelope
from roomcast.events.base import Event
from roomcast.events.connection import ConnectionErrored, ConnectionEstablished
from roomcast_backend.lifecycle import system_events
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import Connection, State, session_id
from roomcast_backend.protocol.messages import Code

ADA = Principal("6f1c0f9e-0000-4000-8000-000000000001", expires_at=2**31)


def established(connection_id: str) -> Envelope:
    connection = Connection(connection_id, "json", State.READY, 0, ADA)
    return system_events.established(connection, left={"acme!global": "agent:a"})


def error(connection_id: str) -> Envelope:
    return system_events.error(connection_id, Code.AUTH_FAILED, "the token has expired")


Writer: TypeAlias = Callable[[str], Envelope]

EVENTS: list[tuple[Writer, type[Event]]] = [
    (established, ConnectionEstablished),
    (error, ConnectionErrored),
]


@pytest.mark.parametrize(("write", "model"), EVENTS)
class TestModel:
    def test_every_field_and_no_other(self, write: Writer, model: type[Event]) -> None:
        assert write("c1").data.keys() == model.model_fields.keys()

    def test_values_are_valid_and_stay_as_they_are(self, write: Writer, model: type[Event]) -> None:
        data = write("c1").data
        assert model(**data).data() == data

    def test_type_and_source(self, write: Writer, model: type[Event]) -> None:
        envelope = write("c1")
        assert envelope.type == model.type
        assert envelope.source == model.default_source

    def test_id_and_timestamp(self, write: Writer, model: type[Event]) -> None:
        written = write("c1")
        modelled = model(**written.data).to_envelope(written.id, written.timestamp)
        assert (written.id, written.timestamp) == (modelled.id, modelled.timestamp)

    def test_of_a_session_the_connection_is_named(self, write: Writer, model: type[Event]) -> None:
        del model
        envelope = write(session_id("c1", "/ws"))
        assert envelope.data["connection_id"] == "c1"
        assert envelope.rooms == ("connection:c1",)


class TestDefaults:
    def test_the_version_is_that_of_the_model(self) -> None:
        without = {"connection_id": "c1", "user_id": ADA.user_id}
        connection = Connection("c1", "json", State.READY, 0, ADA)
        assert system_events.established(connection).data == ConnectionEstablished(**without).data()

    def test_what_is_left_is_named_by_public_names(self) -> None:
        assert established("c1").data["next"] == {"global": "agent:a"}
