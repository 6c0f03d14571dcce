"""Builds the check of tokens."""

from functools import cache

from roomcast_backend.auth.verification_keys import principal_of
from roomcast_backend.lifecycle.token_check import TokenCheck
from roomcast_backend.settings import settings
from roomcast_backend.stores.ended_access import EndedAccessStore


@cache
def tokens() -> TokenCheck:
    """Return the container's check of tokens."""
    return TokenCheck(principal_of, EndedAccessStore(settings()))
