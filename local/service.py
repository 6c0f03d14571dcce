"""The local service as a whole: start it, watch it, stop it."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from local import demo, directory_lock, endpoints, environment, ready, stack, started, traffic
from local.endpoints import Endpoints
from local.parts import Parts
from local.ports import check_free
from local.processes import AlreadyRunning
from local.steps import Progress, side_by_side

EMULATOR: Final = (sys.executable, "-m", "local.emulator")
EDGE: Final = (sys.executable, "-m", "local.edge")


class Service(Parts):
    """The emulator and the edge, and what has to happen between their starts."""

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the directory for a start, until the service runs or is stopped again.

        Raises `AlreadyRunning`, `PortTaken`, or `DirectoryBusy` while another command starts it.
        """
        if self.complete():
            raise self._already_running()
        with directory_lock.hold(self._settings.directory):
            if self.running():
                raise self._already_running()
            check_free(self._settings.port, "ROOMCAST_PORT")
            check_free(self._settings.aws_port, "ROOMCAST_AWS_PORT")
            yield

    async def start(self, progress: Progress) -> Endpoints:
        """Bring it up and return its endpoints, which are in `endpoints.json` too.

        Raises `StepFailed`. What it started before a failure keeps running: the caller stops it.
        """
        progress.say(f"emulator: MiniStack on {self._settings.aws_url}")
        self._start_emulator()
        bringing_up = self._bring_up(progress)
        async with side_by_side(bringing_up, ready.until_gone(self.emulator)) as tasks:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            described: Endpoints = ended.pop().result()
        return described

    def start_demo(self, described: Endpoints) -> None:
        """Publish the demo's events from now on; nothing depends on this process."""
        variables = {
            **environment.base(),
            "ROOMCAST_ENDPOINTS": str(self._settings.endpoints_file),
        }
        self.demo.stop()  # of a service that was killed
        self.demo.start(traffic.command(described), variables)

    async def watch(self) -> None:
        """Raise `StepFailed` as soon as a part of it has ended by itself."""
        await ready.until_gone(self.emulator, self.edge)

    def _already_running(self) -> AlreadyRunning:
        return AlreadyRunning(f"it runs already ({self._settings.directory}): `make down` first")

    async def _bring_up(self, progress: Progress) -> Endpoints:
        settings = self._settings
        async with side_by_side(self._bootstrap(progress), self._synth(progress)) as tasks:
            await asyncio.gather(*tasks)
        progress.say("deploy: the stack, with CloudFormation")
        outputs = await stack.deploy(settings)
        progress.say(f"edge: {settings.site_url}")
        await self._start_edge(outputs)
        progress.say(f"demo: the repository {demo.REPOSITORY} and its project")
        described = endpoints.describe(settings, outputs, demo.prepare(settings, outputs))
        endpoints.write(settings, described)
        return described

    def _start_emulator(self) -> None:
        self.remove_state()  # of a service that was killed
        started.write(self._settings)
        self.scratch.mkdir(parents=True)
        self.emulator.start(EMULATOR, environment.for_emulator(self._settings))

    async def _bootstrap(self, progress: Progress) -> None:
        url = f"{self._settings.aws_url}/_ministack/ready"
        await ready.until_answers(url, log=self.emulator.log)
        progress.say("bootstrap: what the CDK deploys with")
        await stack.bootstrap(self._settings)

    async def _synth(self, progress: Progress) -> None:
        progress.say("synth: the functions' code and the stack's template")
        await stack.synth(self._settings)

    async def _start_edge(self, outputs: dict[str, str]) -> None:
        """Start the edge; it is ready when the service's health arrives through it."""
        self.edge.start(
            [*EDGE, outputs["WebSocketUrl"], outputs["HttpUrl"]],
            {**environment.base(), "ROOMCAST_PORT": str(self._settings.port)},
        )
        # Through the edge answers a function, whose log is in the emulator's.
        await ready.until_answers(f"{self._settings.site_url}/health", log=self.emulator.log)
