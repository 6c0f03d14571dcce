"""The command line: one module for each command."""

from roomcast.cli.access import kick, remove
from roomcast.cli.doctor import doctor
from roomcast.cli.events import events
from roomcast.cli.group import main
from roomcast.cli.link import link_repo, link_user
from roomcast.cli.links import links
from roomcast.cli.publish import publish
from roomcast.cli.redrive import redrive
from roomcast.cli.stats import stats
from roomcast.cli.tail import tail
from roomcast.cli.token import token
from roomcast.cli.unlink import unlink_repo, unlink_user

for command in (
    token,
    publish,
    events,
    tail,
    kick,
    remove,
    link_repo,
    link_user,
    links,
    unlink_repo,
    unlink_user,
    stats,
    doctor,
    redrive,
):
    main.add_command(command)

__all__ = ["main"]
