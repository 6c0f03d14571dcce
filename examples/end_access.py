"""End a user's access now: the room of one project, or all connections and tokens.

ROOMCAST_EVENT_BUS=<bus> python examples/end_access.py ada 'has left the team' project:7
ROOMCAST_EVENT_BUS=<bus> python examples/end_access.py ada 'this account is closed'
"""

import sys

from roomcast import get_broadcaster


def main() -> None:
    """Order it; the clients are out within some two seconds."""
    user, reason, *rooms = sys.argv[1:]
    orders = get_broadcaster().sync
    if rooms:
        accepted = [orders.remove(user, room, reason=reason) for room in rooms]
    else:  # `disconnect` would close the connections, and leave the tokens good
        accepted = [orders.revoke(user, reason=reason)]
    sys.exit(0 if all(accepted) else 1)


if __name__ == "__main__":
    main()
