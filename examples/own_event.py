"""An event of one's own, for the room of a team.

ROOMCAST_EVENT_BUS=<bus> ROOMCAST_ROOM_KINDS='{"team": {"claim": "teams"}}' \
    python examples/own_event.py red api
"""

import sys

from roomcast import Event, get_broadcaster


class DeployFinished(Event):
    """A service was deployed; `seconds` is how long that took."""

    type = "deploy.finished"
    source = "deploy_service"
    state_key = "service"  # a newer event of the same service replaces this one

    team: str
    service: str
    seconds: float

    def rooms(self) -> tuple[str, ...]:
        """Return the team's room."""
        return (f"team:{self.team}",)


def main() -> None:
    """Publish one."""
    team, service = sys.argv[1:]
    event = DeployFinished(team=team, service=service, seconds=41.5)
    sys.exit(0 if get_broadcaster().sync.publish(event) else 1)


if __name__ == "__main__":
    main()
