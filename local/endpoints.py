"""`endpoints.json`: where everything of the running service is."""

import json
from typing import TypedDict

from local.settings import REGION, Settings

DEAD_LETTERS = "DeadLettersUrl"
"""How the names of the stack's outputs end that hold the URLs of the queues of dead letters."""


class Endpoints(TypedDict):
    """The file's shape, for clients, tests and benchmarks on this machine.

    `websocket_api_url` and `http_api_url` lead to the APIs directly, past the edge.
    """

    site_url: str
    websocket_url: str
    socketio_url: str
    webhook_url: str
    stats_url: str
    health_url: str
    websocket_api_url: str
    http_api_url: str
    aws_endpoint_url: str
    event_bus_name: str
    data_bucket: str
    room_kinds: str
    registry_table: str
    region: str
    demo_token: str
    admin_token: str
    jwt_secret: str
    github_webhook_secret: str
    demo_project_id: str
    demo_repository: str
    broadcast_function: str
    access_function: str
    dead_letters: dict[str, str]


def describe(settings: Settings, outputs: dict[str, str], demo: dict[str, str]) -> Endpoints:
    """Put together what the stack's outputs and the demo's values say."""
    site = settings.site_url
    return {
        "site_url": site,
        "websocket_url": f"{site.replace('http', 'ws', 1)}/ws",
        "socketio_url": f"{site}/ws",
        "webhook_url": f"{site}/webhooks/github",
        "stats_url": f"{site}/api/v1/websocket/stats",
        "health_url": f"{site}/health",
        "websocket_api_url": outputs["WebSocketUrl"],
        "http_api_url": outputs["HttpUrl"],
        "aws_endpoint_url": settings.aws_url,
        "event_bus_name": outputs["EventBusName"],
        "data_bucket": outputs["DataBucketName"],
        "room_kinds": outputs.get("RoomKinds", ""),
        "registry_table": outputs["RegistryTableName"],
        "region": REGION,
        "demo_token": demo["demo_token"],
        "admin_token": demo["admin_token"],
        "jwt_secret": demo["jwt_secret"],
        "github_webhook_secret": demo["github_webhook_secret"],
        "demo_project_id": demo["demo_project_id"],
        "demo_repository": demo["demo_repository"],
        "broadcast_function": outputs["BroadcastFunctionName"],
        "access_function": outputs["AccessFunctionName"],
        "dead_letters": {
            name.removesuffix(DEAD_LETTERS).lower(): url
            for name, url in outputs.items()
            if name.endswith(DEAD_LETTERS)
        },
    }


def write(settings: Settings, endpoints: Endpoints) -> None:
    """Write the file in one go: who finds it finds all of it. Only its owner may read it."""
    draft = settings.endpoints_file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(endpoints, indent=2) + "\n")
    draft.replace(settings.endpoints_file)
