"""The interface of the service in documents for other tools: JSON Schema, AsyncAPI and OpenAPI."""

import json
from typing import Any, Final

from roomcast.schema import asyncapi, event_schemas, openapi
from roomcast.schema.models import Kinds

Documents = dict[str, dict[str, Any]]

FILES: Final = ("events.json", "asyncapi.json", "openapi.json")


def documents(kinds: Kinds) -> Documents:
    """Return each document under the name of its file; `kinds` are the events."""
    every = tuple(kinds)
    made = (event_schemas.document(every), asyncapi.document(every), openapi.document())
    return dict(zip(FILES, made, strict=True))


def written(document: dict[str, Any]) -> str:
    """Return a document as its file has it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
