"""Lets the emulator read the CORS configuration that CloudFormation gave an HTTP API.

A template writes `AllowOrigins`, the API itself `allowOrigins`. MiniStack keeps what CloudFormation
was given as it is and looks for the other spelling, so that every preflight request is refused
(403) and no page may read an answer. It also does not know `https://*`, any origin of that scheme.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from local.emulator.patch import wrap

Answer = Callable[[dict[str, Any], str], Any]


def install(apigateway: ModuleType) -> None:
    """Read the configuration as API Gateway does, for preflight requests and for answers."""
    wrap(apigateway, "_cors_preflight_response", as_api_gateway_reads_it)
    wrap(apigateway, "_cors_response_headers", as_api_gateway_reads_it)


def as_api_gateway_reads_it(answer: Answer) -> Answer:
    """Return `answer`, which gets the API's spelling, and the origin itself where one matches."""

    def read(configuration: dict[str, Any], origin: str) -> Any:
        given = {api_spelling(name): value for name, value in configuration.items()}
        allowed = given.get("allowOrigins", [])
        if any(matches(pattern, origin) for pattern in allowed):
            given["allowOrigins"] = [*allowed, origin]
        return answer(given, origin)

    return read


def matches(pattern: str, origin: str) -> bool:
    """Tell whether `https://*` or `http://*` stands for this origin; `*` alone is no pattern."""
    scheme, _, host = pattern.partition("://")
    return host == "*" and origin.lower().startswith(f"{scheme}://")


def api_spelling(name: str) -> str:
    """Return a property's name as the API writes it: `allowOrigins` for `AllowOrigins`."""
    return name[:1].lower() + name[1:]
