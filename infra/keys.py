"""The secrets: what tokens are signed with, and what GitHub signs webhooks with."""

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk.aws_secretsmanager import CfnSecret, Secret, SecretStringGenerator
from constructs import Construct

LENGTH = 64
"""Letters and digits; HS512 asks for 64 bytes (RFC 7518 section 3.2)."""


class Keys(Construct):
    """The ARNs of the secrets: those that were given, and generated ones for those that were not.

    `jwt_arn` is empty with a key set (`jwks_url`): there is no shared secret then.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        jwt_secret_arn: str,
        github_secret_arn: str,
        jwks_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.jwt_arn = ""
        if not jwks_url:
            self.jwt_arn = jwt_secret_arn or self._generate("Jwt", "Signs access tokens")
        self.github_arn = github_secret_arn or self._generate("Github", "Signs GitHub's webhooks")

    def _generate(self, name: str, purpose: str) -> str:
        secret = Secret(
            self,
            name,
            description=purpose,
            generate_secret_string=SecretStringGenerator(
                password_length=LENGTH, exclude_punctuation=True
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # `Id` is the ARN; so is `Ref` on AWS, while the emulator's is the name.
        return cast(CfnSecret, secret.node.default_child).attr_id
