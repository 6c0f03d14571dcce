"""What `roomcast demo` publishes: agents take issues, run workflows and open pull requests.

An agent's work on one issue, one round after the other:

    issue.created               somebody reports it
    issue.updated               the agent takes it, and is busy
    workflow.started
    workflow.progress           some rounds for each step
    workflow.completed          or workflow.failed, and the issue is blocked
    pr.created, ai.suggestion
    pr.closed, issue.closed     and the agent is free again

It decides only: chance is an argument, and time is the caller's. Ids repeat, so that the state of
a room stays as small as it is, however long the demo runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Final, Literal

from roomcast.events import (
    AgentStatusChanged,
    AiAnalysisComplete,
    AiSuggestion,
    Event,
    IssueClosed,
    IssueCreated,
    IssueUpdated,
    ProjectUpdated,
    PullRequestClosed,
    PullRequestCreated,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowProgress,
    WorkflowStarted,
)

Round = list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An issue, and what the AI says of the change that settles it."""

    slug: str
    title: str
    priority: Literal["low", "medium", "high", "critical"]
    category: Literal["optimization", "refactor", "bug_fix", "security", "performance"]
    severity: Literal["info", "warning", "critical"]
    finding: str
    advice: str


TASKS: Final = (
    Task(
        slug="login-loop",
        title="Login loops when the session has expired",
        priority="high",
        category="bug_fix",
        severity="warning",
        finding="The redirect after a login drops the query",
        advice="Keep the query of the page that asked for the login.",
    ),
    Task(
        slug="slow-search",
        title="Search takes seconds with many labels",
        priority="medium",
        category="performance",
        severity="info",
        finding="Labels are read one by one",
        advice="Read the labels of a page with one query.",
    ),
    Task(
        slug="token-in-log",
        title="Access tokens are written to the log",
        priority="critical",
        category="security",
        severity="critical",
        finding="Headers are logged as they came",
        advice="Leave Authorization and Cookie out of what is logged.",
    ),
    Task(
        slug="flaky-upload",
        title="The upload test fails now and then",
        priority="low",
        category="refactor",
        severity="info",
        finding="The test waits for a fixed time",
        advice="Wait for the event that the upload is done.",
    ),
    Task(
        slug="export-memory",
        title="Export needs all rows in memory",
        priority="medium",
        category="optimization",
        severity="warning",
        finding="The rows are collected before the first is written",
        advice="Write each row as it is read.",
    ),
)

STEPS: Final = (
    ("Check out", "fetched 1 branch, 14 commits"),
    ("Install", "resolved 212 packages"),
    ("Reproduce", "1 test fails, as reported"),
    ("Change", "edited 3 files, +41 -12"),
    ("Test", "318 tests passed"),
    ("Review", "no finding is left open"),
)
"""A workflow's steps, each with the last line of its log."""

AGENTS: Final = ("Ada", "Grace", "Linus")
PROJECT_NAMES: Final = ("Atlas", "Zeus", "Hermes", "Juno")
ROUNDS_OF_A_STEP: Final = 3
SECONDS_OF_A_ROUND: Final = 2
FAILS: Final = 0.15
"""How often a workflow fails."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project by its id and its name; the ids of what belongs to it alone begin with `key`."""

    id: str
    name: str

    @property
    def key(self) -> str:
        """The name as a part of an id."""
        return self.name.lower().replace(" ", "-")


