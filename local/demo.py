"""What one needs to try the service: a registered repository, a project, and tokens."""

from datetime import timedelta
from typing import Any, Final, Literal

import boto3

from local.settings import REGION, Settings
from roomcast.registry import Registry
from roomcast.token_minting import mint_token

REPOSITORY: Final = "roomcast/demo"
PROJECT_ID: Final = "7d0f3c1e-5b0a-4c59-9a57-2f6b8f1d4e00"
USER_ID: Final = "c0ffee00-0000-4000-8000-000000000001"
ADMIN_ID: Final = "c0ffee00-0000-4000-8000-000000000002"
LIFETIME: Final = timedelta(days=30)


def prepare(settings: Settings, outputs: dict[str, str]) -> dict[str, str]:
    """Register the demo repository; return the demo's values by their name in `endpoints.json`."""
    table = outputs["RegistryTableName"]
    Registry(table, client=_client(settings, "dynamodb")).link_repository(REPOSITORY, PROJECT_ID)
    secrets = _client(settings, "secretsmanager")
    jwt_secret = _secret(secrets, outputs["JwtSecretArn"])
    return {
        "demo_project_id": PROJECT_ID,
        "demo_repository": REPOSITORY,
        "demo_token": mint_token(jwt_secret, USER_ID, projects="*", lifetime=LIFETIME),
        "admin_token": mint_token(
            jwt_secret, ADMIN_ID, role="admin", projects="*", lifetime=LIFETIME
        ),
        "jwt_secret": jwt_secret,
        "github_webhook_secret": _secret(secrets, outputs["GithubSecretArn"]),
    }


def _secret(client: Any, arn: str) -> str:
    return str(client.get_secret_value(SecretId=arn)["SecretString"])


def _client(settings: Settings, service: Literal["dynamodb", "secretsmanager"]) -> Any:
    return boto3.client(
        service,
        endpoint_url=settings.aws_url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator's administrator
    )
