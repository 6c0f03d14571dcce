"""One conditional update of a connection's row: part of every change of memberships and tokens.

Every change has the conditions that it was decided on: the row exists and is not closing, it has
the same token, and it is the same session of its namespace. What else it needs, it adds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from roomcast.rooms import Room
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.model.order import Sent, sent_at, version_name
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter
from roomcast_backend.stores.actions import Action, WriteActions, room_names
from roomcast_backend.stores.connections import LIVING
from roomcast_backend.stores.items import TYPES, VERSION, Attribute, Item, names, number, text

SAME_VERSION = "token_version = :token_version"
BELOW_ROOM_LIMIT = "(attribute_not_exists(rooms) OR contains(rooms, :name) OR size(rooms) < :most)"

VERSION_MS = 60_000
"""How long a version is kept at least: no frame is executed that long after a later one.

The function that executes frames is ended after half of it.
"""

MOST_KEPT = 200
"""Versions that a row keeps, the newest ones: 5 KB, and each KB is a write unit for every frame.

A command names up to 100 rooms. Without a limit, a client that leaves rooms that it never was in
would fill its row to DynamoDB's 400 KB within seconds.
"""

MOST_DROPPED = 100
"""Versions that one change drops: an expression has at most 300 operators.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""


@dataclass(slots=True)
class RowChange:
    """Collects what an update sets, removes, adds and deletes, and on which conditions."""

    connection: Connection
    sets: list[str] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)
    adds: list[str] = field(default_factory=lambda: ["revision :one"])
    conditions: list[str] = field(default_factory=lambda: [LIVING])
    values: Item = field(default_factory=lambda: {":one": number(1)})
    aliases: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_memberships(cls, connection: Connection) -> Self:
        """Begin a change of memberships, which was decided for a token and a session."""
        change = cls(connection)
        change.conditions.append(SAME_VERSION)
        change.values[":token_version"] = number(connection.token_version)
        return change.in_session()

    def require(self, condition: str, **values: Attribute) -> Self:
        """Add a condition with its values."""
        self.conditions.append(condition)
        self.values |= {f":{name}": value for name, value in values.items()}
        return self

    def in_session(self) -> Self:
        """Require that the row is of the same session of its namespace; a connection has none."""
        if not self.connection.begun:
            return self
        return self.require("begun = :begun", begun=number(self.connection.begun))

    def unchanged(self) -> Self:
        """Require that nothing was changed since the row was read."""
        if not self.connection.revision:  # rows begin without one
            return self.require("attribute_not_exists(revision)")
        return self.require("revision = :revision", revision=number(self.connection.revision))

    def in_state(self, state: State) -> Self:
        """Require a state."""
        self.aliases["#state"] = "state"
        return self.require("#state = :state", state=text(state))

    def ready(self) -> Self:
        """Set the state to `READY`."""
        self.aliases["#state"] = "state"
        return self.set("#state = :ready", ready=text(State.READY))

    def set(self, assignment: str, **values: Attribute) -> Self:
        """Add an assignment with its values."""
        self.sets.append(assignment)
        self.values |= {f":{name}": value for name, value in values.items()}
        return self

    def join(self, rooms: Iterable[Room]) -> Self:
        """Add rooms to those of the connection."""
        self.adds.append("rooms :rooms")
        self.values[":rooms"] = names(room_names(rooms))
        return self

    def leave(self, rooms: Iterable[Room]) -> Self:
        """Take rooms from those of the connection."""
        self.deletes.append("rooms :rooms")
        self.values[":rooms"] = names(room_names(rooms))
        return self

    def filter(self, filters: Mapping[str, TypeFilter]) -> Self:
        """Set what the connection wants of some rooms."""
        for index, (room, types) in enumerate(filters.items()):
            alias = f"#t{index}"
            self.aliases[alias] = TYPES + room
            if chosen := types.stored():
                self.set(f"{alias} = :t{index}", **{f"t{index}": names(chosen)})
            else:
                self.removes.append(alias)
        return self

    def drop_filters(self, rooms: Iterable[str]) -> Self:
        """Forget what the connection wanted of some rooms, as far as its row is known to tell it.

        What others change in the meantime has to be a condition of this change.
        """
        held = [room for room in rooms if room in self.connection.filters]
        return self.filter(dict.fromkeys(held, EVERYTHING))

    def sent(self, sent: Sent | None, subjects: Iterable[str], *, checked: bool) -> Self:
        """Keep when the command was sent with all that it changes, and drop what is too old.

        Unless it was `checked` on the row already, require that nothing was sent later.
        """
        if sent is None:
            return self
        self.values[":version"] = number(sent.version)
        for index, subject in enumerate(subjects):
            alias = f"#v{index}"
            self.aliases[alias] = VERSION + version_name(subject)
            self.sets.append(f"{alias} = :version")
            if not checked:
                condition = f"(attribute_not_exists({alias}) OR {alias} <= :newest)"
                self.require(condition, newest=number(sent.newest))
        self._drop_versions(before=sent.at - VERSION_MS)
        return self

    def _drop_versions(self, *, before: int) -> None:
        """Drop versions that are old, and the oldest of those that are too many."""
        used = {name for name in self.aliases.values() if name.startswith(VERSION)}
        versions = sorted((version, name) for name, version in self.connection.versions.items())
        others = [each for each in versions if VERSION + each[1] not in used]
        surplus = len(others) + len(used) - MOST_KEPT
        old = [
            VERSION + name
            for index, (version, name) in enumerate(others)
            if sent_at(version) < before or index < surplus
        ]
        for index, attribute in enumerate(old[:MOST_DROPPED]):
            self.aliases[f"#o{index}"] = attribute
            self.removes.append(f"#o{index}")

    def action(self, actions: WriteActions) -> Action:
        """Return the change as an action of a transaction."""
        clauses = {
            "SET": self.sets,
            "REMOVE": self.removes,
            "ADD": self.adds,
            "DELETE": self.deletes,
        }
        update = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
        condition = " AND ".join(self.conditions)
        return actions.update(self.connection, update, condition, self.values, self.aliases)

    def deletion(self, actions: WriteActions) -> Action:
        """Return the deletion of the row on the same conditions."""
        del self.values[":one"]  # only an update counts itself
        return actions.delete(
            self.connection, " AND ".join(self.conditions), self.values, self.aliases
        )
