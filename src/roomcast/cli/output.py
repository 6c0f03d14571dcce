"""What a command prints on stdout: a line for people, or one JSON object with `--json`."""

from collections.abc import Mapping

import click


def tell(text: str, facts: Mapping[str, object], *, as_json: bool) -> None:
    """Print the text, or the facts as one line of JSON."""
    from roomcast.envelope import encode

    click.echo(encode(facts) if as_json else text)
