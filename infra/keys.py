"""The secrets: what tokens are signed with, and what GitHub signs webhooks with."""

from dataclasses import dataclass
from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk.aws_secretsmanager import CfnSecret, Secret, SecretStringGenerator
from constructs import Construct

from infra.settings import Settings

LENGTH = 64
"""Letters and digits; HS512 asks for 64 bytes (RFC 7518 section 3.2)."""


@dataclass(frozen=True, slots=True)
class Key:
    """A secret: generated, or given with the customer key that encrypts it, if one does."""

    arn: str
    generated: bool = False
    kms_key_arn: str = ""


class Keys(Construct):
    """The secrets: those that were given, and generated ones for those that were not.

    `jwt` is None with a key set (`jwks_url`): there is no shared secret then.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.jwt: Key | None = None
        if not settings.jwks_url:
            self.jwt = self._key(
                "Jwt",
                "Signs access tokens",
                given=settings.jwt_secret_arn,
                kms_key_arn=settings.jwt_secret_kms_key_arn,
            )
        self.github = self._key(
            "Github",
            "Signs GitHub's webhooks",
            given=settings.github_secret_arn,
            kms_key_arn=settings.github_secret_kms_key_arn,
        )

    def _key(self, name: str, purpose: str, *, given: str, kms_key_arn: str) -> Key:
        if given:
            return Key(given, kms_key_arn=kms_key_arn)
        return Key(self._generate(name, purpose), generated=True)

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
