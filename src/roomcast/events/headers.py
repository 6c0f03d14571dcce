"""What stands beside `data` in an envelope, as far as a publisher may choose it."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from roomcast.envelope import new_id
from roomcast.events.fields import Id, Moment, Text, now

_LONGEST_SOURCE = 256


def _source(name: str) -> str:
    # EventBridge keeps names that begin with `aws.` for AWS itself:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    if not 1 <= len(name) <= _LONGEST_SOURCE or name.startswith("aws."):
        raise ValueError("expected a name of 1 to 256 characters that does not begin with aws.")
    return name


class Headers(BaseModel):
    """The id, time and source of one event; `None` is the default of each but the source."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: Id = Field(default_factory=new_id)
    timestamp: Moment = Field(default_factory=now)
    source: Annotated[Text, AfterValidator(_source)]
