"""The version of an object in a delivery: of two versions, the one that sorts higher is newer.

GitHub sends deliveries in no order, and again when a person asks for it. Its times have whole
seconds, so two changes can have one: an object that is closed or was reopened then sorts higher
than one that is open. Equal versions count as they come. After `reopened`, what is open in that
second is as new: a bot that reopens and labels at once is not late (`kept`).

    pull request, issue   updated_at, then 1 open, 2 closed or reopened
    issue that is gone    the end of time: no delivery of it comes after
    workflow run          run_attempt, then 0 requested, 1 in progress, 2 completed, then updated_at
"""

from datetime import datetime
from typing import Final

from roomcast.envelope import timestamp

LAST: Final = "9999-12-31T23:59:59.999Z 3"
"""The version of an object that was deleted or went to another repository."""

MAX_ATTEMPT: Final = 999_999

_RUN_STEPS: Final = {"requested": 0, "in_progress": 1, "completed": 2}


def of_object(updated_at: datetime, *, action: str, is_closed: bool) -> str:
    """Return the version of a pull request or an issue."""
    return f"{timestamp(updated_at)} {2 if is_closed or action == 'reopened' else 1}"


def kept(version: str, *, action: str) -> str:
    """Return what is kept of a published version: below it a delivery is late."""
    return f"{version[:-1]}1" if action == "reopened" else version


def of_run(updated_at: datetime | None, *, attempt: int, action: str) -> str:
    """Return the version of a workflow run; a re-run is a higher `attempt`."""
    moment = timestamp(updated_at) if updated_at else ""
    return f"{attempt:06d} {_RUN_STEPS.get(action, 0)} {moment}"
