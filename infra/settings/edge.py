"""Settings of the edge: its domain, certificate and firewall."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from infra import arns


class EdgeSettings(BaseModel):
    """Under which name the edge is reached."""

    edge_domain: str = Field("", description="Domain name of the edge, `events.example.com`.")
    edge_certificate_arn: str = Field(
        "",
        pattern=arns.EDGE_CERTIFICATE,
        description="ARN of the certificate for `edge_domain`, in us-east-1.",
    )
    edge_hosted_zone_id: str = Field(
        "",
        pattern="^$|^Z[A-Z0-9]+$",
        description="Route 53's zone in which `edge_domain` is entered. Not set: enter it "
        "yourself, as a CNAME of the output `DnsTarget`.",
    )
    edge_hosted_zone_name: str = Field("", description="Name of that zone, `example.com`.")
    web_acl_arn: str = Field(
        "",
        pattern=arns.WEB_ACL,
        description="ARN of the firewall (AWS WAF web ACL) of the edge, in us-east-1.",
    )

    @model_validator(mode="after")
    def _domain_has_certificate(self) -> Self:
        if bool(self.edge_domain) != bool(self.edge_certificate_arn):
            raise ValueError("edge_domain and edge_certificate_arn: expected both or neither")
        return self

    @model_validator(mode="after")
    def _domain_is_in_its_zone(self) -> Self:
        zone = self.edge_hosted_zone_name.rstrip(".")
        if bool(zone) != bool(self.edge_hosted_zone_id):
            raise ValueError("edge_hosted_zone_id and edge_hosted_zone_name: both or neither")
        if zone and not f".{self.edge_domain}".endswith(f".{zone}"):
            raise ValueError("edge_hosted_zone_name: expected the zone of edge_domain")
        return self
