"""Lets the emulator say of an object that is not there what S3 says to who may not list the bucket.

S3 answers 403 AccessDenied then, not 404 NoSuchKey. No function of the service may list a bucket;
only the emulator's administrator may, with the key `test`.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final

from local.emulator.patch import wrap

ADMINISTRATOR: Final = "test/"
"""How the credential of the administrator begins."""

Answer = tuple[int, dict[str, str], Any]


def install(s3: ModuleType) -> None:
    """Answer GetObject so, with headers as well as by presigned links."""
    wrap(s3, "_get_object", lambda original: as_to_who_may_not_list(original, s3._error))


def as_to_who_may_not_list(
    get_object: Callable[..., Answer], error: Callable[[str, str, int, str], Answer]
) -> Callable[..., Answer]:
    """Return `get_object`, which hides from all but the administrator that an object is missing."""

    def get(
        bucket: str, key: str, headers: Mapping[str, str], query: Mapping[str, Any] | None = None
    ) -> Answer:
        answer = get_object(bucket, key, headers, query)
        if answer[0] != HTTPStatus.NOT_FOUND or may_list(headers, query or {}):
            return answer
        return error("AccessDenied", "Access Denied", HTTPStatus.FORBIDDEN, f"/{bucket}/{key}")

    return get


def may_list(headers: Mapping[str, str], query: Mapping[str, Any]) -> bool:
    """Tell whether a request is signed by the emulator's administrator."""
    given = query.get("X-Amz-Credential") or query.get("x-amz-credential") or ""
    credential = given[0] if isinstance(given, list) else given
    signed = headers.get("authorization", "").partition("Credential=")[2]
    return str(credential or signed).startswith(ADMINISTRATOR)
