"""The emulator of `python -m local.emulator` in a process of its own, and functions on it."""

import io
import json
import socket
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import boto3
import httpx

from local import environment
from local.processes import Process
from local.settings import Settings

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}

Service = Literal["apigatewaymanagementapi", "apigatewayv2", "iam", "lambda", "sqs"]


class Emulator(NamedTuple):
    """A running emulator, with one API once that is made."""

    url: str
    api_id: str
    log: Path

    @property
    def websocket_url(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/_aws/execute-api/{self.api_id}/live"

    @property
    def http_url(self) -> str:
        return f"{self.url}/_aws/execute-api/{self.api_id}/$default"

    def client(self, service: Service, path: str = "", **options: Any) -> Any:
        return boto3.client(
            service,
            **options,
            endpoint_url=self.url + path,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def manager(self) -> Any:
        return self.client("apigatewaymanagementapi", f"/_aws/execute-api/{self.api_id}/live")


@contextmanager
def running(directory: Path, *, workers: int) -> Iterator[Emulator]:
    """Run the emulator, with its files in a directory, while the block runs."""
    (directory / "tmp").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings = Settings(
            port=0, aws_port=probe.getsockname()[1], directory=directory, workers=workers
        )
    process = Process("emulator", directory / "aws.pid", settings.log("aws"))
    process.start([sys.executable, "-m", "local.emulator"], environment.for_emulator(settings))
    try:
        _wait_until_ready(settings.aws_url)
        yield Emulator(settings.aws_url, "", settings.log("aws"))
    finally:
        process.stop()


def create_function(
    emulator: Emulator,
    files: Mapping[str, str],
    *,
    handler: str,
    timeout: int = 3,
    name: str = "probe",
) -> str:
    """Create a function of these files; return its ARN."""
    role = emulator.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]
    function = emulator.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler=handler,
        Role=role["Arn"],
        Code={"ZipFile": archive_of(files)},
        Timeout=timeout,
    )
    return str(function["FunctionArn"])


def archive_of(files: Mapping[str, str]) -> bytes:
    """Return what Lambda takes as the code of a function of these files."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return code.getvalue()


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{url}/_ministack/ready")
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the emulator did not start"
            time.sleep(0.05)
        else:
            return
