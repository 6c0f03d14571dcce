"""Links of GitHub's names, for an admin.

Repositories are linked to projects of the admin's tenant; nobody sees or changes those of others.
Logins are linked to users, and belong to no tenant: only an admin of none links them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from aws_lambda_powertools.event_handler.exceptions import (
    BadRequestError,
    ForbiddenError,
    NotFoundError,
)
from pydantic import TypeAdapter

from functions.admin import body
from functions.admin.wiring import registry
from roomcast.registry import RepositoryLink
from roomcast.schema.admin_routes import LinkedLogin, LinkedRepository
from roomcast_backend.model.access import Principal

LINKED: Final = TypeAdapter[LinkedRepository | LinkedLogin](LinkedRepository | LinkedLogin)


def all_of(admin: Principal) -> dict[str, Any]:
    """Return all links of the admin's tenant, in the order of their names."""
    found = list(registry().links())
    repositories = [each for each in found if isinstance(each, RepositoryLink)]
    mine = [each for each in repositories if (each.tenant or "") == admin.tenant]
    users = [] if admin.tenant else [each for each in found if not isinstance(each, RepositoryLink)]
    return {
        "repositories": [
            _told(each) for each in sorted(mine, key=lambda each: each.repository.lower())
        ],
        "users": [asdict(each) for each in sorted(users, key=lambda each: each.login.lower())],
    }


def link(text: str, admin: Principal) -> dict[str, Any]:
    """Link what a request names, in place of an earlier link; return the link.

    Raises `InvalidLink`, and 403 for what is another tenant's.
    """
    wanted = body.read(text, LINKED)
    if isinstance(wanted, LinkedLogin):
        _check_no_tenant(admin)
        return asdict(registry().link_user(wanted.login, wanted.user))
    _check_mine(wanted.repository, admin)
    tenant = admin.tenant or None
    return _told(registry().link_repository(wanted.repository, wanted.project, tenant=tenant))


def unlink(query: Mapping[str, str], admin: Principal) -> dict[str, Any]:
    """Delete the link that a query names; raise 400, 404 where there is none, 403 as `link`.

    A query, for what lies between may drop the body of a DELETE.
    https://www.rfc-editor.org/rfc/rfc9110.html#name-delete
    """
    repository, login = query.get("repository"), query.get("login")
    if login and not repository:
        _check_no_tenant(admin)
        name, gone = login, registry().unlink_user(login)
    elif repository and not login:
        _check_mine(repository, admin)
        name, gone = repository, registry().unlink_repository(repository)
    else:
        raise BadRequestError('expected either "repository" or "login"')
    if not gone:
        raise NotFoundError(f"{name} is not linked")
    return {"status": "unlinked", "name": name}


def _check_no_tenant(admin: Principal) -> None:
    if admin.tenant:
        raise ForbiddenError("logins belong to no tenant: an admin of none links them")


def _check_mine(repository: str, admin: Principal) -> None:
    """Refuse a name that is another tenant's, also one that a webhook has brought."""
    for known in registry().links():
        if not isinstance(known, RepositoryLink) or known.repository.lower() != repository.lower():
            continue
        if (known.tenant or "") != admin.tenant:
            raise ForbiddenError(f"{repository} is linked by somebody else")


def _told(link: RepositoryLink) -> dict[str, Any]:
    """Return what is told of a link: `repository_id` and `tenant` where there are any."""
    facts = {"repository": link.repository, "project_id": link.project_id}
    known = {"repository_id": link.repository_id, "tenant": link.tenant}
    return facts | {name: value for name, value in known.items() if value is not None}
