"""Lets the emulator read the CORS configuration that CloudFormation gave an HTTP API.

A template writes `AllowOrigins`, the API itself `allowOrigins`. MiniStack keeps what CloudFormation
was given as it is and looks for the other spelling, so that every preflight request is refused
(403) and no page may read an answer.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from local.emulator.patch import wrap

Answer = Callable[[dict[str, Any], str], Any]


def install(apigateway: ModuleType) -> None:
    """Read the configuration in both spellings, for preflight requests and for answers."""
    wrap(apigateway, "_cors_preflight_response", in_both_spellings)
    wrap(apigateway, "_cors_response_headers", in_both_spellings)


def in_both_spellings(answer: Answer) -> Answer:
    """Return `answer`, which gets a configuration (and an origin) in the API's spelling."""

    def read(configuration: dict[str, Any], origin: str) -> Any:
        return answer({api_spelling(name): value for name, value in configuration.items()}, origin)

    return read


def api_spelling(name: str) -> str:
    """Return a property's name as the API writes it: `allowOrigins` for `AllowOrigins`."""
    return name[:1].lower() + name[1:]
