"""Infra tests: the templates, synthesised once, in this process and without a network."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# jsii runs Node: the one of the virtual environment, before any other.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

from aws_cdk import App, Validations  # noqa: E402
from cdk_nag import AwsSolutionsChecks  # noqa: E402

from infra.app import assemble  # noqa: E402
from infra.packing import copy_code  # noqa: E402
from infra.settings import Settings  # noqa: E402

Resources = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Template:
    """A synthesised template."""

    path: Path
    body: dict[str, Any]

    def of(self, resource_type: str) -> Resources:
        """Return the resources of a type by their logical ids."""
        found: Resources = {
            name: resource
            for name, resource in self.body["Resources"].items()
            if resource["Type"] == resource_type
        }
        return found

    def properties(self, resource_type: str) -> list[dict[str, Any]]:
        """Return the properties of all resources of a type."""
        return [resource.get("Properties", {}) for resource in self.of(resource_type).values()]


@dataclass(frozen=True, slots=True)
class Assembly:
    """What one synthesis wrote."""

    folder: Path

    def template(self, name: str) -> Template:
        """Return a stack's template."""
        path = self.folder / f"{name}.template.json"
        return Template(path, json.loads(path.read_text()))


def synthesise(folder: Path, *, checks: bool = False, **settings: str) -> Assembly:
    """Synthesise the app from `cdk.json` with changed settings; raise what a check finds."""
    build = folder / "build"
    copy_code(build / "code")
    (build / "layer/python").mkdir(parents=True)
    (build / "layer/python/library.py").write_text("")
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html>")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(context={**context, **settings}, outdir=str(folder / "out"))
    assemble(app, settings=Settings.from_context(app.node), build=build, site=site)
    if checks:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
    return Assembly(folder / "out")


@pytest.fixture(scope="session")
def aws_assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Synthesise for AWS, with cdk-nag's AWS Solutions looking on."""
    return synthesise(tmp_path_factory.mktemp("aws"), checks=True)


@pytest.fixture(scope="session")
def service(aws_assembly: Assembly) -> Template:
    """Return the service's template for AWS."""
    return aws_assembly.template("Roomcast")


@pytest.fixture(scope="session")
def edge(aws_assembly: Assembly) -> Template:
    """Return the edge's template."""
    return aws_assembly.template("RoomcastEdge")


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the service's template for the emulator."""
    assembly = synthesise(tmp_path_factory.mktemp("local"), target="local")
    return assembly.template("Roomcast")


@pytest.fixture(scope="session")
def with_presence(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the service's template for AWS, with rooms that have presence."""
    folder = tmp_path_factory.mktemp("presence")
    kinds = {"room_kinds": '{"team": "authenticated"}', "presence_rooms": "project,team"}
    return synthesise(folder, checks=True, **kinds).template("Roomcast")


@pytest.fixture(autouse=True)
def no_network(socket_disabled: Iterator[None]) -> None:
    """Forbid sockets: synthesis asks nobody."""
