"""The data bucket in memory."""

import json
from typing import Any

from roomcast.envelope import Envelope, encode
from roomcast.references import DataLink, DataReference


class FakeData:
    """Keeps data by hash; `stored` counts writes, and `fail` makes the next ones raise."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.stored = 0
        self.fail: list[Exception] = []

    def refer(self, envelope: Envelope) -> Envelope:
        if self.fail:
            raise self.fail.pop(0)
        encoded = encode(envelope.data).encode()
        reference = DataReference.of(encoded)
        self.objects[reference.key] = encoded
        self.stored += 1
        return envelope.by_reference(reference)

    def data(self, envelope: Envelope) -> dict[str, Any]:
        if envelope.reference is None:
            return envelope.data
        return dict(json.loads(self.objects.get(envelope.reference.key, b"{}")))

    def link(self, envelope: Envelope) -> Envelope:
        assert envelope.reference is not None
        url = f"https://data.example.com/{envelope.reference.key}?signed"
        return envelope.with_link(DataLink(url, "2026-01-01T00:15:00Z"))
