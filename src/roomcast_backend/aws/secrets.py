"""Secrets Manager: a secret's text, kept for a while.

Powertools' parameters do the same with boto3, whose import takes longer than a first call.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

import time
from collections.abc import Callable

from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.aws.service_client import ServiceClient

SERVICE = Service("secretsmanager", "SECRETS_MANAGER", target="secretsmanager", json="1.1")


class Secrets:
    """Secrets, read again when they have become too old."""

    def __init__(
        self,
        *,
        calls: ServiceClient | None = None,
        clock: Callable[[], float] = time.time,  # goes on while a container is frozen
    ) -> None:
        self._calls = calls or ServiceClient(SERVICE)
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}

    def text(self, secret_id: str, *, max_age: float) -> str:
        """Return a secret's text, at most `max_age` seconds old, by the secret's name or ARN.

        Raises `AwsError` when it is not given one, or one that is bytes.
        """
        now = self._clock()
        text, read_at = self._kept.get(secret_id, ("", 0.0))
        if text and 0 <= now - read_at < max_age:
            return text
        text = self._read(secret_id)
        self._kept[secret_id] = (text, now)
        return text

    def _read(self, secret_id: str) -> str:
        answer = self._calls.json("GetSecretValue", {"SecretId": secret_id})
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise AwsError(SERVICE.name, "GetSecretValue", "NoSecretString")
        return text
