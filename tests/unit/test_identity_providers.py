"""Access tokens in the shapes that identity providers document, each with its settings.

Amazon Cognito: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
Auth0: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
Keycloak: https://www.keycloak.org/docs/latest/server_admin/
Microsoft Entra: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from roomcast_backend.auth import verification_keys
from roomcast_backend.auth.key_set_cache import KeySetCache
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import principal_of
from roomcast_backend.model.access import Grant, Principal
from roomcast_backend.settings import settings

KEY = rsa.generate_private_key(65537, 2048)
KID = "2f1c9d"
UUID = "7D0F3C1E-5B0A-4C59-9A57-2F6B8F1D4E00"
BODY = json.dumps(
    {"keys": [dict(RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)) | {"kid": KID}]}
).encode()

Verify = Callable[..., Principal]


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Verify]:
    """Return a call that verifies claims under settings."""
    key_set = KeySetCache(lambda: BODY)
    monkeypatch.setattr(verification_keys, "_key_set", lambda _url: key_set)

    def check(claims: dict[str, Any], headers: dict[str, Any], **chosen: str) -> Principal:
        for name, value in ({"jwks_url": "https://issuer.example/keys"} | chosen).items():
            monkeypatch.setenv(f"ROOMCAST_{name.upper()}", value)
        settings.cache_clear()
        return principal_of(jwt.encode(claims, KEY, "RS256", headers={"kid": KID} | headers))

    yield check
    settings.cache_clear()


def times() -> dict[str, int]:
    now = int(time.time())
    return {"iat": now, "exp": now + 3600}


def cognito(**changes: Any) -> dict[str, Any]:
    return {
        **times(),
        "sub": UUID.lower(),
        "cognito:groups": ["atlas", "roomcast-admins"],
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example",
        "version": 2,
        "client_id": "1example23456789",
        "origin_jti": UUID,
        "event_id": UUID,
        "token_use": "access",
        "scope": "openid roomcast/events",
        "auth_time": int(time.time()),
        "jti": UUID,
        "username": "ada",
        **changes,
    }


COGNITO = {
    "jwt_issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example",
    "jwt_audience": "1example23456789",
    "jwt_projects_claim": "cognito:groups",
    "jwt_role_claim": "cognito:groups",
    "jwt_admin_role": "roomcast-admins",
}


class TestCognito:
    def test_an_access_token(self, verify: Verify) -> None:
        ada = verify(cognito(), {"alg": "RS256"}, **COGNITO)
        assert ada.user_id == UUID.lower()
        assert ada.is_admin
        assert ada.projects.covers("atlas")

    @pytest.mark.parametrize(
        "changes",
        [
            {"token_use": "id", "aud": "1example23456789"},
            {"client_id": "another"},
            {"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_other"},
        ],
    )
    def test_another_token(self, verify: Verify, changes: dict[str, Any]) -> None:
        with pytest.raises(TokenRefused):
            verify(cognito(**changes), {}, **COGNITO)

    def test_a_user_in_no_group(self, verify: Verify) -> None:
        claims = {name: value for name, value in cognito().items() if name != "cognito:groups"}
        ada = verify(claims, {}, **COGNITO)
        assert (ada.is_admin, ada.projects) == (False, Grant())


def auth0(**changes: Any) -> dict[str, Any]:
    return {
        **times(),
        "iss": "https://tenant.auth0.com/",
        "sub": "auth0|6553da60a54af58e29493993",
        "aud": ["https://events.example.com", "https://tenant.auth0.com/userinfo"],
        "azp": "my_client_id",
        "scope": "openid profile",
        "https://example.com/projects": ["atlas", "hermes"],
        "https://example.com/role": "admin",
        **changes,
    }


AUTH0 = {
    "jwt_issuer": "https://tenant.auth0.com/",
    "jwt_audience": "https://events.example.com",
    "jwt_projects_claim": "https://example.com/projects",
    "jwt_role_claim": "https://example.com/role",
}


class TestAuth0:
    @pytest.mark.parametrize("headers", [{"typ": "JWT"}, {"typ": "at+jwt"}])
    def test_an_access_token(self, verify: Verify, headers: dict[str, Any]) -> None:
        ada = verify(auth0(), headers, **AUTH0)
        assert ada.user_id == "auth0|6553da60a54af58e29493993"
        assert ada.is_admin
        assert ada.projects.ids == {"atlas", "hermes"}

    def test_projects_with_spaces_between(self, verify: Verify) -> None:
        ada = verify(auth0(**{"https://example.com/projects": "atlas hermes"}), {}, **AUTH0)
        assert ada.projects.ids == {"atlas", "hermes"}

    def test_an_id_token(self, verify: Verify) -> None:
        with pytest.raises(TokenRefused):
            verify(auth0(aud="my_client_id", nonce="x"), {}, **AUTH0)

    def test_without_an_audience_it_might_be_an_id_token(self, verify: Verify) -> None:
        without = AUTH0 | {"jwt_audience": ""}
        with pytest.raises(TokenRefused, match="access token"):
            verify(auth0(), {}, **without)


def keycloak(**changes: Any) -> dict[str, Any]:
    return {
        **times(),
        "jti": "onrtac:f73a4a37-9550-4f88-97ef-3b45abee06f1",
        "iss": "https://sso.example.com/realms/main",
        "aud": "account",
        "sub": f"f:{UUID.lower()}:Jürgen",
        "typ": "Bearer",
        "azp": "web",
        "sid": UUID,
        "acr": "1",
        "allowed-origins": ["https://app.example.com"],
        "realm_access": {"roles": ["offline_access", "default-roles-main", "roomcast-admin"]},
        "resource_access": {
            "account": {"roles": ["view-profile"]},
            "roomcast.api": {"roles": ["atlas", "hermes"]},
        },
        "scope": "openid profile",
        "preferred_username": "ada",
        **changes,
    }


KEYCLOAK = {
    "jwt_issuer": "https://sso.example.com/realms/main",
    "jwt_role_claim": "realm_access.roles",
    "jwt_admin_role": "roomcast-admin",
    "jwt_projects_claim": "resource_access.roomcast.api.roles",
}


class TestKeycloak:
    def test_an_access_token(self, verify: Verify) -> None:
        ada = verify(keycloak(), {}, **KEYCLOAK)
        assert ada.user_id == f"f%3A{UUID.lower()}%3AJ%C3%BCrgen"
        assert ada.is_admin
        assert ada.projects.ids == {"atlas", "hermes"}

    def test_a_readable_user(self, verify: Verify) -> None:
        chosen = KEYCLOAK | {"jwt_user_claim": "preferred_username"}
        assert verify(keycloak(), {}, **chosen).user_id == "ada"

    @pytest.mark.parametrize("kind", ["ID", "Refresh", "Offline", "Logout", None])
    def test_another_type(self, verify: Verify, kind: str | None) -> None:
        with pytest.raises(TokenRefused, match="access token"):
            verify(keycloak(typ=kind), {}, **KEYCLOAK)

    @pytest.mark.parametrize("access", [None, {}, [], "x", {"roles": None}, {"roles": "none"}])
    def test_no_roles(self, verify: Verify, access: Any) -> None:
        assert not verify(keycloak(realm_access=access), {}, **KEYCLOAK).is_admin


def entra(**changes: Any) -> dict[str, Any]:
    return {
        **times(),
        "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
        "iss": "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
        "nbf": int(time.time()),
        "azp": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "azpacr": "0",
        "name": "Ada Lovelace",
        "oid": UUID,
        "preferred_username": "ada@example.com",
        "rh": "0.AXkA",
        "roles": ["Roomcast.Admin"],
        "scp": "Events.Read atlas",
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        "tid": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "uti": "x",
        "ver": "2.0",
        **changes,
    }


ENTRA = {
    "jwt_issuer": "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0,"
    "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/",
    "jwt_audience": "6e74172b-be56-4843-9ff4-e66a39bb12e3,api://roomcast",
    "jwt_user_claim": "oid",
    "jwt_role_claim": "roles",
    "jwt_admin_role": "Roomcast.Admin",
    "jwt_projects_claim": "scp",
}


class TestEntra:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {
                "ver": "1.0",
                "aud": "api://roomcast",
                "iss": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/",
            },
        ],
    )
    def test_an_access_token(self, verify: Verify, changes: dict[str, Any]) -> None:
        ada = verify(entra(**changes), {"typ": "JWT", "x5t": KID}, **ENTRA)
        assert ada.user_id == UUID.lower()
        assert ada.is_admin
        assert ada.projects.covers("atlas")

    def test_a_token_for_another_service(self, verify: Verify) -> None:
        with pytest.raises(TokenRefused):
            verify(entra(aud="00000003-0000-0000-c000-000000000000"), {}, **ENTRA)

    def test_the_admins_of_others_are_none_here(self, verify: Verify) -> None:
        assert not verify(entra(roles=["admin"]), {}, **ENTRA).is_admin


class TestTokenType:
    @pytest.mark.parametrize(
        ("claims", "accepted"),
        [
            ({"token_type": "access"}, True),
            ({"token_use": "access"}, True),
            ({"typ": "Bearer"}, True),
            ({"token_type": "access", "typ": "Bearer"}, True),
            ({}, False),
            ({"token_type": "refresh"}, False),
            ({"token_type": "access", "token_use": "id"}, False),
            ({"token_type": None}, False),
        ],
    )
    def test_without_a_setting(
        self, verify: Verify, claims: dict[str, Any], *, accepted: bool
    ) -> None:
        given = {**times(), "sub": "u1", **claims}
        if accepted:
            assert verify(given, {}).user_id == "u1"
            return
        with pytest.raises(TokenRefused, match="access token"):
            verify(given, {})

    @pytest.mark.parametrize(
        ("claims", "accepted"),
        [
            ({"use": {"kind": "api"}}, True),
            ({"use": {"kind": "id"}}, False),
            ({"token_type": "access"}, False),
        ],
    )
    def test_with_a_setting(
        self, verify: Verify, claims: dict[str, Any], *, accepted: bool
    ) -> None:
        given = {**times(), "sub": "u1", **claims}
        if accepted:
            assert verify(given, {}, jwt_token_type="use.kind=api").user_id == "u1"
            return
        with pytest.raises(TokenRefused, match="access token"):
            verify(given, {}, jwt_token_type="use.kind=api")


class TestRole:
    @pytest.mark.parametrize(
        ("claims", "admin"),
        [
            ({"role": "admin"}, True),
            ({"role": ["user", "admin"]}, True),
            ({"role": "account admin"}, False),
            ({"role": "Admin"}, False),
            ({"role": [["admin"]]}, False),
            ({"role": {"admin": True}}, False),
        ],
    )
    def test_of_the_contract(self, verify: Verify, claims: Any, *, admin: bool) -> None:
        given = {**times(), "sub": "u1", "token_type": "access", **claims}
        assert verify(given, {}).is_admin == admin

    def test_in_a_claim_with_spaces(self, verify: Verify) -> None:
        given = {**times(), "sub": "u1", "token_type": "access", "scope": "openid roomcast:admin"}
        chosen = {"jwt_role_claim": "scope", "jwt_admin_role": "roomcast:admin"}
        assert verify(given, {}, **chosen).is_admin

    def test_rooms_of_the_deployments_own_kinds(self, verify: Verify) -> None:
        given = {**times(), "sub": "u1", "token_type": "access", "app": {"teams": "red blue"}}
        kinds = '{"team": {"claim": "app.teams"}, "run": "authenticated"}'
        opened = verify(given, {}, room_kinds=kinds).rooms
        assert opened == {"team:red", "team:blue", "run:*"}

    def test_rooms_elsewhere(self, verify: Verify) -> None:
        given = {**times(), "sub": "u1", "token_type": "access", "cognito:groups": ["agent:*", "x"]}
        opened = verify(given, {}, jwt_rooms_claim="cognito:groups").rooms
        assert opened == {"agent:*"}

    def test_agents_elsewhere(self, verify: Verify) -> None:
        given = {**times(), "sub": "u1", "token_type": "access", "app": {"agents": "a b"}}
        narrowed = verify(given, {}, jwt_agents_claim="app.agents").agents
        assert narrowed == Grant(ids=frozenset({"a", "b"}))
