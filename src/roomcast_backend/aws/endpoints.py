"""The URLs of AWS's services: from the environment, else from the region."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from roomcast_backend.aws.errors import ClientNotConfigured
from roomcast_backend.aws.http.origin import Origin

SUFFIXES = {
    "cn": "amazonaws.com.cn",
    "eu-isoe": "cloud.adc-e.uk",
    "eusc-de": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "us-isof": "csp.hci.ic.gov",
}
"""Domains by the prefix of a region's name; all other regions have `USUAL_SUFFIX`.

AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and an account's own endpoint of DynamoDB are not
supported: `AWS_ENDPOINT_URL_<SERVICE>` can name such an endpoint.
"""

USUAL_SUFFIX = "amazonaws.com"


class Service(NamedTuple):
    """The names of a service in requests.

    `name` is part of its host and of signatures, `variable` of `AWS_ENDPOINT_URL_<variable>`;
    `target` is the prefix of a JSON service's actions, `json` the version of that protocol.
    """

    name: str
    variable: str
    target: str = ""
    json: str = "1.0"


def region(service: Service, environment: Mapping[str, str] = os.environ) -> str:
    """Return the region to call; raise `ClientNotConfigured` without one. Lambda sets it."""
    found = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not found:
        raise ClientNotConfigured(service.name, "expected a region in AWS_REGION, found none")
    return found


def url(service: Service, region: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a service's URL, without a slash at its end.

    Raises `ClientNotConfigured` when the environment names a URL that may not be used.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    named = environment.get(f"AWS_ENDPOINT_URL_{service.variable}")
    named = named or environment.get("AWS_ENDPOINT_URL")
    if named:
        try:
            Origin.of(named)
        except ValueError as exc:
            raise ClientNotConfigured(service.name, f"AWS_ENDPOINT_URL: {exc}") from exc
        return named.rstrip("/")
    suffix = SUFFIXES.get(region.rsplit("-", 2)[0], USUAL_SUFFIX)
    return f"https://{service.name}.{region}.{suffix}"
