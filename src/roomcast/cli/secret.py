"""`roomcast secret`: make a secret for tokens or webhooks."""

import secrets
import string
from typing import Final

import click

from roomcast.cli.group import json_option
from roomcast.cli.output import tell

ALPHABET: Final = string.ascii_letters + string.digits
"""No quotes, no spaces, nothing that a shell or a form could change."""

LENGTH: Final = 64
"""HS512 asks for 64 bytes (RFC 7518 section 3.2); each letter has 5.95 bits of chance."""

SHORTEST: Final = 32
"""HS256 asks for 32 bytes."""


@click.command(
    epilog="""\b
Examples:
  roomcast secret
  aws secretsmanager create-secret --name roomcast-jwt --secret-string "$(roomcast secret)"
  make deploy ARGS="-c jwt_secret_arn=ARN"
"""
)
@click.option(
    "--length",
    type=click.IntRange(SHORTEST, 1024),
    default=LENGTH,
    show_default=True,
    metavar="N",
    help="Letters and digits.",
)
@json_option
def secret(*, length: int, as_json: bool) -> None:
    """Print a new secret of letters and digits, fit for tokens and for webhooks.

    It needs no service: give it to the settings jwt_secret_arn or github_secret_arn
    by way of Secrets Manager, and to whoever signs. Each call prints another one.
    """
    made = "".join(secrets.choice(ALPHABET) for _ in range(length))
    tell(made, {"secret": made}, as_json=as_json)
