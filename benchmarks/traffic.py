"""What is posted: the same for all senders, in size and shape as API Gateway gets it."""

import binascii
from collections.abc import Mapping

REGION = "us-east-1"
PAYLOAD_BYTES = 500
TOKEN_CHARACTERS = 1000
"""Of the session token that a function's role signs with; it goes out with every request."""

ACCESS_KEY = "ASIAEXAMPLEEXAMPLE00"
SECRET_KEY = "example/secret/key/of/forty/characters00"  # noqa: S105
SESSION_TOKEN = "t" * TOKEN_CHARACTERS

SPREAD = 0x9E3779B97F4A7C15F39CC1
"""Makes ids look alike no more than real ones do."""

URL_SAFE = str.maketrans("+/", "-_")

IN_FLIGHT = 256
THREADS = 50
"""Of the boto3 sender; samples use as many or fewer."""

NO_LIMIT = 1_000_000_000
"""Posts a second: the pace that is kept for the account's quota is not what is measured."""


def payload() -> bytes:
    """Return one frame of `PAYLOAD_BYTES`."""
    head, tail = b'{"type":"agent.status_changed","data":{"note":"', b'"}}'
    return head + b"x" * (PAYLOAD_BYTES - len(head) - len(tail)) + tail


def connection_ids(count: int) -> list[str]:
    """Return ids as API Gateway makes them, such as `L0SM9cOFvHcCIhw=`; always the same."""
    numbers = (number * SPREAD % 256**11 for number in range(1, count + 1))
    return [
        binascii.b2a_base64(number.to_bytes(11, "big"), newline=False).decode().translate(URL_SAFE)
        for number in numbers
    ]


def credentials(authority: object) -> Mapping[str, str]:
    """Return the environment in which senders sign, and trust the stub alone."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CA_BUNDLE": str(authority),
        "SSL_CERT_FILE": str(authority),
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
