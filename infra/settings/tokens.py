"""Settings of tokens: how they are verified."""

from typing import Literal

from pydantic import BaseModel, Field

from infra.settings.values import Claim, Listed


class TokenSettings(BaseModel):
    """What a token must be."""

    jwks_url: str = Field(
        "",
        pattern=r"^$|^https://[^/\s]+/|^http://127\.0\.0\.1(:\d+)?/",
        description="URL of a JSON Web Key Set to verify tokens with. Set: no shared secret.",
    )
    jwt_algorithm: Literal["HS256", "HS384", "HS512"] = Field(
        "HS256", description="Algorithm of tokens with the shared secret."
    )
    jwt_audience: Listed = Field(
        "",
        description="Audience (`aud`, or `client_id` where there is no `aud`) that tokens must "
        "name; several: comma-separated, one suffices.",
    )
    jwt_issuer: Listed = Field(
        "", description="Issuer (`iss`) that tokens must name; several: comma-separated."
    )
    jwt_leeway: int = Field(
        30,
        ge=0,
        le=300,
        description="Seconds by which the clocks of issuer and service may differ: `exp` counts so "
        "much longer, `nbf` and `iat` so much earlier.",
    )
    longest_token_life: int = Field(
        720,
        ge=1,
        le=87600,
        description="Hours that a revocation of tokens is kept: at least as many as any token "
        "lives. One that lives longer is good again after that.",
    )
    jwt_user_claim: Claim = Field(
        "sub", description="Claim with the user's id. `oid` for Microsoft Entra."
    )
    jwt_role_claim: Claim = Field(
        "role",
        description="Claim with the role: text or a list. A dot leads into an object "
        "(`realm_access.roles`); a claim's name may be a URL.",
    )
    jwt_projects_claim: Claim = Field(
        "projects", description="Claim with the projects: a list, or ids with spaces between them."
    )
    jwt_agents_claim: Claim = Field("agents", description="Claim with the agents, likewise.")
    jwt_rooms_claim: Claim = Field(
        "rooms",
        description="Claim with further rooms, likewise: `project:atlas`, or `project:at*` for all "
        "that begin so.",
    )
    jwt_tenant_claim: str = Field(
        "",
        pattern=r"^[^\s,]*$",
        description="Claim with the id of the tenant to whom all rooms of the token belong. Not "
        "set: there are no tenants.",
    )
    jwt_admin_role: str = Field(
        "admin", pattern=r"^\S+$", description="Role that may join every room and read statistics."
    )
    jwt_token_type: str = Field(
        "",
        pattern="^$|^[^=]+=[^=]+$",
        description="Claim by which an access token is known, `claim=value`. Not set: "
        "`token_type=access`; with `jwks_url` also those of Amazon Cognito and Keycloak, and with "
        "`jwt_audience` tokens without any, as of Auth0 and Microsoft Entra.",
    )
    projects_without_claim: Literal["none", "all"] = Field(
        "none", description="Projects that a token without a `projects` claim opens."
    )
