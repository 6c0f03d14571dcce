"""The credentials that sign requests: from Lambda's environment, else from botocore's chain."""

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from botocore.credentials import Credentials as Chain


class Credentials(NamedTuple):
    """A key pair, with a token where it is a temporary one; `repr` shows neither secret."""

    access_key: str
    secret_key: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Credentials(access_key={self.access_key!r})"


class CredentialsNotFound(Exception):
    """There are no credentials to sign requests with."""

    def __init__(self) -> None:
        super().__init__(
            "expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), a "
            "profile or a role in the environment, found no credentials"
        )


def current() -> Credentials:
    """Return the credentials that are valid now; raise `CredentialsNotFound` when there are none.

    The environment is read each time. Without keys in it (SnapStart's functions get theirs from an
    endpoint, developers from a profile) botocore finds and refreshes them, and is imported then.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
    """
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        return Credentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN", ""))
    found = _chain().get_frozen_credentials()
    if not found.access_key or not found.secret_key:
        raise CredentialsNotFound
    return Credentials(found.access_key, found.secret_key, found.token or "")


@cache
def _chain() -> "Chain":
    """Return the credentials that botocore refreshes, found once per process.

    Raises `CredentialsNotFound`; the next call looks again.
    """
    from botocore.session import get_session  # noqa: PLC0415

    found = get_session().get_credentials()
    if found is None:
        raise CredentialsNotFound
    return found
