"""Large data by reference: an event names its data, which stands in the data bucket.

publisher ─▶ bucket: the data, under its own hash
publisher ─▶ bus: the event with {"data": {}, "data_ref": {"size", "sha256"}}
service   ─▶ client: … "data_ref": {"url", "size", "sha256", "expires_at"}, a link for a while

The key is the hash of the data. So writing it again changes nothing, and nobody who does not know
the data can name it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

MAX_DATA_BYTES: Final = 1024 * 1024
"""The largest data of an event, by reference: what the contract allows for an event."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DataReference:
    """What an event says of its data: `size` in bytes of the encoded object, `sha256` in hex."""

    size: int
    sha256: str

    @classmethod
    def of(cls, encoded: bytes) -> Self:
        """Return the reference to encoded data."""
        return cls(len(encoded), hashlib.sha256(encoded).hexdigest())

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read what `to_detail` wrote, from whichever publisher; raise `ValueError` for else."""
        if not isinstance(value, Mapping):
            raise ValueError("expected an object")
        size, sha256 = value.get("size"), value.get("sha256")
        if type(size) is not int or not 0 < size <= MAX_DATA_BYTES:
            raise ValueError(f"size: expected 1 to {MAX_DATA_BYTES} bytes")
        if not isinstance(sha256, str) or _SHA256.fullmatch(sha256) is None:
            raise ValueError("sha256: expected 64 hexadecimal digits in lower case")
        return cls(size, sha256)

    @property
    def key(self) -> str:
        """The key of the data in the bucket."""
        return f"data/{self.sha256}.json"

    def to_detail(self) -> dict[str, Any]:
        """Return the reference as the bus, the log and the queue carry it."""
        return {"size": self.size, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class DataLink:
    """Where a client fetches the data: `expires_at` is RFC 3339 in UTC."""

    url: str
    expires_at: str
