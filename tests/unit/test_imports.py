"""What the functions import: whatever they do not need makes their first answer late."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

from infra.functions import FUNCTIONS
from roomcast_backend.runtime.startup import IN_LAMBDA

ROOT = Path(__file__).parents[2]
HANDLERS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))

FEW = {"aws_lambda_powertools", "botocore", "httptools", "jmespath", "typing_extensions"}
"""Of botocore just the name, which is an empty module: Powertools looks whether it is there."""

BOTO3 = {"boto3", "certifi", "dateutil", "s3transfer", "six", "urllib3"}
PYDANTIC = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}
LIBRARIES = dict.fromkeys(("admin", "presence", "webhooks"), FEW | BOTO3 | PYDANTIC)

EVENT_SOURCES = {"asyncio", "aws_lambda_powertools.utilities.data_classes"}
ROUTING = EVENT_SOURCES | {"aws_lambda_powertools.event_handler"}
BATCHES = EVENT_SOURCES | {"aws_lambda_powertools.utilities.batch"}
HEAVY = ROUTING | BATCHES | {"botocore.client", "importlib.metadata"}
"""Modules that take 10 ms or more."""

HEAVY_ALL_THE_SAME = {
    "admin": ROUTING | {"botocore.client", "importlib.metadata"},  # few call it, and by hand
    "deadline": BATCHES,
    "presence": BATCHES | {"botocore.client", "importlib.metadata"},  # nobody waits for it
    "status": ROUTING,
    "webhooks": {"botocore.client", "importlib.metadata"},
}


def may(resource: str, verb: str = "") -> set[str]:
    """Return the functions whose row grants them a resource, or one action on it."""
    return {
        row.name
        for row in FUNCTIONS
        if resource in row.grants and (not verb or verb in row.grants[resource])
    }


FOR_FLOODS = {"connect", "disconnect"}
"""Functions that close clients only when frames flood them; they import what that takes then."""

FOR_CLIENTS_WHO_STAY = {"open"}
"""Functions that read polling sessions only of clients that have one."""

OWN = {
    "roomcast_backend.inbound.commands": may("rooms", "DeleteItem") - {"access"},
    "roomcast_backend.inbound.handler": may("rooms", "DeleteItem") - {"access"},
    "roomcast_backend.fanout.broadcast": may("pages_queue", "SendMessage"),
    "roomcast_backend.fanout.sender": may("clients", "POST")
    & may("rooms", "Query") - {"access", "count"},
    "roomcast_backend.gateway.connections_api": may("clients") - FOR_FLOODS,
    "roomcast_backend.github": may("github_secret"),
    "roomcast_backend.polling": {"poll"},
    "roomcast_backend.protocol": (may("clients", "POST") | {"status"}) - FOR_FLOODS,
    "roomcast_backend.stores.polling": may("polling", "GetItem")
    - {"deadline"}
    - FOR_CLIENTS_WHO_STAY,
    "roomcast_backend.stores.rooms": may("rooms", "Query"),
}
"""Parts of the service, and the functions that they are for: those that are granted their use."""

PORT = re.compile(r"roomcast_backend\.(\w+\.)+ports?")
"""Protocols: they are for annotations, and a cold start does not load them."""

LAMBDA = {
    IN_LAMBDA: "on-demand",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "ROOMCAST_CALLBACK_URL": "https://api.example/prod",
    "ROOMCAST_EVENT_BUS": "bus",
    "ROOMCAST_IDEMPOTENCY_TABLE": "idempotency",
}

SCRIPT = """
import json, sys
import functions.{name}.handler
places = {{name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}}
{then}
print(json.dumps(places))
"""


def imported(name: str, *, then: str = "", **environment: str) -> dict[str, str | None]:
    """Return the modules that a fresh process has after importing a function, and their files.

    `then` is run after that; what it imports does not count unless it adds it to `places`.
    """
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name=name, then=then)],
        env={"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str | None] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", HANDLERS)
class TestImporting:
    def test_takes_what_the_function_uses(self, name: str) -> None:
        modules = imported(name)  # in an empty environment
        libraries = {
            module.partition(".")[0]
            for module, file in modules.items()
            if file and "site-packages" in file and not module.startswith("_")
        }
        assert libraries <= LIBRARIES.get(name, FEW)
        assert modules.keys() & HEAVY <= HEAVY_ALL_THE_SAME.get(name, set())
        assert not [module for module in modules if PORT.fullmatch(module)]
        assert {part for part in OWN if part in modules} == {
            part for part, users in OWN.items() if name in users
        }

    def test_in_lambda_prepares_the_first_invocation(self, name: str) -> None:
        then = (
            "from roomcast_backend.aws.http import tls; assert tls.verifying.cache_info().currsize"
        )
        assert imported(name, then=then, **LAMBDA)


class TestTokens:
    """PyJWT and cryptography are for key pairs only."""

    SECRET = "0123456789abcdef0123456789abcdef"

    VERIFY = """
from roomcast_backend.auth.tokens import TokenRules, verify
who = verify({token!r}, key_for=lambda _: {secret!r}, rules=TokenRules(algorithms=("HS256",)))
assert who.user_id == "u1"
places = dict.fromkeys(sys.modules)
"""

    def test_a_shared_secret_needs_no_library(self) -> None:
        claims = {"sub": "u1", "exp": int(time.time()) + 60, "token_type": "access"}
        token = jwt.encode(claims, self.SECRET, algorithm="HS256")
        modules = imported("connect", then=self.VERIFY.format(token=token, secret=self.SECRET))
        assert modules.keys().isdisjoint({"jwt", "cryptography"})

    @pytest.mark.parametrize(
        ("name", "setting", "needed"),
        [
            ("connect", {}, False),
            ("connect", {"ROOMCAST_JWT_ALGORITHM": "RS256"}, True),
            ("subscribe", {"ROOMCAST_JWT_ALGORITHM": "HS512"}, False),
            ("subscribe", {"ROOMCAST_JWKS_URL": "https://issuer.example/keys"}, True),
        ],
    )
    def test_is_imported_at_the_start_in_lambda(
        self, name: str, setting: dict[str, str], *, needed: bool
    ) -> None:
        modules = imported(name, **LAMBDA, **setting)
        assert ("jwt" in modules, "cryptography" in modules) == (needed, needed)
