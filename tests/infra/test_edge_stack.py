"""The edge on AWS: one hostname for everything."""

import json
import subprocess
from typing import Any

import pytest

from infra.edge import REWRITE
from tests.infra.conftest import Template


@pytest.fixture
def behaviors(edge: Template) -> dict[str, dict[str, Any]]:
    (distribution,) = edge.properties("AWS::CloudFront::Distribution")
    config = distribution["DistributionConfig"]
    found = {behavior["PathPattern"]: behavior for behavior in config["CacheBehaviors"]}
    return {**found, "default": config["DefaultCacheBehavior"]}


class TestDistribution:
    def test_its_table(self, behaviors: dict[str, dict[str, Any]]) -> None:
        assert set(behaviors) == {
            "/ws",
            "/socket.io/*",
            "/webhooks/*",
            "/api/*",
            "/health",
            "default",
        }
        websocket = {"/ws", "/socket.io/*"}
        http = {"/webhooks/*", "/api/*", "/health"}
        origins = [
            {behaviors[path]["TargetOriginId"] for path in paths}
            for paths in (websocket, http, {"default"})
        ]
        assert [len(origin) for origin in origins] == [1, 1, 1]
        assert len(set().union(*origins)) == 3

    def test_apis_are_not_cached_and_get_everything_but_the_host(
        self, behaviors: dict[str, dict[str, Any]]
    ) -> None:
        for path, behavior in behaviors.items():
            if path != "default":
                assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
                assert behavior["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
                assert behavior["ViewerProtocolPolicy"] == "https-only"

    def test_webhooks_can_be_posted(self, behaviors: dict[str, dict[str, Any]]) -> None:
        assert "POST" in behaviors["/webhooks/*"]["AllowedMethods"]

    def test_the_bucket_is_private(self, edge: Template) -> None:
        (bucket,) = edge.properties("AWS::S3::Bucket")
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}

    def test_outputs(self, edge: Template) -> None:
        assert set(edge.body["Outputs"]) >= {
            "SiteUrl",
            "WebSocketUrl",
            "WebhookUrl",
            "StatsUrl",
            "HealthUrl",
        }


class TestRewrite:
    @pytest.mark.parametrize("uri", ["/socket.io/", "/socket.io/anything"])
    def test_leads_to_the_stage_and_keeps_the_query(self, uri: str) -> None:
        request = {"uri": uri, "querystring": {"EIO": {"value": "4"}}}
        script = (
            REWRITE.read_text()
            + f"\nconsole.log(JSON.stringify(handler({json.dumps({'request': request})})))"
        )
        done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == {**request, "uri": "/ws"}
