"""References to large data, as any publisher may write them."""

import hashlib

import pytest

from roomcast.envelope import Envelope, InvalidEnvelope
from roomcast.references import MAX_DATA_BYTES, DataReference

SHA256 = "0" * 64
DETAIL = {
    "id": "1",
    "type": "t",
    "timestamp": "2026-01-01T00:00:00Z",
    "source": "s",
    "rooms": ["project:p"],
    "data": {},
}


def test_names_the_data_by_its_hash() -> None:
    reference = DataReference.of(b"{}")
    assert reference == DataReference(2, hashlib.sha256(b"{}").hexdigest())
    assert reference.key == f"data/{reference.sha256}.json"
    assert DataReference.parse(reference.to_detail()) == reference


@pytest.mark.parametrize(
    "value",
    [
        "a link",
        [],
        {},
        {"size": 1},
        {"sha256": SHA256},
        {"size": "1", "sha256": SHA256},
        {"size": True, "sha256": SHA256},
        {"size": 0, "sha256": SHA256},
        {"size": MAX_DATA_BYTES + 1, "sha256": SHA256},
        {"size": 1, "sha256": SHA256.upper()[:-1] + "A"},
        {"size": 1, "sha256": "../" + SHA256[3:]},
        {"size": 1, "sha256": SHA256 + "\n"},
        {"size": 1, "sha256": 5},
    ],
)
def test_another_thing_makes_no_envelope(value: object) -> None:
    with pytest.raises(InvalidEnvelope, match="data_ref"):
        Envelope.from_detail({**DETAIL, "data_ref": value})
