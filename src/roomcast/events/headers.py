"""The fields of an envelope, beside `data`, that a publisher may choose."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from roomcast.envelope import new_id
from roomcast.events.fields import EventId, Moment, Text, now

_LONGEST_SOURCE = 256


def _source(name: str) -> str:
    # EventBridge keeps names that begin with `aws.` for AWS itself:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    if not 1 <= len(name) <= _LONGEST_SOURCE or name.startswith("aws."):
        raise ValueError("expected a name of 1 to 256 characters that does not begin with aws.")
    return name


class Headers(BaseModel):
    """The id, timestamp and source of one event; id and timestamp have defaults."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: EventId = Field(default_factory=new_id)
    timestamp: Moment = Field(default_factory=now)
    source: Annotated[Text, AfterValidator(_source)]
