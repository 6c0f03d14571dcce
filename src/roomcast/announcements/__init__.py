"""One coroutine for each type of event that can be published, named as call sites know them."""

from roomcast.announcements.agent import AgentAnnouncements
from roomcast.announcements.ai import AiAnnouncements
from roomcast.announcements.issue import IssueAnnouncements
from roomcast.announcements.project import ProjectAnnouncements
from roomcast.announcements.pull_request import PullRequestAnnouncements
from roomcast.announcements.workflow import WorkflowAnnouncements


class Announcements(
    ProjectAnnouncements,
    AgentAnnouncements,
    WorkflowAnnouncements,
    PullRequestAnnouncements,
    IssueAnnouncements,
    AiAnnouncements,
):
    """Every announcement: makes an event of its arguments and publishes it.

    Each coroutine returns whether the event was accepted; each raises `InvalidEvent`, which names
    the fields, and `EventTooLarge`. The values that a status, category or severity can have are
    the `Literal`s in the modules of `roomcast.events`.
    """


__all__ = ["Announcements"]
