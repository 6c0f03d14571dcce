"""The edge's stack: one hostname for everything, with the site.

    /ws, /ws/*, /socket.io/*          the WebSocket API, or the HTTP API for long polling
    /webhooks/*, /api/*, /health      the HTTP API
    everything else                   the site, in a private bucket

A stack of its own, so that the service deploys without it: for those who bring their own domain
and on one machine, where a proxy plays the same table.
"""

from pathlib import Path

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_cloudfront_origins import HttpOrigin, S3BucketOrigin
from aws_cdk.aws_route53 import AaaaRecord, ARecord, HostedZone, RecordTarget
from aws_cdk.aws_route53_targets import CloudFrontTarget
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption
from aws_cdk.aws_s3_deployment import BucketDeployment, Source
from constructs import Construct

from infra import http_api
from infra.edge_headers import headers_policy
from infra.logs import log_group
from infra.settings import Settings
from infra.site import ASSETS, CHECK, INDEX, KEEP
from infra.stack import add_tags
from infra.websocket_api import STAGE

CHOICE = Path(__file__).parent / "edge_choice.js"

HTTP_ORIGIN = "http-api"
"""The id of the HTTP API's origin, by which the choice selects it."""

CLIENT_PATHS = (f"/{STAGE}", f"/{STAGE}/*", "/socket.io/*")
API_PATHS = ("/webhooks/*", "/api/*", http_api.HEALTH)

CACHED_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""What CloudFront would answer to others for 10 s: one client's failed handshake, for example.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
"""


class EdgeStack(Stack):
    """CloudFront before both APIs and the site in a directory; both hosts are those of API Gateway.

    Pages may read large data at `data_host`, the bucket's.

    CloudFront's names count for the whole account: those that are given here hold stack and Region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        websocket_host: str,
        http_host: str,
        data_host: str,
        site: Path,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{settings.stack_name}Edge",
            description="Roomcast: one hostname",
        )
        self._settings = settings
        self._data_host = data_host
        self.bucket = Bucket(
            self,
            "Site",
            encryption=BucketEncryption.S3_MANAGED,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        origin = S3BucketOrigin.with_origin_access_control(
            self.bucket,
            origin_access_control=cloudfront.S3OriginAccessControl(
                self, "SiteAccess", origin_access_control_name=self._name("page")
            ),
        )
        websocket, http = _origin(websocket_host), _origin(http_host, HTTP_ORIGIN)
        choice = self._choice(http_host)
        domain = settings.edge_domain
        certificate = settings.edge_certificate_arn and Certificate.from_certificate_arn(
            self, "Certificate", settings.edge_certificate_arn
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=self.stack_name,
            default_root_object=INDEX,
            default_behavior=self._files(origin, "page", "SecurityHeaders", CHECK),
            additional_behaviors={
                f"/{ASSETS}/*": self._files(origin, "assets", "AssetsHeaders", KEEP),
                **{path: _uncached(websocket, choice) for path in CLIENT_PATHS},
                **{path: _uncached(http) for path in API_PATHS},
            },
            domain_names=[domain] if domain else None,
            certificate=certificate or None,
            # Without a certificate of one's own CloudFront takes no other choice than its own.
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021
            if certificate
            else None,
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0))
                for status in CACHED_ERRORS
            ],
            web_acl_id=settings.web_acl_arn or None,
        )
        self.upload = self._upload(site)
        if settings.edge_hosted_zone_id:
            self._enter_domain()
        self._add_outputs(domain or self.distribution.distribution_domain_name)
        add_tags(self, settings)

    def _name(self, purpose: str) -> str:
        """Return a name that is unique in the account, of at most 64 characters."""
        return f"{self._settings.stack_name}-{self.region}-{purpose}"

    def _enter_domain(self) -> None:
        """Enter the domain in its Route 53 zone, for IPv4 and IPv6."""
        zone = HostedZone.from_hosted_zone_attributes(
            self,
            "Zone",
            hosted_zone_id=self._settings.edge_hosted_zone_id,
            zone_name=self._settings.edge_hosted_zone_name.rstrip("."),
        )
        target = RecordTarget.from_alias(CloudFrontTarget(self.distribution))
        name = self._settings.edge_domain
        ARecord(self, "Ipv4", zone=zone, record_name=name, target=target)
        AaaaRecord(self, "Ipv6", zone=zone, record_name=name, target=target)

    def _files(
        self, origin: cloudfront.IOrigin, purpose: str, headers_id: str, cache_control: str
    ) -> cloudfront.BehaviorOptions:
        """Serve files of the site, which browsers keep as `cache_control` says."""
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            response_headers_policy=headers_policy(
                self,
                headers_id,
                name=self._name(purpose),
                data_host=self._data_host,
                cache_control=cache_control,
            ),
        )

    def _choice(self, http_host: str) -> cloudfront.FunctionAssociation:
        """Add the function that chooses between the APIs.

        It names the host, too: which origin's host is sent when none is named is not clear.
        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html
        """
        choice = cloudfront.Function(
            self,
            "Choice",
            function_name=self._name("choice"),
            comment="Polling to the HTTP API, WebSockets to their own",
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            code=cloudfront.FunctionCode.from_inline(choice_code(http_host)),
        )
        return cloudfront.FunctionAssociation(
            function=choice, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
        )

    def _upload(self, site: Path) -> BucketDeployment:
        """Put the site into the bucket with each deployment, and take it out with the stack.

        The CDK's own way: it needs a function of its own, but no second command after
        `cdk deploy`, and it invalidates what CloudFront has cached.
        """
        return BucketDeployment(
            self,
            "Upload",
            sources=[Source.asset(str(site))],
            destination_bucket=self.bucket,
            distribution=self.distribution,
            retain_on_delete=False,
            log_group=log_group(self, "UploadLogs", days=self._settings.log_retention_days),
        )

    def _add_outputs(self, host: str) -> None:
        outputs = {
            "SiteUrl": f"https://{host}",
            "WebSocketUrl": f"wss://{host}/{STAGE}",
            "WebhookUrl": f"https://{host}{http_api.WEBHOOK}",
            "StatsUrl": f"https://{host}{http_api.STATS}",
            "HealthUrl": f"https://{host}{http_api.HEALTH}",
            "DnsTarget": self.distribution.distribution_domain_name,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def choice_code(http_host: str) -> str:
    """Return the function's code for the HTTP API at this host."""
    code = CHOICE.read_text()
    return code.replace("HTTP_ORIGIN", HTTP_ORIGIN).replace("HTTP_HOST", http_host)


def _origin(host: str, origin_id: str | None = None) -> HttpOrigin:
    return HttpOrigin(
        host, origin_id=origin_id, origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2]
    )


def _uncached(
    origin: HttpOrigin, *functions: cloudfront.FunctionAssociation
) -> cloudfront.BehaviorOptions:
    """Pass everything on but Host, by which API Gateway finds the API; handshakes too.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
    """
    return cloudfront.BehaviorOptions(
        origin=origin,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        function_associations=list(functions) or None,
    )
