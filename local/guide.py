"""What `make dev` and `make up` print at their end: the addresses, and lines to paste."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Final

from local import traffic
from local.endpoints import Endpoints
from local.settings import ROOT, Settings

_DEFAULT_FILE: Final = Path(".local/endpoints.json")
"""Where the command line looks without being told."""

_TEXT: Final = """
  Site       {site_url}
  WebSocket  {websocket_url}    Socket.IO  io("{socketio_url}")
  Webhooks   {webhook_url}
  Stats      {stats_url} (for the admin token)
  AWS        {aws_endpoint_url} (MiniStack; region {region}, key and secret: test)
  More       {endpoints_file}: tokens, secrets and the rest; {logs}: the logs

  Open the dashboard, signed in as an administrator for 30 days:
{site_link}

  A token of somebody else, for every project:
{demo_token}

  Watch the demo project in a second terminal:
{chosen}.venv/bin/roomcast tail project:{demo_project_id}

  Publish an event to it in a third:
{chosen}.venv/bin/roomcast publish issue.created issue_id=1 project_id={demo_project_id} \\
  title=Hello status=open

  Or send a GitHub webhook of {demo_repository}, which is linked to it:
curl -i {webhook_url} --data-binary @{webhook_file} -H "X-GitHub-Event: issues" \\
  -H "X-GitHub-Delivery: $(date +%s)" -H "Content-Type: application/json" \\
  -H "X-Hub-Signature-256: sha256={signature}"

  A publisher of your own needs, in its environment:
export ROOMCAST_EVENT_BUS={event_bus_name} ROOMCAST_DATA_BUCKET={data_bucket} \\
{kinds}  AWS_ENDPOINT_URL={aws_endpoint_url} \\
  AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
"""


def text(settings: Settings, endpoints: Endpoints) -> str:
    """Return the text; the webhook in it is written to a file beside `endpoints.json`."""
    webhook = settings.directory / "webhook.json"
    webhook.write_text(_issue_opened(endpoints["demo_repository"]))
    file = _shown(settings.endpoints_file)
    return _TEXT.format(
        **endpoints,
        site_link=traffic.link(endpoints),
        kinds=_kinds(endpoints["room_kinds"]),
        endpoints_file=file,
        chosen="" if file == _DEFAULT_FILE else f"ROOMCAST_ENDPOINTS={file} ",
        logs=_shown(settings.directory / "*.log"),
        webhook_file=_shown(webhook),
        signature=_signature(endpoints["github_webhook_secret"], webhook.read_bytes()),
    )


def _kinds(room_kinds: str) -> str:
    """Return the line of the variable with the kinds of rooms, where the deployment adds some."""
    return f"  ROOMCAST_ROOM_KINDS='{room_kinds}' \\\n" if room_kinds else ""


def _issue_opened(repository: str) -> str:
    """The parts of GitHub's `issues` webhook that the service reads."""
    issue = {
        "url": f"https://api.github.com/repos/{repository}/issues/1",
        "title": "Try Roomcast",
        "body": "This event came through a webhook.",
        "state": "open",
        "labels": [{"name": "priority: high"}],
        "assignees": [],
        "updated_at": "2026-01-01T12:00:00Z",
    }
    webhook = {"action": "opened", "issue": issue, "repository": {"full_name": repository}}
    return json.dumps(webhook, indent=2) + "\n"


def _signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _shown(path: Path) -> Path:
    """Shorten a path to what it is from the project's directory, where the commands run."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
