"""What the ARNs in settings have to look like, so that a wrong one is refused before a deployment.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

import re

_PARTITION = r"^$|^arn:aws[a-z-]*:"

SECRET = _PARTITION + r"secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+$"
KMS_KEY = _PARTITION + r"kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$"
"""A key's own ARN: a policy that names an alias does not match the key."""

EDGE_CERTIFICATE = _PARTITION + r"acm:us-east-1:\d{12}:certificate/[A-Za-z0-9-]+$"
"""CloudFront takes certificates and firewalls of us-east-1 alone."""

WEB_ACL = _PARTITION + r"wafv2:us-east-1:\d{12}:global/webacl/[A-Za-z0-9_-]+/[A-Za-z0-9-]+$"

SUFFIX = "-??????"
"""The six random characters at the end of a secret's ARN, as a policy's pattern."""


def of_secret(arn: str) -> list[str]:
    """Return the ARNs of a secret that was named with or without its six random characters.

    A name can end like these characters do; then both readings are allowed.
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """
    if re.search("-[A-Za-z0-9]{6}$", arn):
        return [arn, arn + SUFFIX]
    return [arn + SUFFIX]
