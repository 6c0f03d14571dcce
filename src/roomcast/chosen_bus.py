"""The bus that a broadcaster publishes to: on AWS, or in memory."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from roomcast import environment
from roomcast.bus import EventBus
from roomcast.errors import NotConfigured
from roomcast.memory_bus import MemoryBus
from roomcast.put_results import PutResult

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry


class ChosenBus:
    """A bus on AWS, or the one in memory where its name is `memory:`.

    `name` is what the broadcaster was given; without one the environment decides at each use.
    """

    def __init__(self, name: str | None, aws: EventBus) -> None:
        self._name = name
        self._aws = aws
        self._memory = MemoryBus()

    @property
    def memory(self) -> MemoryBus:
        """The bus in memory; raises `NotConfigured` when another one is chosen."""
        if not self.is_memory():
            raise NotConfigured(
                f"no bus in memory: set {environment.EVENT_BUS} to {environment.MEMORY}"
            )
        return self._memory

    def put(self, entries: Sequence["Entry"]) -> list[PutResult]:
        """Send entries and return a result for each; see `EventBus.put`."""
        return self._chosen().put(entries)

    def connect(self) -> None:
        """Make the client now; raise `NotConfigured`."""
        self._chosen().connect()

    def look(self) -> None:
        """Look whether the bus exists, and log what to do if not."""
        self._chosen().look()

    def close(self) -> None:
        """Close the client of AWS; what was recorded in memory stays."""
        self._aws.close()

    def _chosen(self) -> EventBus | MemoryBus:
        return self._memory if self.is_memory() else self._aws

    def is_memory(self) -> bool:
        """Tell whether the bus in memory is chosen."""
        name = self._name or os.environ.get(environment.EVENT_BUS, "")
        return name.strip().startswith(environment.MEMORY)
