"""The demo's events on one machine: what `make dev` runs, and the link that shows them."""

import sys
from typing import Final
from urllib.parse import urlencode

from local.endpoints import Endpoints

SECOND_PROJECT: Final = "zeus"
"""Beside the project that the demo repository is linked to."""


def command(endpoints: Endpoints) -> list[str]:
    """Return the command that publishes the demo's events until it is stopped."""
    return [sys.executable, "-m", "roomcast", "demo", *_projects(endpoints)]


def link(endpoints: Endpoints) -> str:
    """Return the dashboard's address with the demo's projects, signed in: every view is there."""
    projects = (("project", each) for each in _projects(endpoints))
    fragment = urlencode([("token", endpoints["admin_token"]), *projects])
    return f"{endpoints['site_url']}/#{fragment}"


def _projects(endpoints: Endpoints) -> tuple[str, str]:
    return (endpoints["demo_project_id"], SECOND_PROJECT)
