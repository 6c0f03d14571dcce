"""Soak the service: clients come and go, events are published, and a ledger says who missed what.

Starts a service of its own beside whatever `make dev` runs. ROOMCAST_ENDPOINTS names the
endpoints.json of one that runs already and is used instead. Exit status 1 when something was lost.
"""

import argparse
import asyncio
import os
import random
import sys
import time
from contextlib import closing
from datetime import timedelta
from itertools import islice
from statistics import quantiles
from uuid import uuid4

from roomcast import EventBroadcaster
from roomcast.token_minting import mint_token
from tests.e2e.service import running
from tests.soak.aftermath import aftermath
from tests.soak.client import SoakClient
from tests.soak.connections import open_json, open_socketio
from tests.soak.kills import kill_workers
from tests.soak.ledger import Ledger
from tests.soak.steps import Steps
from tests.soak.traffic import Traffic

SETTLE = 15.0
"""Seconds that a delivery may take; on two busy cores most take less than one."""

SETTLE_KILLED = 300.0
"""The same where workers are killed: a page comes back after 6 s here, maybe several times."""

SOCKET_IO = 2
"""Of four clients."""

REPORTED = 20
"""Problems that are told; the others are counted."""


def main() -> int:
    """Soak for a while; return 1 when something was wrong."""
    chosen = _arguments()
    sys.stdout.write("Starting the service ...\n")
    with running(".local/soak") as endpoints:
        _configure_publisher(endpoints)
        return asyncio.run((_steps if chosen.steps else _soak)(chosen, endpoints))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak ARGS=...", description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, default=5.0, help="how long (default %(default)s)")
    add("--clients", type=int, default=40, help="how many come and go (default %(default)s)")
    add("--rate", type=float, default=4.0, help="events a second (default %(default)s)")
    add(
        "--kills",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="kill a worker of broadcast so often; deliveries may then take a minute",
    )
    add("--steps", action="store_true", help="let each step of a delivery go wrong once, instead")
    add("--seed", type=int, default=None, help="repeat the dice of a run; timing stays its own")
    return parser.parse_args()


async def _steps(_chosen: argparse.Namespace, endpoints: dict[str, str]) -> int:
    with closing(EventBroadcaster()) as broadcaster:
        problems = await Steps(endpoints, broadcaster, thorough=True).run()
    return _say_problems([*problems, *aftermath(endpoints)])


async def _soak(chosen: argparse.Namespace, endpoints: dict[str, str]) -> int:
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    sys.stdout.write(f"{chosen.clients} clients, {chosen.minutes:g} minutes, seed {seed}\n")
    dice = random.Random(seed)  # noqa: S311
    settle = SETTLE_KILLED if chosen.kills else SETTLE
    ledger = Ledger(settle=settle)
    users = [str(uuid4()) for _ in range(chosen.clients)]
    projects = [endpoints["demo_project_id"], *(str(uuid4()) for _ in range(4))]
    agent = str(uuid4())
    clients = [
        _client(number, user, projects, agent, ledger, endpoints, dice)
        for number, user in enumerate(users)
    ]
    broadcaster = EventBroadcaster()
    traffic = Traffic(
        ledger, endpoints, broadcaster, dice, users=users, projects=projects, agent=agent
    )
    quiet, over = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.live(over))
        telling = group.create_task(_print_progress(ledger, clients, traffic))
        flowing = group.create_task(traffic.flow(chosen.rate, quiet))
        killing = _kill(group, endpoints, chosen.kills, dice)
        await asyncio.sleep(chosen.minutes * 60)
        quiet.set()
        killing.cancel()
        await flowing
        await asyncio.sleep(settle)
        over.set()
        telling.cancel()
    broadcaster.close()
    sys.stdout.write(_line(ledger, clients, traffic) + "\n")
    return _report(ledger, clients, [*ledger.problems(), *aftermath(endpoints)])


def _kill(
    group: asyncio.TaskGroup, endpoints: dict[str, str], pause: float, dice: random.Random
) -> "asyncio.Task[None]":
    """Begin to kill workers, when asked to."""
    if not pause:
        return group.create_task(asyncio.sleep(0))
    own = random.Random(dice.random())  # noqa: S311
    return group.create_task(kill_workers(endpoints, pause, own))


def _client(
    number: int,
    user: str,
    projects: list[str],
    agent: str,
    ledger: Ledger,
    endpoints: dict[str, str],
    dice: random.Random,
) -> SoakClient:
    """Return a client in two projects; some listen to the agent, some speak Socket.IO."""
    wanted = [f"project:{project}" for project in dice.sample(projects, 2)]
    rooms = ("global", f"user:{user}", *wanted, *([f"agent:{agent}"] if number % 2 else []))

    def token() -> str:
        lifetime = timedelta(hours=1)
        return mint_token(endpoints["jwt_secret"], user, projects="*", lifetime=lifetime)

    open_connection, protocol = (
        (open_socketio, "Socket.IO") if number % 4 < SOCKET_IO else (open_json, "JSON")
    )
    name = f"client {number} ({protocol})"
    own = random.Random(dice.random())  # noqa: S311
    return SoakClient(name, rooms, open_connection, token, ledger, endpoints, own)


def _configure_publisher(endpoints: dict[str, str]) -> None:
    """Set what a publisher's environment needs."""
    os.environ |= {
        "ROOMCAST_EVENT_BUS": endpoints["event_bus_name"],
        "AWS_ENDPOINT_URL": endpoints["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": endpoints["region"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


async def _print_progress(ledger: Ledger, clients: list[SoakClient], traffic: Traffic) -> None:
    """Say now and then how it goes."""
    started = time.monotonic()
    while True:
        await asyncio.sleep(10)
        elapsed = timedelta(seconds=round(time.monotonic() - started))
        sys.stdout.write(f"{elapsed}  {_line(ledger, clients, traffic)}\n")
        sys.stdout.flush()


def _line(ledger: Ledger, clients: list[SoakClient], traffic: Traffic) -> str:
    connected = sum(client.is_connected for client in clients)
    visits = sum(client.visits for client in clients)
    return (
        f"{connected} connected ({visits:,} visits), {len(ledger.publications):,} events "
        f"({traffic.refused} refused), {ledger.delivered:,} delivered, {ledger.repeated:,} repeated"
    )


def _report(ledger: Ledger, clients: list[SoakClient], problems: list[str]) -> int:
    promised = sum(1 for _ in ledger.promised())
    recovered = sum(client.recovered for client in clients)
    rooms = recovered + sum(client.not_recovered for client in clients)
    say = sys.stdout.write
    say(f"\n{promised:,} deliveries were promised; rooms recovered: {recovered:,} of {rooms:,}\n")
    if len(ledger.took) > 1:
        hundredths = quantiles(ledger.took, n=100)
        took = f"p50 {hundredths[49]:.2f} s, p99 {hundredths[98]:.2f} s, {max(ledger.took):.2f} s"
        say(f"from publishing to a member: {took} at most\n")
    return _say_problems(problems)


def _say_problems(problems: list[str]) -> int:
    say = sys.stdout.write
    for problem in islice(problems, REPORTED):
        say(f"WRONG: {problem}\n")
    say(f"{len(problems):,} problems\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
