"""Settings of tokens: how they are verified."""

from typing import Literal

from pydantic import BaseModel, Field


class TokenSettings(BaseModel):
    """What a token must be."""

    jwks_url: str = Field(
        "",
        pattern="^$|^https://|^http://127\\.0\\.0\\.1",
        description="URL of a JSON Web Key Set to verify tokens with. Set: no shared secret.",
    )
    jwt_algorithm: Literal["HS256", "HS384", "HS512"] = Field(
        "HS256", description="Algorithm of tokens with the shared secret."
    )
    jwt_audience: str = Field("", description="Audience (`aud`) that tokens must name.")
    jwt_issuer: str = Field("", description="Issuer (`iss`) that tokens must name.")
    projects_without_claim: Literal["none", "all"] = Field(
        "none", description="Projects that a token without a `projects` claim opens."
    )
