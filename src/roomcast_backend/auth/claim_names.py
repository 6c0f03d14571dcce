"""Where a token's claims are found: identity providers name and nest them differently.

sub                             a claim
realm_access.roles              a member of a claim (Keycloak)
https://example.com/projects    a claim whose name is a URL (Auth0)
cognito:groups                  a claim whose name has a colon (Amazon Cognito)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """The claims that hold the user's id, the role and the grants, and the role of admins.

    `tenant` is empty where the deployment has no tenants: then no claim names one.

    `token_type` is what tells an access token from an ID token or a refresh token, in the form
    `claim=value`; empty: `token_type=access`, and with a key set what `token_types` knows.
    """

    user: str = "sub"
    role: str = "role"
    projects: str = "projects"
    agents: str = "agents"
    rooms: str = "rooms"
    tenant: str = ""
    admin_role: str = "admin"
    token_type: str = ""


def find(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim of that name, else the member that its dots lead to; None for nothing.

    A claim whose own name has dots is found before a member, and the longest such name first.
    """
    if name in claims:
        return claims[name]
    head, dot, _ = name.rpartition(".")
    while dot:
        inner = claims.get(head)
        if isinstance(inner, Mapping):
            return find(inner, name[len(head) + 1 :])
        head, dot, _ = head.rpartition(".")
    return None
