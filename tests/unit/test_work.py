import json
import math
import re
from dataclasses import replace
from typing import Any

import pytest

from roomcast.envelope import Envelope, InvalidEnvelope
from roomcast_backend.fanout.work import (
    MAX_REQUEUES,
    MEMBERS_PER_MESSAGE,
    Work,
    page_of_shard,
    requeued,
    whole_event,
)

EVENT = Envelope("1", "t", "2026-01-01T00:00:00Z", "s", ("agent:a", "global"), {"x": "é"})

TAKEN_BY_SQS = re.compile(r"[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")

SURROGATES = 0xD800

NO_NUMBERS: tuple[Any, ...] = (None, True, "1", 1.5, -1, [1], {})

WRONG: dict[str, tuple[Any, ...]] = {
    "started": (None, False, "now", -1, math.nan, math.inf, 10**400),
    "room": (*NO_NUMBERS, len(EVENT.rooms)),
    "shard": (*NO_NUMBERS, 256),
    "attempt": NO_NUMBERS,
    "after": (0, "", [], "\ud800", "x" * 1025),
    "only": (None, "c1", {"c1": 1}, [1], [""], ["\ud800"], [["c1"]]),
    "detail": (None, [], "{}"),
}
"""Fields beside the event, and the event itself, as no version of the service writes them."""


class TestWork:
    def test_survives_the_queue(self) -> None:
        work = Work(EVENT, 1.5, 1, 3).continue_after("c7").retry(("c1", "c2"))
        assert Work.from_message(work.to_message()) == work

    @pytest.mark.parametrize(
        "text", ["\ufffe", "a\uffffb", "\x00\x08\x0b\x1f", "\t\n\r é 日本 😀 \u2028"]
    )
    def test_is_written_in_characters_that_sqs_takes(self, text: str) -> None:
        work = Work(replace(EVENT, data={text: [text]}, type=f"t{text}"[:2]), 1.5, 1, 3)
        message = work.to_message()
        assert TAKEN_BY_SQS.fullmatch(message)
        assert json.loads(message)["detail"]["data"] == {text: [text]}

    def test_survives_the_queue_with_every_character(self) -> None:
        for start in range(0, 0x11000, 0x800):
            text = "".join(map(chr, range(start, start + 0x800)))
            if start != SURROGATES:
                work = Work(replace(EVENT, data={"text": text}), 1.5, 1, 3)
                assert TAKEN_BY_SQS.fullmatch(work.to_message())
                assert Work.from_message(work.to_message()) == work

    def test_a_message_in_other_words_is_no_work(self) -> None:
        message = Work(replace(EVENT, type="disconnect"), 1.5, 1, 3).to_message()
        with pytest.raises(InvalidEnvelope, match="type"):
            Work.from_message(message)

    @pytest.mark.parametrize(
        ("field", "value"), [(field, value) for field in WRONG for value in WRONG[field]]
    )
    def test_a_message_that_can_never_be_done_names_its_field(self, field: str, value: Any) -> None:
        message = json.loads(Work(EVENT, 1.5, 1, 3).to_message())
        with pytest.raises(InvalidEnvelope, match=f"^{field}: expected "):
            Work.from_message(json.dumps({**message, field: value}))

    @pytest.mark.parametrize("field", ["detail", "started", "room", "shard", "only", "attempt"])
    def test_a_message_without_a_field(self, field: str) -> None:
        message = json.loads(Work(EVENT, 1.5, 1, 3).to_message())
        del message[field]
        with pytest.raises(InvalidEnvelope, match=f"^{field}: expected "):
            Work.from_message(json.dumps(message))

    @pytest.mark.parametrize("text", ["", "{", "null", "[]", '"x"', "1", "[" * 100_000])
    def test_a_message_that_is_no_object(self, text: str) -> None:
        with pytest.raises(InvalidEnvelope, match="^message: expected "):
            Work.from_message(text)

    @pytest.mark.parametrize(
        "seqs", [None, [], {"agent:a": 0}, {"agent:a": True}, {"agent:a": "1"}]
    )
    def test_positions_that_are_none(self, seqs: object) -> None:
        message = json.loads(Work(EVENT, 1.5, 0, 0).to_message())
        message["detail"]["seqs"] = seqs
        with pytest.raises(InvalidEnvelope, match="^seqs: expected "):
            Work.from_message(json.dumps(message))

    def test_fields_of_a_newer_version_are_ignored(self) -> None:
        work = Work(EVENT, 1.5, 0, 0, only=("c1",))
        message = {**json.loads(work.to_message()), "priority": 1}
        assert Work.from_message(json.dumps(message)) == work

    def test_a_member_that_is_named_twice_is_one(self) -> None:
        """DynamoDB refuses to read a key twice in one batch."""
        message = Work(EVENT, 1.5, 0, 0, only=("c1", "c2", "c1")).to_message()
        assert Work.from_message(message).only == ("c1", "c2")

    def test_lone_surrogates_are_escaped(self) -> None:
        message = Work(replace(EVENT, data={"a": "\ud800"}), 1.5, 1, 3).to_message()
        assert TAKEN_BY_SQS.fullmatch(message)

    def test_keeps_the_positions_and_the_order(self) -> None:
        placed = replace(EVENT, seqs={"agent:a": 7, "global": 9}, publisher="p", number=3)
        work = Work(placed, 1.5, 1, 3)
        assert Work.from_message(work.to_message()) == work

    def test_a_message_of_a_version_without_positions(self) -> None:
        message = json.loads(Work(EVENT, 1.5, 0, 0).to_message())
        del message["detail"]["seqs"]
        read = Work.from_message(json.dumps(message))
        assert "seq" not in read.envelope.for_room("global")

    def test_an_older_version_reads_a_message(self) -> None:
        """It knows the same fields beside `detail`, and ignores what it does not know in that."""
        message = json.loads(Work(EVENT, 1.5, 0, 0).to_message())
        fields = {"detail", "started", "room", "shard", "after", "only", "attempt"}
        assert set(message) == fields

    def test_retry_counts_attempts_up_to_the_last(self) -> None:
        work = Work(EVENT, 1.5, 0, 0)
        for _ in range(MAX_REQUEUES):
            assert not work.is_last_attempt
            work = work.retry(("c1",))
        assert work.is_last_attempt

    def test_whole_event_is_every_shard_in_the_rooms_order(self) -> None:
        works = whole_event(EVENT, {"agent:a": range(1), "global": range(3)}, started=1.0)
        assert [(work.room_name, work.shard) for work in works] == [
            ("agent:a", 0),
            ("global", 0),
            ("global", 1),
            ("global", 2),
        ]

    def test_a_page_is_shared_by_the_shards_and_never_empty(self) -> None:
        assert [page_of_shard(1000, shards) for shards in (1, 16, 2000)] == [1000, 62, 1]

    def test_members_that_were_not_reached_are_named_in_messages_of_bounded_size(self) -> None:
        ids = [str(number) for number in range(MEMBERS_PER_MESSAGE + 1)]
        works = list(requeued(Work(EVENT, 1.5, 0, 3, after="c7"), ids))
        assert [len(work.only) for work in works] == [MEMBERS_PER_MESSAGE, 1]
        assert [name for work in works for name in work.only] == ids
        assert {(work.shard, work.after, work.attempt) for work in works} == {(3, None, 1)}
