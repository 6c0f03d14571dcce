"""Where the services of AWS are, told by the environment or else by the region."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from roomcast_backend.aws.errors import NotSent
from roomcast_backend.aws.http.origin import Origin

SUFFIXES = {
    "cn": "amazonaws.com.cn",
    "eu-isoe": "cloud.adc-e.uk",
    "eusc-de": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "us-isof": "csp.hci.ic.gov",
}
"""Domains by how a region's name begins; all other regions have the usual one.

FIPS and dual-stack endpoints are not known by AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT,
nor an account's own endpoint of DynamoDB: `AWS_ENDPOINT_URL_<SERVICE>` can name them.
"""

USUAL_SUFFIX = "amazonaws.com"


class Service(NamedTuple):
    """A service as requests name it.

    `name` stands in its host and in signatures, `variable` in `AWS_ENDPOINT_URL_<variable>`;
    `target` is what actions of a JSON service are prefixed with, `json` that protocol's version.
    """

    name: str
    variable: str
    target: str = ""
    json: str = "1.0"


def region(service: Service, environment: Mapping[str, str] = os.environ) -> str:
    """Return the region to call; raise `NotSent` when nothing names it. Lambda always does."""
    found = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not found:
        raise NotSent(service.name, "expected a region in AWS_REGION, found none")
    return found


def url(service: Service, region: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a service's URL, without a slash at its end; raise `NotSent` for one that is none.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    named = environment.get(f"AWS_ENDPOINT_URL_{service.variable}")
    named = named or environment.get("AWS_ENDPOINT_URL")
    if named:
        try:
            Origin.of(named)
        except ValueError as exc:
            raise NotSent(service.name, f"AWS_ENDPOINT_URL: {exc}") from exc
        return named.rstrip("/")
    suffix = SUFFIXES.get(region.rsplit("-", 2)[0], USUAL_SUFFIX)
    return f"https://{service.name}.{region}.{suffix}"
