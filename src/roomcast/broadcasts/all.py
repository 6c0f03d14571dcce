"""All coroutines that publish, one for each event type, in one class."""

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
    """One coroutine for each event type: makes the event from its arguments and publishes it.

    Each coroutine returns `True` when the bus accepted the event, and `False` for a transport
    fault, which is logged. It raises `InvalidEvent`, which names the fields, or `EventTooLarge`
    before anything is sent. A status, priority,
    category or severity is one of the values in its annotation, or an enum member with that value;
    what a type checker cannot know is checked when the event is made.
    """


__all__ = ["AllBroadcasts"]
