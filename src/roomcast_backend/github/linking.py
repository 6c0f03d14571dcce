"""Finds the link of a repository, and keeps it when the repository's name changes.

    by id ── found ── the same name ────────────▶ the link (one read: the usual case)
      │        └───── another name: follow it ──▶ the link
      └── none ── by name ── none, or the link of another id ──▶ not registered
                     └────── a link without id: learn it ──────▶ the link

Once the id of a link is known, the id alone decides: another repository that takes the name later
gets nothing of the link. The rows are written one after the other, the row of the name first; what
a crash leaves is mended by the next delivery.
"""

from dataclasses import replace
from typing import Final

from roomcast.envelope import timestamp
from roomcast.registry import Registry, RepositoryLink
from roomcast_backend.github.payload import Repository

ATTEMPTS: Final = 3
"""How often a link is read that changes meanwhile."""


class LinkChanging(Exception):
    """The link changed each time that it was read: the delivery must be sent again."""


class _Changed(Exception):
    """A row is not as it was read."""


class Linking:
    """Links of repositories by what their deliveries say of them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def find(self, repository: Repository, *former_names: str) -> RepositoryLink | None:
        """Return a repository's link, None without one; `former_names` are as good as its name.

        Raises `LinkChanging`.
        """
        for _ in range(ATTEMPTS):
            try:
                return self._find(repository, former_names)
            except _Changed:
                continue
        raise LinkChanging(repository.full_name)

    def _find(self, repository: Repository, former_names: tuple[str, ...]) -> RepositoryLink | None:
        if repository.id is None:  # not from GitHub itself, which always sends it
            return self._registry.by_name(repository.full_name)
        link = self._registry.by_id(repository.id)
        if link is not None:
            return self._follow(link, repository, repository.id)
        for name in (repository.full_name, *former_names):
            link = self._registry.by_name(name)
            if link is not None and link.repository_id in (None, repository.id):
                return self._learn(link, name, repository, repository.id)
        return None

    def _learn(
        self, link: RepositoryLink, name: str, repository: Repository, repository_id: int
    ) -> RepositoryLink:
        """Note the id that a linked name has."""
        named_at = _moment(repository) if name == repository.full_name else None
        learned = replace(link, repository_id=repository_id, first_name=name, named_at=named_at)
        if not self._registry.write_name(learned, repository_id, instead_of=link):
            raise _Changed
        if not self._registry.write_id(learned, repository_id):
            raise _Changed
        return self._follow(learned, repository, repository_id)

    def _follow(
        self, link: RepositoryLink, repository: Repository, repository_id: int
    ) -> RepositoryLink:
        """Note the name that a linked repository has now."""
        is_same = link.repository.lower() == repository.full_name.lower()
        if (is_same and link.first_name) or _is_older(repository, link):
            return link
        present = self._registry.by_name(repository.full_name)
        is_others = present is not None and present.repository_id != repository_id
        if is_others and not _is_newer(repository, link):
            return link  # the name is linked for the repository that has it now
        renamed = _renamed(link, repository, present)
        if not self._registry.write_name(renamed, repository_id, instead_of=present):
            raise _Changed
        if not self._registry.write_id(renamed, repository_id, instead_of=link):
            self._registry.delete_name(repository.full_name, repository_id)
            raise _Changed
        if not is_same:
            self._registry.delete_name(link.repository, repository_id)
        return renamed


def _renamed(
    link: RepositoryLink, repository: Repository, present: RepositoryLink | None
) -> RepositoryLink:
    """Return a link under its new name, in the project that this name was linked to by itself."""
    is_of_link = present is not None and present.repository_id in (None, link.repository_id)
    target = present if present and is_of_link else link
    return replace(
        link,
        repository=repository.full_name,
        project_id=target.project_id,
        tenant=target.tenant,
        first_name=link.first_name or repository.full_name,
        named_at=_moment(repository) or link.named_at,
    )


def _is_older(repository: Repository, link: RepositoryLink) -> bool:
    moment = _moment(repository)
    return moment is not None and link.named_at is not None and moment < link.named_at


def _is_newer(repository: Repository, link: RepositoryLink) -> bool:
    moment = _moment(repository)
    return moment is not None and link.named_at is not None and moment > link.named_at


def _moment(repository: Repository) -> str | None:
    return timestamp(repository.updated_at) if repository.updated_at else None
