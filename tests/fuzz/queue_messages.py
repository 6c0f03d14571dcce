"""The queue of fan-outs: an event in a message is checked again, as an entry of the bus is."""

import json

from roomcast.envelope import Envelope, InvalidEnvelope, encode, escape_for_sqs
from roomcast_backend.fanout.work import Work
from tests.fuzz.mutations import Mutator

EVENT = Envelope(
    "019a7c3e-5d1f-7cc3-8b5e-3f0d9a2b6c71",
    "project.updated",
    "2026-11-22T19:30:00.123Z",
    "project_service",
    ("project:p1", "user:ada"),
    {"changes": {"name": ["a", 1, None]}},
    publisher="0a1b2c3d4e5f",
    number=17,
    seqs={"project:p1": 7},
)
EVENT_ONLY = 0.5
"""The part of messages in which only the event is wrong."""

WORK = Work(EVENT, 1.5, 1, 3).continue_after("c7")


def queue_message(mutator: Mutator) -> str:
    """Return a message of the queue that is almost right, or whose event is."""
    message = json.loads(WORK.to_message())
    if mutator.random.random() < EVENT_ONLY:
        return json.dumps({**message, "detail": mutator.value(message["detail"])})
    return json.dumps(mutator.value(message))


def read_message(message: str) -> None:
    """A message is refused as documented, or read; what is read is written and done the same."""
    try:
        work = Work.from_message(message)
    except InvalidEnvelope:
        return
    again = work.to_message()
    assert again == escape_for_sqs(encode(json.loads(again)))
    assert Work.from_message(again) == work
    assert work.room_name in work.envelope.rooms
    assert work.name
    encode(work.envelope.for_room(work.room_name))
