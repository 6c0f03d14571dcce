"""The CDK app: `python -m infra.app [--build FOLDER]`, as `cdk.json` and `local/stack.py` call it.

Synthesis is pure: it asks no account, no network and no clock. What it packs, `python -m
infra.bundle` has put into `<build>/<target>` before; `<build>` is `.build` unless it is named.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import App, Stack

from infra.acknowledged import acknowledge_edge, acknowledge_service
from infra.bundle import BUILD
from infra.edge import EdgeStack
from infra.settings import Settings
from infra.stack import ServiceStack
from infra.target import target_of


class NotBundled(RuntimeError):
    """There is nothing to deploy yet."""

    def __init__(self, build: Path) -> None:
        super().__init__(f"{build} is missing: run `make bundle` first")


def assemble(app: App, *, root: Path = BUILD) -> list[Stack]:
    """Put the stacks that the context asks for into `app`, built from the bundles in `root`.

    Raises `NotBundled`, and `pydantic.ValidationError` for a setting that cannot be used.
    """
    settings = Settings.from_context(app.node)
    target = target_of(settings)
    build = root / target.name
    if not build.is_dir():
        raise NotBundled(build)
    service = ServiceStack(app, "Roomcast", settings=settings, target=target, build=build)
    acknowledge_service(service)
    if not target.edge:
        return [service]
    edge = EdgeStack(
        app,
        "RoomcastEdge",
        stack_name=f"{settings.stack_name}Edge",
        websocket_host=target.host(service.websocket.api.api_id),
        http_host=target.host(service.http.api.api_id),
        domain=settings.edge_domain,
        certificate_arn=settings.edge_certificate_arn,
    )
    acknowledge_edge(edge)
    return [service, edge]


def main(arguments: Sequence[str] | None = None) -> None:
    """Synthesise the app from the bundles of the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Synthesise the stacks.")
    parser.add_argument("--build", type=Path, default=BUILD, help="the folder of the bundles")
    app = App()
    assemble(app, root=parser.parse_args(arguments).build)
    app.synth()


if __name__ == "__main__":
    main()
