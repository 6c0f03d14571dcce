"""What the gateway can do to a client: end its connection, as it does after two hours."""

from typing import Any

import boto3


def end_connection(endpoints: dict[str, str], greeting: dict[str, Any]) -> None:
    """Close the connection of the client that was greeted with this event."""
    management = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=endpoints["websocket_api_url"].replace("ws://", "http://", 1),
        region_name=endpoints["region"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    management.delete_connection(ConnectionId=greeting["data"]["connection_id"])
