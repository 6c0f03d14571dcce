"""Settings of secrets that the deployment is given, instead of generated ones."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from infra import arns


class SecretSettings(BaseModel):
    """Which secrets the service uses."""

    jwt_secret_arn: str = Field(
        "",
        pattern=arns.SECRET,
        description="ARN of the secret that tokens are signed with, with or without its six random "
        "characters. Not set: one is generated.",
    )
    jwt_secret_kms_key_arn: str = Field(
        "",
        pattern=arns.KMS_KEY,
        description="ARN of the customer key that encrypts `jwt_secret_arn`; not set for AWS's own "
        "key.",
    )
    github_secret_arn: str = Field(
        "",
        pattern=arns.SECRET,
        description="ARN of the secret that GitHub signs webhooks with, with or without its six "
        "random characters. Not set: one is generated.",
    )
    github_secret_kms_key_arn: str = Field(
        "",
        pattern=arns.KMS_KEY,
        description="ARN of the customer key that encrypts `github_secret_arn`; not set for AWS's "
        "own key.",
    )

    @model_validator(mode="after")
    def _key_has_its_secret(self) -> Self:
        for name in ("jwt_secret", "github_secret"):
            if getattr(self, f"{name}_kms_key_arn") and not getattr(self, f"{name}_arn"):
                raise ValueError(f"{name}_kms_key_arn: expected {name}_arn, too")
        return self
