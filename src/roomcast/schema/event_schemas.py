"""The JSON Schema of every event as clients get it."""

from typing import Any

from roomcast.schema.frames import Envelope
from roomcast.schema.models import Definitions, Kinds, envelope_of
from roomcast.version import __version__


def document(kinds: Kinds) -> dict[str, Any]:
    """Return a JSON Schema (2020-12) that each envelope keeps.

    `$defs` has each envelope under its type and each `data` under the name of its class.
    """
    found = Definitions(kinds, [Envelope], prefix="#/$defs/")
    envelopes = {key: envelope_of(kind, found, Envelope) for kind, key in found.keys.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Events of Roomcast {__version__}",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in envelopes],
        "$defs": {**envelopes, **found.schemas},
    }
