"""`roomcast redrive`: look at dead letters, and try them again."""

from collections.abc import Mapping

import click

from roomcast.cli.deployment import Deployment, answering
from roomcast.cli.group import CommandFailed, InvalidInput, json_option, stack_option
from roomcast.cli.output import tell
from roomcast.dead_letters import STREAMS, DeadLetters
from roomcast.errors import NotConfigured


@click.command(epilog="Example:  roomcast redrive broadcast --peek 5")
@click.argument("queue", required=False)
@click.option("--peek", type=click.IntRange(1, 1000), metavar="N", help="Show up to N letters.")
@click.option("--yes", is_flag=True, help="Do not ask before trying them again.")
@json_option
@stack_option
def redrive(
    *, queue: str | None, peek: int | None, yes: bool, as_json: bool, stack: str | None
) -> None:
    """Try dead letters again; without QUEUE list the queues and their counts.

    A letter leaves its queue only after it was handed over. Repeats do no harm: events that were
    delivered are not delivered again, and clients drop repeats by id.
    """
    dead = _dead_letters(answering(stack))
    if queue is None:
        for name in dead.names:
            _tell({"queue": name, "letters": dead.count(name)}, as_json=as_json)
        return
    if queue not in dead.names:
        raise InvalidInput(f"{queue}: expected one of {', '.join(dead.names)}")
    if peek is not None:
        for letter in dead.peek(queue, peek):
            _tell(letter.summary(), as_json=as_json)
        return
    if queue in STREAMS:
        cure = "; `reconcile` corrects the counters within an hour" if queue == "count" else ""
        raise CommandFailed(
            f"{queue}: its letters do not hold what was lost, so they cannot be tried again{cure}"
        )
    if not yes:
        click.confirm(_question(queue, dead.count(queue)), abort=True, err=True)
    tried = _retry(dead, queue)
    _tell({"queue": queue, "tried_again": tried}, as_json=as_json)


def _dead_letters(deployment: Deployment) -> DeadLetters:
    if not deployment.dead_letters:
        raise NotConfigured(f"{deployment.name} names no queues: deploy it again")
    return DeadLetters(
        deployment.dead_letters,
        sqs=deployment.client("sqs"),
        functions=lambda: deployment.client("lambda"),
        function_of=lambda name: deployment.required(f"{name}_function"),
    )


def _question(queue: str, count: int) -> str:
    """Ask about the letters of a queue; SQS only estimates their number, so none is no promise."""
    if not count:
        return f"{queue} seems to have no letters. Look, and try again what is there?"
    letters = "1 letter" if count == 1 else f"about {count} letters"
    return f"Try {letters} of {queue} again?"


def _retry(dead: DeadLetters, queue: str) -> int:
    tried = 0
    for letter in dead.letters(queue):
        try:
            dead.retry(queue, letter)
        except Exception:
            click.echo(f"{tried} letters of {queue} were tried again before this", err=True)
            raise
        tried += 1
        click.echo(f"{letter.about}: handed over", err=True)
    return tried


def _tell(facts: Mapping[str, object], *, as_json: bool) -> None:
    tell("  ".join(str(value) for value in facts.values()), facts, as_json=as_json)
