"""Secrets Manager: the text of secrets, cached for a while.

Powertools' parameters do the same with boto3, whose import takes longer than a first call.
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

import time
from collections.abc import Callable

from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.aws.service_client import ServiceClient

SERVICE = Service("secretsmanager", "SECRETS_MANAGER", target="secretsmanager", json="1.1")


class SecretCache:
    """Caches secrets; reads one again when it is too old for the caller."""

    def __init__(
        self,
        *,
        calls: ServiceClient | None = None,
        clock: Callable[[], float] = time.time,  # advances while a container is frozen
    ) -> None:
        self._calls = calls or ServiceClient(SERVICE)
        self._clock = clock
        self._cache: dict[str, tuple[str, float]] = {}

    def get(self, secret_id: str, *, max_age: float) -> str:
        """Return a secret's text, at most `max_age` seconds old, by the secret's name or ARN.

        Raises `AwsError` when the secret cannot be read or is binary.
        """
        now = self._clock()
        text, read_at = self._cache.get(secret_id, ("", 0.0))
        if text and 0 <= now - read_at < max_age:
            return text
        text = self._read(secret_id)
        self._cache[secret_id] = (text, now)
        return text

    def _read(self, secret_id: str) -> str:
        output = self._calls.json("GetSecretValue", {"SecretId": secret_id})
        text = output.get("SecretString")
        if not isinstance(text, str):
            raise AwsError(SERVICE.name, "GetSecretValue", "NoSecretString")
        return text
