"""One coroutine for each type of event that can be published, named as call sites know them."""

from roomcast.broadcasts.agent import AgentBroadcasts
from roomcast.broadcasts.ai import AiBroadcasts
from roomcast.broadcasts.issue import IssueBroadcasts
from roomcast.broadcasts.project import ProjectBroadcasts
from roomcast.broadcasts.pull_request import PullRequestBroadcasts
from roomcast.broadcasts.workflow import WorkflowBroadcasts


class AllBroadcasts(
    ProjectBroadcasts,
    AgentBroadcasts,
    WorkflowBroadcasts,
    PullRequestBroadcasts,
    IssueBroadcasts,
    AiBroadcasts,
):
    """Every announcement: makes an event of its arguments and publishes it.

    Each coroutine returns whether the event was accepted; each raises `InvalidEvent`, which names
    the fields, and `EventTooLarge`. The values that a status, category or severity can have are
    the `Literal`s in the modules of `roomcast.events`.
    """


__all__ = ["AllBroadcasts"]
