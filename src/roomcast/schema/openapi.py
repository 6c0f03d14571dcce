"""The OpenAPI 3.1 document of the HTTP routes.

https://spec.openapis.org/oas/v3.1.1
"""

from typing import Any

from pydantic import BaseModel

from roomcast.schema.http_routes import ROUTES
from roomcast.schema.models import Definitions, Schema
from roomcast.schema.routes import Body, Parameter, Route
from roomcast.version import __version__


def document() -> dict[str, Any]:
    """Return the document; the events in it are envelopes, whose `data` events.json has."""
    told = [model for route in ROUTES for _, model in route.answers.values()]
    bodies = [body for route in ROUTES for body in route.bodies.values()]
    models = dict.fromkeys(model for each in [*told, *bodies] for model in _models(each))
    found = Definitions((), models, prefix="#/components/schemas/")
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route, found)
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Roomcast", "version": __version__, "license": {"name": "MIT"}},
        "servers": [
            {"url": "https://{domain}", "variables": {"domain": {"default": "events.example.com"}}}
        ],
        "paths": paths,
        "components": {"schemas": found.schemas, "securitySchemes": {"token": bearer}},
    }


def _operation(route: Route, found: Definitions) -> Schema:
    operation: Schema = {"operationId": route.name, "summary": route.summary}
    if route.token:
        operation["security"] = [{"token": []}]
    if route.parameters:
        operation["parameters"] = [_parameter(each) for each in route.parameters]
    if route.bodies:
        content = {media: _content(body, found) for media, body in route.bodies.items()}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = {
        str(status): {
            "description": description,
            **({"content": {"application/json": _content(model, found)}} if model else {}),
        }
        for status, (description, model) in route.answers.items()
    }
    return operation


def _content(body: Body, found: Definitions) -> Schema:
    return {"schema": body if isinstance(body, dict) else found.of(*_models(body))}


def _models(body: Body | None) -> tuple[type[BaseModel], ...]:
    """Return the models that a body, or an answer, may be one of."""
    if body is None or isinstance(body, dict):
        return ()
    return body if isinstance(body, tuple) else (body,)


def _parameter(given: Parameter) -> Schema:
    values = {"enum": list(given.values)} if given.values else {}
    return {
        "name": given.name,
        "in": given.place,
        "description": given.description,
        "required": given.required,
        "schema": {"type": "string", **values},
    }
