"""The edge on AWS: one hostname for everything."""

import json
import re
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from infra import app
from infra.edge import HTTP_ORIGIN, choice_code
from infra.site import CHECK, KEEP, SiteMissing, built, content_security
from tests.infra.conftest import Template, synthesise


@pytest.fixture
def behaviors(edge: Template) -> dict[str, dict[str, Any]]:
    (distribution,) = edge.properties("AWS::CloudFront::Distribution")
    config = distribution["DistributionConfig"]
    found = {behavior["PathPattern"]: behavior for behavior in config["CacheBehaviors"]}
    return {**found, "default": config["DefaultCacheBehavior"]}


class TestSite:
    def test_its_policy_lets_nothing_in(self, edge: Template) -> None:
        policies = edge.properties("AWS::CloudFront::ResponseHeadersPolicy")
        assert len(policies) == 2
        for policy in policies:
            headers = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
            allowed = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]
            _, parts = allowed["Fn::Join"]
            before, bucket, after = parts
            assert f"{before}BUCKET{after}" == content_security("https://BUCKET")
            assert "RegionalDomainName" in bucket["Fn::ImportValue"]
            assert "unsafe" not in before + after

    def test_browsers_keep_what_never_changes_and_ask_for_the_rest(
        self, edge: Template, behaviors: dict[str, dict[str, Any]]
    ) -> None:
        policies = edge.of("AWS::CloudFront::ResponseHeadersPolicy")
        for path, cached in (("/assets/*", KEEP), ("default", CHECK)):
            policy = policies[behaviors[path]["ResponseHeadersPolicyId"]["Ref"]]
            config = policy["Properties"]["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]
            assert config["Items"] == [
                {"Header": "Cache-Control", "Value": cached, "Override": True}
            ]
            assert behaviors[path]["Compress"] is True

    def test_one_that_was_not_built_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(SiteMissing, match="make dashboard"):
            built(tmp_path)
        monkeypatch.setattr(app, "assemble", lambda *_, **__: built(tmp_path))
        monkeypatch.setattr(app, "fresh_bundle", lambda *_: nullcontext(tmp_path))
        with pytest.raises(SystemExit, match="The site is not built. Next: make dashboard"):
            app.main([])


class TestDistribution:
    def test_its_table(self, behaviors: dict[str, dict[str, Any]]) -> None:
        assert set(behaviors) == {
            "/ws",
            "/ws/*",
            "/socket.io/*",
            "/webhooks/*",
            "/api/*",
            "/health",
            "/assets/*",
            "default",
        }
        websocket = {"/ws", "/ws/*", "/socket.io/*"}
        http = {"/webhooks/*", "/api/*", "/health"}
        origins = [
            {behaviors[path]["TargetOriginId"] for path in paths}
            for paths in (websocket, http, {"default", "/assets/*"})
        ]
        assert [len(origin) for origin in origins] == [1, 1, 1]
        assert len(set().union(*origins)) == 3

    def test_apis_are_not_cached_and_get_everything_but_the_host(
        self, behaviors: dict[str, dict[str, Any]]
    ) -> None:
        for path, behavior in behaviors.items():
            if path not in ("default", "/assets/*"):
                assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
                assert behavior["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
                assert behavior["ViewerProtocolPolicy"] == "https-only"

    @pytest.mark.parametrize("path", ["/webhooks/*", "/ws", "/ws/*", "/socket.io/*"])
    def test_webhooks_and_polled_packets_can_be_posted(
        self, behaviors: dict[str, dict[str, Any]], path: str
    ) -> None:
        assert {"POST", "OPTIONS", "HEAD"} <= set(behaviors[path]["AllowedMethods"])

    def test_the_choice_is_made_on_all_paths_of_clients(
        self, behaviors: dict[str, dict[str, Any]]
    ) -> None:
        chosen = {path for path, each in behaviors.items() if "FunctionAssociations" in each}
        assert chosen == {"/ws", "/ws/*", "/socket.io/*"}
        for path in chosen:
            (association,) = behaviors[path]["FunctionAssociations"]
            assert association["EventType"] == "viewer-request"

    def test_the_origin_that_the_choice_names_is_the_http_api(
        self, edge: Template, behaviors: dict[str, dict[str, Any]]
    ) -> None:
        assert behaviors["/health"]["TargetOriginId"] == HTTP_ORIGIN
        (function,) = edge.properties("AWS::CloudFront::Function")
        code = json.dumps(function["FunctionCode"])
        (origin,) = [
            each
            for each in edge.properties("AWS::CloudFront::Distribution")[0]["DistributionConfig"][
                "Origins"
            ]
            if each["Id"] == HTTP_ORIGIN
        ]
        (api, *_rest) = re.findall(r"HttpApi[0-9A-F]{8}", json.dumps(origin["DomainName"]))
        assert f"selectRequestOriginById('{HTTP_ORIGIN}', {{ hostHeader: '" in code
        assert api in code
        assert "HTTP_" not in code
        assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"

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
            "DnsTarget",
        }

    def test_no_error_is_answered_to_another_client(self, edge: Template) -> None:
        (distribution,) = edge.properties("AWS::CloudFront::Distribution")
        errors = distribution["DistributionConfig"]["CustomErrorResponses"]
        assert {error["ErrorCachingMinTTL"] for error in errors} == {0}
        assert {error["ErrorCode"] for error in errors} == {
            *(400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
        }

    def test_names_that_count_for_the_account_hold_the_region(self, edge: Template) -> None:
        (function,) = edge.properties("AWS::CloudFront::Function")
        policies = edge.properties("AWS::CloudFront::ResponseHeadersPolicy")
        (access,) = edge.properties("AWS::CloudFront::OriginAccessControl")
        names = [
            function["Name"],
            *(policy["ResponseHeadersPolicyConfig"]["Name"] for policy in policies),
            access["OriginAccessControlConfig"]["Name"],
        ]
        for name in names:
            assert {"Ref": "AWS::Region"} in name["Fn::Join"][1]

    def test_the_longest_names_fit(self, edge: Template) -> None:
        longest = "x" * 40 + "-ap-southeast-1-choice"
        assert len(longest) <= 64
        assert re.fullmatch("[a-zA-Z0-9-_]{1,64}", longest)

    def test_has_no_firewall_of_its_own(self, edge: Template) -> None:
        (distribution,) = edge.properties("AWS::CloudFront::Distribution")
        assert "WebACLId" not in distribution["DistributionConfig"]
        assert edge.of("AWS::Route53::RecordSet") == {}


CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
WEB_ACL = (
    "arn:aws:wafv2:us-east-1:123456789012:global/webacl/mine/11111111-2222-3333-4444-555555555555"
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesise(
        tmp_path_factory.mktemp("own"),
        checks=True,
        edge_domain="events.example.com",
        edge_certificate_arn=CERTIFICATE,
        edge_hosted_zone_id="Z123456ABCDEFG",
        edge_hosted_zone_name="example.com",
        web_acl_arn=WEB_ACL,
    ).template("RoomcastEdge")


class TestOwnDomain:
    def test_is_entered_in_route_53_for_both_kinds_of_addresses(self, own: Template) -> None:
        records = own.properties("AWS::Route53::RecordSet")
        assert {record["Type"] for record in records} == {"A", "AAAA"}
        for record in records:
            assert record["Name"] == "events.example.com."
            assert record["HostedZoneId"] == "Z123456ABCDEFG"
            assert "DomainName" in json.dumps(record["AliasTarget"]["DNSName"])

    def test_outputs_name_it_and_what_it_points_to(self, own: Template) -> None:
        outputs = own.body["Outputs"]
        assert outputs["SiteUrl"]["Value"] == "https://events.example.com"
        assert outputs["DnsTarget"]["Value"]["Fn::GetAtt"][1] == "DomainName"

    def test_the_firewall_guards_it(self, own: Template) -> None:
        (distribution,) = own.properties("AWS::CloudFront::Distribution")
        assert distribution["DistributionConfig"]["WebACLId"] == WEB_ACL


HOST = "a1b2c3.execute-api.us-east-1.amazonaws.com"
POLLED = ("POST", "OPTIONS", "HEAD", "PUT")


def chosen(method: str, uri: str, **query: str) -> dict[str, Any]:
    """Return what the function makes of a request: its uri, its query and the origin it selects.

    The module `cloudfront`, which only CloudFront has, is played by a stub.
    """
    values = {name: {"value": value} for name, value in query.items()}
    request = {"method": method, "uri": uri, "querystring": values, "headers": {}}
    stub = """let origin = null;
let host = null;
const cf = { selectRequestOriginById: (id, more) => { origin = id; host = more.hostHeader; } };
"""
    source = choice_code(HOST).replace("import cf from 'cloudfront';", stub)
    script = f"""{source}
const event = {{ request: {json.dumps(request)} }};
const seen = handler(event);
console.log(JSON.stringify({{ ...seen, origin, host }}));
"""
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found.pop("method") == method
    assert found["querystring"] == values
    return found


class TestChoice:
    @pytest.mark.parametrize("uri", ["/ws", "/ws/", "/socket.io/", "/socket.io/anything"])
    @pytest.mark.parametrize(
        "query", [{}, {"token": "a"}, {"EIO": "4", "transport": "websocket", "sid": "b"}]
    )
    def test_a_websocket_goes_to_the_stage(self, uri: str, query: dict[str, str]) -> None:
        found = chosen("GET", uri, **query)
        assert (found["uri"], found["origin"]) == ("/ws", None)

    @pytest.mark.parametrize("uri", ["/ws", "/ws/", "/socket.io/", "/socket.io/anything"])
    def test_polling_goes_to_the_http_api(self, uri: str) -> None:
        found = chosen("GET", uri, EIO="4", transport="polling")
        assert (found["uri"], found["origin"]) == ("/socket.io/", HTTP_ORIGIN)
        assert found["host"] == HOST

    def test_so_does_an_unknown_transport_which_gets_an_error_it_can_read(self) -> None:
        assert chosen("GET", "/socket.io/", transport="webtransport")["origin"] == HTTP_ORIGIN

    @pytest.mark.parametrize("method", POLLED)
    def test_and_every_other_method(self, method: str) -> None:
        found = chosen(method, "/socket.io/", EIO="4", transport="polling", sid="a")
        assert (found["uri"], found["origin"]) == ("/socket.io/", HTTP_ORIGIN)
        assert chosen(method, "/ws")["origin"] == HTTP_ORIGIN

    def test_fits_into_a_function_of_cloudfront(self) -> None:
        assert len(choice_code(HOST).encode()) <= 10_000
