"""The required fields of every type of event, with values that are good."""

from typing import Any, Final

_PULL_REQUEST = {"pr_id": "r1", "project_id": "p1", "title": "Fix it", "status": "open"}
_ISSUE = {"issue_id": "i1", "project_id": "p1", "title": "It breaks", "status": "open"}
_AGENT = {"agent_id": "a1", "agent_name": "Builder"}
_ENDED = {"workflow_id": "w1", "progress": 60, "total_steps": 5}

PAYLOADS: Final[dict[str, dict[str, Any]]] = {
    "project.updated": {
        "project_id": "p1",
        "project_name": "Parser",
        "repository_url": "https://github.com/acme/parser",
        "status": "active",
        "updated_by": "u1",
    },
    "project.deleted": {"project_id": "p1", "deleted_by": "u1"},
    "agent.status_changed": {**_AGENT, "status": "busy"},
    "agent.connected": _AGENT,
    "agent.disconnected": _AGENT,
    "workflow.started": {"workflow_id": "w1", "status": "running", "total_steps": 5},
    "workflow.progress": {
        "workflow_id": "w1",
        "status": "running",
        "progress": 40,
        "current_step": "test",
        "total_steps": 5,
    },
    "workflow.completed": {**_ENDED, "status": "completed"},
    "workflow.failed": {**_ENDED, "status": "failed"},
    "pr.created": {
        **_PULL_REQUEST,
        "author": "octocat",
        "branch": "fix",
        "github_url": "https://github.com/acme/parser/pull/1",
    },
    "pr.updated": _PULL_REQUEST,
    "pr.closed": {**_PULL_REQUEST, "status": "merged"},
    "issue.created": _ISSUE,
    "issue.updated": _ISSUE,
    "issue.closed": {**_ISSUE, "status": "closed"},
    "ai.suggestion": {
        "suggestion_id": "s1",
        "target_type": "pr",
        "target_id": "r1",
        "category": "security",
        "title": "Token in a log",
        "description": "It is written in full.",
    },
    "ai.analysis_complete": {
        "analysis_id": "n1",
        "target_type": "code",
        "target_id": "c1",
        "suggestion_count": 3,
    },
    "connection.established": {"connection_id": "abc=", "user_id": "u1"},
    "connection.error": {"error_code": "AUTH_FAILED", "error_message": "The token has expired."},
    "presence.joined": {"user_ids": ["ada"], "count": 1},
    "presence.left": {"user_ids": ["ada"], "count": 1},
}
