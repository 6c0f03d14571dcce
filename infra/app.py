"""The CDK app: `python -m infra.app [--build FOLDER]`, as `cdk.json` and `local/stack.py` call it.

What it packs lies in `<build>/<target>`, which it makes when it is missing or stale
(infra/bundle.py); `<build>` is `.build` unless it is named. The rest of the synthesis is pure:
it asks no account, no network and no clock. Everything that it says goes to stderr.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import App, Stack
from pydantic import ValidationError

from infra.acknowledged import acknowledge_edge, acknowledge_service
from infra.bundle import BUILD, CANNOT_BUNDLE, fresh_bundle
from infra.edge import EdgeStack
from infra.settings import Settings, problems
from infra.site import SITE, SiteMissing, built
from infra.stack import ServiceStack
from infra.target import target_of


def assemble(app: App, *, settings: Settings, build: Path, site: Path = SITE) -> list[Stack]:
    """Put the stacks that the settings ask for into `app`, with the bundle in `build`.

    Raises `SiteMissing` when there is to be an edge and its site was not built.
    """
    target = target_of(settings)
    service = ServiceStack(app, "Roomcast", settings=settings, target=target, build=build)
    acknowledge_service(service)
    if not target.edge:
        return [service]
    edge = EdgeStack(
        app,
        "RoomcastEdge",
        settings=settings,
        websocket_host=target.host(service.websocket.api.api_id),
        http_host=target.host(service.http.api.api_id),
        data_host=service.data.bucket_regional_domain_name,
        site=built(site),
    )
    acknowledge_edge(edge)
    return [service, edge]


def main(arguments: Sequence[str] | None = None) -> None:
    """Synthesise the app; end with a sentence if a setting or the bundle does not allow it."""
    parser = argparse.ArgumentParser(description="Synthesise the stacks.")
    parser.add_argument("--build", type=Path, default=BUILD, help="the folder of the bundles")
    build = parser.parse_args(arguments).build
    app = App()
    try:
        settings = Settings.from_context(app.node)
        with fresh_bundle(settings.target, build) as folder:
            assemble(app, settings=settings, build=folder)
            app.synth()
    except ValidationError as exc:
        sys.exit(problems(exc))
    except SiteMissing as exc:
        sys.exit(str(exc))
    except CANNOT_BUNDLE as exc:
        sys.exit(f"The functions cannot be packed: {exc}")


if __name__ == "__main__":
    main()
