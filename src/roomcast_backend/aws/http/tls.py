"""How servers are trusted: always verified, certificate and name."""

import os
import ssl
from functools import cache


@cache
def verifying() -> ssl.SSLContext:
    """Return the context for all connections: the machine's authorities, or `AWS_CA_BUNDLE`'s.

    The variable is the one that AWS's own tools read.
    https://docs.aws.amazon.com/sdkref/latest/guide/setting-global-ca_bundle.html
    """
    context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
