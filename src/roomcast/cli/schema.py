"""`roomcast schema`: the documents of the interface, and what a change of them breaks."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from roomcast.cli.group import InvalidInput, json_option
from roomcast.cli.output import tell

if TYPE_CHECKING:
    from roomcast.schema import Documents


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  roomcast schema
  roomcast schema --to docs/schema
  roomcast schema diff docs/schema
""",
)
@click.option("--to", metavar="FOLDER", default="schema", show_default=True, help="Where to.")
@json_option
@click.pass_context
def schema(ctx: click.Context, *, to: str, as_json: bool) -> None:
    """Write the interface as JSON Schema, AsyncAPI and OpenAPI.

    The files are events.json (JSON Schema of all events, yours too),
    asyncapi.json (both protocols) and openapi.json (the HTTP routes).
    """
    if ctx.invoked_subcommand is not None:
        return
    from roomcast.schema import written

    folder = Path(to)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in _documents().items():
            (folder / name).write_text(written(document), encoding="utf-8")
            tell(str(folder / name), {"file": str(folder / name)}, as_json=as_json)
    except OSError as exc:
        raise InvalidInput(f"cannot write to {to}: {exc.strerror}") from exc


@schema.command()
@click.argument("old", type=click.Path(exists=True))
@json_option
def diff(old: str, *, as_json: bool) -> None:
    """Tell what breaks frontends that were written for OLD.

    OLD is the folder that `roomcast schema` wrote for an earlier version, or
    one of its files. Each change that breaks something is a line, and the exit
    code is 1; it is 0 when things were only added.
    """
    from roomcast.schema.diff import breaking

    before = _read(Path(old))
    try:
        found = breaking(before, _documents())
    except (LookupError, TypeError, AttributeError) as exc:
        raise InvalidInput(f"{old}: expected what `roomcast schema` wrote: {exc!r}") from exc
    for sentence in found:
        tell(sentence, {"breaks": sentence}, as_json=as_json)
    if found:
        raise click.exceptions.Exit(1)
    if not as_json:
        click.echo("Nothing that clients rely on has changed.")


def _documents() -> "Documents":
    from roomcast.events import EVENT_TYPES
    from roomcast.own_events import discover
    from roomcast.schema import documents

    return documents([*EVENT_TYPES.values(), *discover().values()])


def _read(path: Path) -> dict[str, Any]:
    from roomcast.schema import FILES

    files = [path / name for name in FILES] if path.is_dir() else [path]
    there = [file for file in files if file.is_file() and file.name in FILES]
    if not there:
        raise InvalidInput(f"{path}: expected a folder with {', '.join(FILES)}, or one of them")
    try:
        return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in there}
    except ValueError as exc:
        raise InvalidInput(f"{path}: expected JSON: {exc}") from exc
