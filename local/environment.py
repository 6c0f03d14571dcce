"""The environment of what the local service starts: nothing of the user's own AWS gets in."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local.settings import ACCOUNT, REGION, Settings

# The developer's own settings must not steer the emulator, its functions or the CDK.
_FOREIGN = ("AWS_", "CDK_", "LAMBDA_", "LOCALSTACK_", "MINISTACK_", "POWERTOOLS_", "ROOMCAST_")


def base(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the user's environment without any cloud's, with this virtual environment's tools.

    ~/.aws is out of sight too: a profile there could set a region, an endpoint or a retry mode.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith(_FOREIGN)}
    tools = str(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": os.pathsep.join([tools, kept.get("PATH", os.defpath)]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def for_aws_clients(settings: Settings) -> dict[str, str]:
    """Return the environment in which boto3 and the CDK reach the emulator as its administrator."""
    return {
        **base(),
        "AWS_ENDPOINT_URL": settings.aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",  # the CDK then writes plain lines
    }


def for_emulator(settings: Settings) -> dict[str, str]:
    """Return the environment of MiniStack, which its functions inherit.

    AUTH enforces the roles of the template. Docker is out of sight, because MiniStack would tidy up
    containers there, and so are the listeners of services that Roomcast does not use.
    """
    return {
        **base(),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(settings.aws_port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": "unix:///nonexistent",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # The emulator's queue for workers (local/emulator/workers.py) bounds the processes.
        "LAMBDA_ACCOUNT_CONCURRENCY": "0",
        "ROOMCAST_FUNCTION_WORKERS": str(settings.workers),
        "TMPDIR": str(settings.directory / "tmp"),
        **({"ROOMCAST_ACTIVITY_LOG": str(settings.log("activity"))} if settings.activity else {}),
    }
