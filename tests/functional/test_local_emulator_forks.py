"""Functions on the emulator that hang, fail or die while their environments are made."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config

from tests.fakes.emulator import Emulator, archive_of, create_function, running

HANDLER = """
import importlib, os, time

IMPORTED_BY = os.getpid()

def handler(event, context):
    time.sleep(event.get("wait", 0))
    importlib.import_module(event.get("module", "first"))
    return {"imported_by": IMPORTED_BY, "pid": os.getpid()}
"""
GOOD = {"code.py": HANDLER, "first.py": "", "second.py": ""}
HANGS = {"code.py": "import time\ntime.sleep(1000)"}
FAILS = {"code.py": "import missing_module"}
WORKERS = 2
IMPATIENT = Config(read_timeout=20, retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator"), workers=WORKERS) as found:
        yield found


async def invoke(emulator: Emulator, name: str, **event: Any) -> dict[str, Any]:
    """Return what a function returns, or the error that it ends with."""
    request = {"FunctionName": name, "Payload": json.dumps(event)}
    functions = emulator.client("lambda", config=IMPATIENT)
    answer = await asyncio.to_thread(functions.invoke, **request)
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    return told


async def test_one_that_hangs_is_repaired_by_an_update_and_stops_no_other(
    emulator: Emulator,
) -> None:
    functions = emulator.client("lambda")
    create_function(emulator, HANGS, handler="code.handler", name="hangs")
    create_function(emulator, GOOD, handler="code.handler", name="other")
    for _ in range(2):
        functions.invoke(FunctionName="hangs", InvocationType="Event")
    await asyncio.sleep(1)
    assert "imported_by" in await invoke(emulator, "other")
    functions.update_function_code(FunctionName="hangs", ZipFile=archive_of(GOOD))
    assert "imported_by" in await invoke(emulator, "hangs")


async def test_one_that_fails_says_why_each_time(emulator: Emulator) -> None:
    create_function(emulator, FAILS, handler="code.handler", name="fails")
    for _ in range(3):
        assert "missing_module" in str(await invoke(emulator, "fails"))


async def test_those_of_an_environment_that_was_killed_go_on(emulator: Emulator) -> None:
    create_function(emulator, GOOD, handler="code.handler", name="killed", timeout=20)
    before = (await invoke(emulator, "killed"))["imported_by"]
    os.kill(before, signal.SIGKILL)
    both = (invoke(emulator, "killed", wait=3, module="second") for _ in range(2))
    told = {each.get("imported_by") for each in await asyncio.gather(*both)}
    assert before in told
    assert len(told - {before, None}) == 1


async def test_orders_about_access_wait_side_by_side(emulator: Emulator) -> None:
    files = {"functions/access/handler.py": HANDLER, "functions/__init__.py": "", "first.py": ""}
    handler = "functions.access.handler.handler"
    create_function(emulator, files, handler=handler, name="access", timeout=20)
    told = await asyncio.gather(*(invoke(emulator, "access", wait=3) for _ in range(2 * WORKERS)))
    assert len({each["pid"] for each in told}) == 2 * WORKERS
