"""The service's settings, read once per container from the environment that the stack writes.

Every field is a CDK context value of the same name, or a name that the stack fills in (tables,
queues); docs/settings.md describes them all. A setting that a function does not have is the empty
string, so that reading does not fail where it is not used.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Self

from roomcast import room_kinds

MOST_ROOMS = 90
"""A fresh token rewrites all memberships in one transaction, which takes at most 100 actions.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""


class BadSetting(ValueError):
    """A setting has a wrong value; the message names the setting and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are in the unit of their name, else in seconds; sizes are in bytes.

    `max_connections`, `max_polling_connections`, `connections_per_user` and `max_refused_commands`
    are 0 for no limit.
    """

    connections_table: str = ""
    rooms_table: str = ""
    events_table: str = ""
    registry_table: str = ""
    idempotency_table: str = ""
    counters_table: str = ""
    polling_table: str = ""
    event_bus: str = ""
    data_bucket: str = ""
    callback_url: str = ""
    open_function: str = ""
    access_function: str = ""
    broadcast_function: str = ""
    dead_letters: str = ""
    deadline_queue_url: str = ""
    departures_queue_url: str = ""
    pages_queue_url: str = ""
    jwt_secret_arn: str = ""
    github_secret_arn: str = ""
    jwks_url: str = ""
    jwt_algorithm: str = "HS256"
    jwt_audience: str = ""
    jwt_issuer: str = ""
    jwt_leeway: int = 30
    longest_token_life: int = 720
    jwt_user_claim: str = "sub"
    jwt_role_claim: str = "role"
    jwt_projects_claim: str = "projects"
    jwt_agents_claim: str = "agents"
    jwt_rooms_claim: str = "rooms"
    jwt_tenant_claim: str = ""
    jwt_admin_role: str = "admin"
    jwt_token_type: str = ""
    projects_without_claim: str = "none"
    allowed_origins: str = "*"
    room_kinds: str = ""
    presence_rooms: str = ""
    presence_grace: int = 30
    max_connections: int = 0
    polling: str = "full"
    max_polling_connections: int = 100
    connections_per_user: int = 50
    max_webhook_bytes: int = 2_000_000
    max_event_bytes: int = 1048576
    max_rooms_per_connection: int = 50
    commands_per_second: int = 10
    command_burst: int = 100
    max_refused_commands: int = 100
    authentication_deadline: int = 15
    socketio_heartbeat: str = "noop"
    heartbeat_interval: int = 510
    heartbeat_timeout: int = 240
    global_shards: int = 16
    page_size: int = 1000
    page_workers: int = 5
    posts_per_second: int = 2000
    post_burst: int = 5000
    max_post_bytes: int = 131072
    replay_hours: int = 24
    room_state: str = "all"

    def __post_init__(self) -> None:
        try:
            room_kinds.read(self.room_kinds)
        except ValueError as exc:
            raise BadSetting(f"room_kinds: {exc}") from exc
        _check(self.projects_without_claim in ("none", "all"), "projects_without_claim", "none|all")
        _check(0 <= self.jwt_leeway <= 300, "jwt_leeway", "0-300")  # noqa: PLR2004
        _check(self.longest_token_life >= 1, "longest_token_life", "at least 1")
        _check(self.socketio_heartbeat in ("noop", "ping"), "socketio_heartbeat", "noop|ping")
        _check(self.polling in ("full", "upgrade", "off"), "polling", "full|upgrade|off")
        _check(0 <= self.presence_grace <= 900, "presence_grace", "0-900")  # noqa: PLR2004
        _check(self.max_polling_connections >= 0, "max_polling_connections", "at least 0")
        _check(self.heartbeat_interval >= 1, "heartbeat_interval", "at least 1")
        _check(1 <= self.max_rooms_per_connection <= MOST_ROOMS, "max_rooms_per_connection", "1-90")
        _check(1 <= self.global_shards <= 256, "global_shards", "1-256")  # noqa: PLR2004
        _check(self.page_size >= self.global_shards, "page_size", "at least global_shards")
        _check(self.page_workers >= 1, "page_workers", "at least 1")
        _check(self.posts_per_second >= 1, "posts_per_second", "at least 1")
        _check(self.post_burst >= 1, "post_burst", "at least 1")
        _check(1024 <= self.max_post_bytes <= 131072, "max_post_bytes", "1024-131072")  # noqa: PLR2004
        _check(self.commands_per_second >= 1, "commands_per_second", "at least 1")
        _check(self.command_burst >= 1, "command_burst", "at least 1")
        _check(self.max_refused_commands >= 0, "max_refused_commands", "at least 0")
        _check(self.connections_per_user >= 0, "connections_per_user", "at least 0")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read `ROOMCAST_<NAME>` for every field; raise `BadSetting` for a wrong value."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            text = environment.get(f"ROOMCAST_{field.name.upper()}", "")
            if text:
                values[field.name] = _number(field.name, text) if field.type is int else text
        return cls(**values)


@cache
def settings() -> Settings:
    """Return this container's settings."""
    return Settings.from_environment(os.environ)


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as exc:
        raise BadSetting(f"{name}: expected a whole number, got {text!r}") from exc


def _check(holds: bool, name: str, expected: str) -> None:
    if not holds:
        raise BadSetting(f"{name}: expected {expected}")
