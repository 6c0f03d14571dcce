"""The shared secrets that sign tokens, checked before any token is verified with them."""

from roomcast.secret_text import BadSecret, readings_of, secrets_in
from roomcast_backend.auth.hmac_signature import HASHES, BadSignature, checked_key


def signing_secrets(text: str, algorithm: str) -> tuple[str, ...]:
    """Return the secrets that a text holds; raise `BadSecret` for short ones and public keys.

    RFC 7518, section 3.2, asks for as many bytes as the hash has: 32 for HS256. A shorter one can
    be found by trying, from any one token.
    """
    least = HASHES[algorithm]().digest_size
    for each in secrets_in(text):
        if len(each.encode()) < least:
            raise BadSecret(
                f"expected a secret of at least {least} bytes for {algorithm}, "
                f"got {len(each.encode())}"
            )
        try:
            checked_key(each, algorithm)
        except BadSignature as exc:
            raise BadSecret(str(exc)) from exc
    return readings_of(text)
