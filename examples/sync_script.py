"""A script without an event loop: `.sync` has the same methods as plain functions.

ROOMCAST_EVENT_BUS=<bus> python examples/sync_script.py <project id> <user id>
"""

import sys

from roomcast import EventBroadcaster, InvalidEvent


def main(project_id: str, user_id: str) -> int:
    """Publish that a project was deleted; return the exit code."""
    broadcaster = EventBroadcaster(source="cleanup_script")
    try:
        accepted = broadcaster.sync.broadcast_project_deleted(project_id, deleted_by=user_id)
    except InvalidEvent as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
