"""The routes that are deployed are those that docs/schema/openapi.json describes."""

from infra.http_api import ROUTES as DEPLOYED
from roomcast.schema.http_routes import ROUTES


def test_every_route_is_described_and_no_other() -> None:
    deployed = {(method.name.lower(), path) for method, path, _ in DEPLOYED}
    assert {(route.method, route.path) for route in ROUTES} == deployed
