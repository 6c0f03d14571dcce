"""API Gateway's rules for requests of an HTTP API, whose functions MiniStack asks without limits.

    a body over 10 MB                              413
    a function that takes longer than 29 s         503; what it still does is its own affair
    a function that fails, or is not there         500
    CORS headers of a function                     left out where the API has a configuration
    a preflight request, where there is $default   answered by its function, with the API's headers

The last one is the harsher reading of two: docs/aws.md, `http-cors-default`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

import asyncio
import json
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final

from local.emulator.patch import wrap

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
INTEGRATION_SECONDS: Final = 29.0
"""A second less than API Gateway waits, so that what comes close to its limit shows."""

CORS: Final = "access-control-"

Answer = tuple[int, dict[str, Any], bytes]


def install(apigateway: ModuleType) -> None:
    """Put the rules around what MiniStack's HTTP APIs do with a function."""
    wrap(apigateway, "_invoke_lambda_proxy", lambda original: _limited(original, apigateway))
    wrap(apigateway, "_handle_execute_in_scope", lambda original: _asking(original, apigateway))


def _asking(original: Any, apigateway: ModuleType) -> Any:
    """Ask the function of `$default` about a preflight request that the API allows."""

    async def handle(*given: Any) -> Answer:
        answer: Answer = await original(*given)
        api_id, stage, path, method, headers, body, query, account, region, raw_query = given
        route = apigateway._match_route(api_id, method, path)
        if method != "OPTIONS" or answer[0] != HTTPStatus.NO_CONTENT or route is None:
            return answer
        integration = apigateway._integrations[api_id][route["target"].rpartition("/")[2]]
        status, more, content = await apigateway._invoke_lambda_proxy(
            *(integration, api_id, stage, path, method),
            {name.lower(): value for name, value in headers.items()},
            *(body, query, route["routeKey"]),
            owner_account_id=account,
            owner_region=region,
            raw_query_string=raw_query,
        )
        added = {name: each for name, each in answer[1].items() if name != "Content-Length"}
        return status, {**more, **added}, content

    return handle


def _limited(original: Any, apigateway: ModuleType) -> Any:
    async def invoke_lambda_proxy(integration: Any, api_id: str, *rest: Any, **more: Any) -> Answer:
        _stage, _path, _method, _headers, body = rest[:5]
        if len(body or b"") > MAX_BODY_BYTES:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        has_cors = bool(apigateway._apis.get(api_id, {}).get("corsConfiguration"))
        invocation = asyncio.ensure_future(original(integration, api_id, *rest, **more))
        await asyncio.wait([invocation], timeout=INTEGRATION_SECONDS)
        if not invocation.done():
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable")
        return shown(invocation.result(), has_cors=has_cors)

    return invoke_lambda_proxy


def shown(answer: Answer, *, has_cors: bool) -> Answer:
    """Return what a client sees of a function's answer, where the API has CORS or has not."""
    status, headers, body = answer
    if status == HTTPStatus.BAD_GATEWAY:  # MiniStack's for a function that raised or timed out
        return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")
    if not has_cors:
        return answer
    kept = {name: value for name, value in headers.items() if not name.lower().startswith(CORS)}
    return status, kept, body


def _refusal(status: HTTPStatus, message: str) -> Answer:
    body = json.dumps({"message": message}).encode()
    return status.value, {"Content-Type": "application/json"}, body
