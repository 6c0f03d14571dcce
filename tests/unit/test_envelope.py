"""The envelope: how events are written, read back and measured."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest

from roomcast.envelope import (
    FRAMING_BYTES,
    MAX_FRAME_BYTES,
    Envelope,
    InvalidEnvelope,
    encode,
    escape_for_sqs,
    new_id,
    timestamp,
)
from roomcast.errors import EventTooLarge

ENVELOPE = Envelope(
    id="0197b8a0-0000-7000-8000-000000000000",
    type="project.deleted",
    timestamp="2025-01-31T12:00:00.000Z",
    source="project_service",
    rooms=("project:1", "user:2"),
    data={"project_id": "1", "deleted_by": "2"},
)


class TestNewId:
    def test_ids_sort_by_time_and_are_version_7(self) -> None:
        ids = [new_id() for _ in range(100)]
        assert ids == sorted(ids)
        assert len(set(ids)) == len(ids)
        assert {text[14] for text in ids} == {"7"}


class TestTimestamp:
    @pytest.mark.parametrize(
        ("moment", "text"),
        [
            (datetime(2025, 1, 31, 12, tzinfo=UTC), "2025-01-31T12:00:00.000Z"),
            (datetime(2025, 1, 31, 12), "2025-01-31T12:00:00.000Z"),
            (
                datetime(2025, 1, 31, 12, 0, 0, 5999, tzinfo=timezone(timedelta(hours=2))),
                "2025-01-31T10:00:00.005Z",
            ),
        ],
    )
    def test_is_utc_with_milliseconds(self, moment: datetime, text: str) -> None:
        assert timestamp(moment) == text

    def test_default_is_now(self) -> None:
        before = datetime.now(UTC)
        told = datetime.fromisoformat(timestamp())
        a_millisecond = timedelta(milliseconds=1)  # what lies below it is cut off
        assert before - a_millisecond < told <= datetime.now(UTC)


class TestEncode:
    def test_is_compact_and_keeps_unicode(self) -> None:
        assert encode({"a": ["é", 1, 1.5, None]}) == '{"a":["é",1,1.5,null]}'

    def test_escapes_what_sqs_does_not_take(self) -> None:
        assert encode({"\ufffe": "é\uffff"}) == '{"\\ufffe":"é\\uffff"}'

    @pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
    def test_refuses_what_json_has_no_word_for(self, number: float) -> None:
        with pytest.raises(ValueError, match="JSON"):
            encode(number)


class TestEscapeForSqs:
    @pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
    def test_character_that_sqs_does_not_take(self, character: str) -> None:
        escaped = escape_for_sqs(f'{{"a":"{character}"}}')
        assert escaped == f'{{"a":"\\u{ord(character):04x}"}}'
        assert json.loads(escaped) == {"a": character}

    def test_others_stay(self) -> None:
        text = "\t\n\r ~é\u2028\ud7ff\ue000\ufffd\U00010000\U0010ffff"
        assert escape_for_sqs(text) == text


class TestDetail:
    def test_reads_what_it_wrote(self) -> None:
        assert Envelope.from_detail(ENVELOPE.to_detail()) == ENVELOPE

    def test_room_of_a_copy_replaces_the_rooms(self) -> None:
        copy = ENVELOPE.for_room("user:2")
        assert copy == {
            "id": ENVELOPE.id,
            "type": "project.deleted",
            "timestamp": "2025-01-31T12:00:00.000Z",
            "source": "project_service",
            "room": "user:2",
            "data": {"project_id": "1", "deleted_by": "2"},
        }

    def test_rooms_are_named_once(self) -> None:
        detail = ENVELOPE.to_detail() | {"rooms": ["global", "user:1", "global"]}
        assert Envelope.from_detail(detail).rooms == ("global", "user:1")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *product(("id", "type", "timestamp", "source"), ("", 1, None)),
            *product(("data",), (None, [], "x")),
            *product(("rooms",), (None, [], "global", ["nowhere"], [1])),
        ],
    )
    def test_bad_field_is_named(self, field: str, value: Any) -> None:
        with pytest.raises(InvalidEnvelope, match=f"^{field}: "):
            Envelope.from_detail(ENVELOPE.to_detail() | {field: value})

    @pytest.mark.parametrize("field", ["id", "type", "timestamp", "source", "data", "rooms"])
    def test_missing_field_is_named(self, field: str) -> None:
        detail = ENVELOPE.to_detail()
        del detail[field]
        with pytest.raises(InvalidEnvelope, match=f"^{field}: "):
            Envelope.from_detail(detail)


class TestCheckSize:
    def padded(self, size: int) -> Envelope:
        """Return an envelope whose longest copy has `size` bytes."""
        empty = replace(ENVELOPE, data={"text": ""})
        used = len(encode(empty.for_room("project:1")))
        return replace(ENVELOPE, data={"text": "x" * (size - used)})

    def test_exact_limit_fits(self) -> None:
        self.padded(MAX_FRAME_BYTES - FRAMING_BYTES).check_size()

    def test_one_byte_more_does_not(self) -> None:
        with pytest.raises(EventTooLarge) as refused:
            self.padded(MAX_FRAME_BYTES - FRAMING_BYTES + 1).check_size()
        assert (refused.value.size, refused.value.limit) == (MAX_FRAME_BYTES + 1, MAX_FRAME_BYTES)
        assert "project.deleted" in str(refused.value)

    def test_counts_bytes_not_characters(self) -> None:
        half = (MAX_FRAME_BYTES - FRAMING_BYTES) // 2
        with pytest.raises(EventTooLarge):
            replace(ENVELOPE, data={"text": "é" * half}).check_size()