class Demo:
    """The rounds of the demo for some projects; each round has the events of one moment."""

    def __init__(self, projects: Sequence[str], random: Random) -> None:
        self._projects = [Project(each, _name(number)) for number, each in enumerate(projects)]
        self._random = random
        self._turns = count()
        self._taken: set[tuple[Project, Task]] = set()

    def opening(self) -> Round:
        """Return what is there from the start: the projects, and the agents without work."""
        projects: Round = [
            ProjectUpdated(
                project_id=project.id,
                project_name=project.name,
                status="active",
                repository_url=f"https://github.com/roomcast/{project.key}",
                updated_by="demo",
            )
            for project in self._projects
        ]
        return projects + [_agent(name, "idle", 100) for name in AGENTS]

    def rounds(self) -> Iterator[Round]:
        """Yield a round after the other, without an end; the agents take turns in a round."""
        lives = [self._life(number) for number in range(len(AGENTS))]
        while True:
            for life in lives:
                yield next(life)

    def _life(self, number: int) -> Iterator[Round]:
        """Yield the rounds of an agent: one task of one project after the other."""
        yield from ([] for _ in range(2 * number))  # they do not begin at the same time
        while True:
            project, task = self._take()
            fails = self._random.random() < FAILS
            yield from self._work(AGENTS[number], project, task, fails=fails)
            self._taken.remove((project, task))
            yield from ([] for _ in range(self._random.randint(1, 3)))

    def _take(self) -> tuple[Project, Task]:
        """Return the next task that nobody works on: there are more of them than agents."""
        while True:
            turn = next(self._turns)
            projects = len(self._projects)
            taken = (self._projects[turn % projects], TASKS[turn // projects % len(TASKS)])
            if taken not in self._taken:
                self._taken.add(taken)
                return taken

    def _work(self, agent: str, project: Project, task: Task, *, fails: bool) -> Iterator[Round]:
        issue = {
            "issue_id": f"{project.key}-issue-{task.slug}",
            "project_id": project.id,
            "title": task.title,
            "priority": task.priority,
        }
        user = agent.lower()
        yield [IssueCreated(**issue, status="open", assigned_to=None)]
        yield [
            IssueUpdated(**issue, status="in_progress", assigned_to=user),
            _agent(agent, "busy", self._random.randint(5, 40)),
        ]
        yield from self._workflow(project, task, fails=fails)
        if fails:
            yield [
                IssueUpdated(**issue, status="blocked", assigned_to=user),
                _agent(agent, "error", 0),
            ]
        else:
            yield from self._pull_request(agent, project, task)
            yield [IssueClosed(**issue, status="closed", assigned_to=user)]
        yield [_agent(agent, "idle", 100)]

    def _workflow(self, project: Project, task: Task, *, fails: bool) -> Iterator[Round]:
        steps = len(STEPS)
        run = {
            "workflow_id": f"{project.key}-fix-{task.slug}",
            "project_id": project.id,
            "total_steps": steps,
        }
        yield [WorkflowStarted(**run, status="running")]
        rounds = steps * ROUNDS_OF_A_STEP
        fails_at = self._random.randrange(ROUNDS_OF_A_STEP, rounds) if fails else rounds
        log: list[str] = []
        for done in range(fails_at):
            step, line = STEPS[done // ROUNDS_OF_A_STEP]
            if done % ROUNDS_OF_A_STEP == 0:
                log.append(f"{step} …")
            elif (done + 1) % ROUNDS_OF_A_STEP == 0:
                log.append(f"{step}: {line}")
            left = (rounds - done - 1) * len(AGENTS) * SECONDS_OF_A_ROUND
            yield [
                WorkflowProgress(
                    **run,
                    status="running",
                    progress=round(100 * (done + 1) / (rounds + 1)),
                    current_step=step,
                    estimated_time_remaining=left,
                    logs=log[-4:],
                )
            ]
        if fails:
            step = STEPS[fails_at // ROUNDS_OF_A_STEP][0]
            failed = {"status": "failed", "progress": round(100 * fails_at / rounds)}
            yield [WorkflowFailed(**run, **failed, errors=[f"{step}: timed out after 10 min"])]
        else:
            yield [WorkflowCompleted(**run, status="completed", progress=100, logs=log[-2:])]

    def _pull_request(self, agent: str, project: Project, task: Task) -> Iterator[Round]:
        number = TASKS.index(task) + 1
        pull_request = {
            "pr_id": f"{project.key}-pr-{task.slug}",
            "project_id": project.id,
            "title": f"Fix: {task.title[0].lower()}{task.title[1:]}",
            "author": agent.lower(),
            "branch": f"fix/{task.slug}",
            "github_url": f"https://github.com/roomcast/{project.key}/pull/{number}",
        }
        yield [PullRequestCreated(**pull_request, status="open")]
        about = {
            "target_type": "pr",
            "target_id": pull_request["pr_id"],
            "project_id": project.id,
        }
        suggestion = AiSuggestion(
            **about,
            suggestion_id=f"{project.key}-suggestion-{task.slug}",
            category=task.category,
            title=task.finding,
            description=f"Seen in the changes of fix/{task.slug}.",
            severity=task.severity,
            confidence=round(self._random.uniform(0.6, 0.98), 2),
            suggested_action=task.advice,
        )
        analysis_id = f"{project.key}-analysis-{task.slug}"
        yield [
            suggestion,
            AiAnalysisComplete(**about, analysis_id=analysis_id, suggestion_count=1),
        ]
        yield []
        yield [PullRequestClosed(**pull_request, status="merged")]


def _name(number: int) -> str:
    again, name = divmod(number, len(PROJECT_NAMES))
    return PROJECT_NAMES[name] + (f" {again + 1}" if again else "")


def _agent(name: str, status: Literal["idle", "busy", "error"], availability: int) -> Event:
    return AgentStatusChanged(
        agent_id=name.lower(), agent_name=name, status=status, availability=availability
    )
