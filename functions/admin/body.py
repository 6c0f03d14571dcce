"""Reads the body of a request: JSON in the shape that docs/schema/openapi.json tells."""

from typing import TypeVar

from aws_lambda_powertools.event_handler.exceptions import BadRequestError
from pydantic import BaseModel, TypeAdapter, ValidationError

Shape = TypeVar("Shape", bound=BaseModel)


def read(body: str, shape: "TypeAdapter[Shape]") -> Shape:
    """Return what a body says; raise `BadRequestError` (400) that names each bad field.

    Unknown fields are refused: a misspelled one would silently do nothing.
    """
    try:
        return shape.validate_json(body or "null", strict=True)
    except ValidationError as exc:
        told = dict.fromkeys(
            f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"
            for each in exc.errors(include_url=False, include_input=False)
        )
        raise BadRequestError("; ".join(told)) from exc
