"""GitHub's signature of a webhook, checked on the raw bytes before anything is parsed.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
import re
from typing import Final

_SIGNATURE: Final = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


def is_signed(body: bytes, *, signature: str, secret: str) -> bool:
    """Tell whether `signature`, the value of X-Hub-Signature-256, is that of `body`.

    Two headers of that name reach us as one value with a comma (API Gateway joins them), which is
    no signature: whoever checks another one of the two than GitHub meant could be deceived.
    """
    given = _SIGNATURE.fullmatch(signature)
    if given is None or not secret:
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return hmac.compare_digest(expected, bytes.fromhex(given[1]))
