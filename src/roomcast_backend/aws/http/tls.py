"""TLS that verifies the certificate and the host name of every server."""

import os
import ssl
from functools import cache


@cache
def verifying() -> ssl.SSLContext:
    """Return the context of all connections, which trusts the authorities of the machine.

    `AWS_CA_BUNDLE` names a file with other authorities; AWS's own tools read it too.
    https://docs.aws.amazon.com/sdkref/latest/guide/setting-global-ca_bundle.html
    """
    context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
