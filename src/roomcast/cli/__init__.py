"""The command line: one module for each command, or for two that belong together."""

from typing import Final

from roomcast.cli.group import main

COMMANDS: Final = (
    ("token", "token", "Print a token that speaks for a user."),
    ("publish", "publish", "Publish one event and print its id."),
    ("events", "events", "List the event types: names, fields and rooms."),
    ("types", "types", "Write the events as TypeScript."),
    ("schema", "schema", "Write the interface as schemas, tell what breaks."),
    ("tail", "tail", "Print the events of rooms until Ctrl-C."),
    ("history", "history", "Print what the service keeps of a room."),
    ("record", "record", "Write the events of rooms to a file."),
    ("play", "play", "Publish what was recorded, at its pace or faster."),
    ("demo", "demo", "Publish what agents at work would."),
    ("rooms", "rooms", "List the rooms that have members."),
    ("connections", "connections", "List who is connected."),
    ("kick", "access", "Close all connections that a user has now."),
    ("remove", "access", "Take all connections that a user has now out of a room."),
    ("revoke", "access", "Refuse the tokens that a user has now."),
    ("link-repo", "link", "Send a GitHub repository's events to a project."),
    ("link-user", "link", "Tell which user a GitHub login is."),
    ("links", "links", "List the linked repositories and GitHub logins."),
    ("unlink-repo", "unlink", "Let a GitHub repository's events go nowhere again."),
    ("unlink-user", "unlink", "Forget which user a GitHub login is."),
    ("stats", "stats", "Show how many connections, members and events there are."),
    ("explain", "explain", "Tell why a user did or did not get an event."),
    ("doctor", "doctor", "Check a deployment with real clients, in two minutes."),
    ("redrive", "redrive", "Look at dead letters, and try them again."),
    ("secret", "secret", "Make a secret fit for tokens and webhooks."),
)
"""Name, module in this package, and help in one line; in the order of a first use."""

for name, module, text in COMMANDS:
    main.offer(name, f"{__name__}.{module}", text)

__all__ = ["main"]
