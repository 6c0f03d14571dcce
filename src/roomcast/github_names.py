"""GitHub's names: which logins and which full names of repositories there are.

Older accounts have names that GitHub gives to nobody any more: `acme-` and `a----b` exist. An
enterprise with managed users adds an underscore and its short code to every login; with them a
login has at most 39 characters. The login of an app ends with `[bot]`.
https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
"""

import re
from typing import Final

MAX_ID: Final = 2**63 - 1

_LOGIN: Final = r"(?=[^/\[]{1,39}(?:[/\[]|\Z))[A-Za-z0-9][A-Za-z0-9-]*(?:_[A-Za-z0-9]{1,8})?"
_USER: Final = re.compile(rf"{_LOGIN}(?:\[bot\])?", re.ASCII | re.IGNORECASE)
_REPOSITORY: Final = re.compile(rf"{_LOGIN}/(?!\.{{1,2}}$)[A-Za-z0-9._-]{{1,100}}", re.ASCII)


def is_login(name: str) -> bool:
    """Tell whether a user, an organisation or an app can have this login."""
    return _USER.fullmatch(name) is not None


def is_repository(name: str) -> bool:
    """Tell whether a repository can have this full name, `owner/name`."""
    return _REPOSITORY.fullmatch(name) is not None and not name.lower().endswith(".git")


def is_repository_id(number: int) -> bool:
    """Tell whether a repository can have this id (`repository.id` in GitHub's webhooks)."""
    return 0 < number <= MAX_ID
