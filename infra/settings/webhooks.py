"""Settings of GitHub's webhooks."""

from pydantic import BaseModel, Field

from infra.settings.limits import BODY


class WebhookSettings(BaseModel):
    """What a webhook may be."""

    max_webhook_bytes: int = Field(
        BODY,
        ge=1024,
        le=BODY,
        description="Size of a webhook's body; a larger one gets 413. At most 2000000: inside the "
        "6 MB of Lambda's request a body can take three times its size.",
    )
