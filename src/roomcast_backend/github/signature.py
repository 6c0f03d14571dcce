"""Verifies GitHub's signature of a webhook, on the raw bytes before anything is parsed.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
import re
from typing import Final

_SIGNATURE: Final = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


def is_signed(body: bytes, *, signature: str, secret: str) -> bool:
    """Tell whether `signature`, the value of X-Hub-Signature-256, is that of `body`.

    API Gateway joins two headers of that name into one value with a comma. Such a value is refused:
    it is not known which of the two GitHub has set.
    """
    given = _SIGNATURE.fullmatch(signature)
    if given is None or not secret:
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return hmac.compare_digest(expected, bytes.fromhex(given[1]))
