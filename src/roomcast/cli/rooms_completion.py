"""Completion of rooms: the kinds that there are, before anything is asked."""

from typing import Final

import click

KINDS: Final = ("global", "project:", "agent:", "user:")


def complete_room(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the kinds of rooms that begin so; those that the environment adds, too."""
    from roomcast.environment import room_kinds
    from roomcast.errors import NotConfigured

    try:
        own = [f"{kind}:" for kind in room_kinds()]
    except NotConfigured:
        own = []
    return [kind for kind in (*KINDS, *own) if kind.startswith(incomplete)]
