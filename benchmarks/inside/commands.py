"""The subscribe function, frame after frame.

Parameters: `rounds` of `count` frames for each command; `fakes_answer`: whether stores answer from
memory, or from the stub over TLS as DynamoDB does.
"""

import json
import sys
import time

from benchmarks.aws_answers import ROOM
from benchmarks.inside import fakes
from benchmarks.inside.events import CONNECTION, frame
from benchmarks.inside.invocation import Context
from benchmarks.medians import medians
from functions.subscribe.handler import handler

FRAMES = {
    "subscribe": f'{{"action":"subscribe","room":"{ROOM}","id":1}}',
    "unsubscribe": f'{{"action":"unsubscribe","room":"{ROOM}","id":2}}',
    "ping": '{"action":"ping","id":3}',
}


def main(*, rounds: int, count: int, fakes_answer: bool) -> None:
    """Print of each command the frames per second, and per second of the processor; medians."""
    if fakes_answer:
        fakes.connections_at_once(CONNECTION)
    found = {
        name: [_round(name, body, count) for _ in range(rounds)] for name, body in FRAMES.items()
    }
    result = {name: medians(values) for name, values in found.items()}
    sys.stdout.write("\n" + json.dumps(result) + "\n")


def _round(name: str, body: str, count: int) -> dict[str, float]:
    event, context = frame(body), Context("roomcast-subscribe")
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        answer = handler(event, context)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if json.loads(answer["body"])["status"] not in ("success", "pong"):
        raise SystemExit(f"{name} was answered {answer}")
    return {"per_s": count / wall, "per_cpu_s": count / cpu}


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
