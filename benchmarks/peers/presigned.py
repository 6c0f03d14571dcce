"""Posts signed beforehand by botocore, for senders that are measured without the signing."""

from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.traffic import ACCESS_KEY, REGION, SECRET_KEY, SESSION_TOKEN, payload


def url_of(base: str, connection_id: str) -> str:
    """Return where a post to a connection goes."""
    return f"{base}/%40connections/{quote(connection_id, safe='')}"


def headers_of(url: str) -> dict[str, str]:
    """Return the headers of a post, signed as boto3 signs it."""
    request = AWSRequest("POST", url, data=payload())
    credentials = Credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN)
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return dict(request.headers.items())


def request_of(base: str, connection_id: str) -> bytes:
    """Return the whole HTTP request of a post."""
    url = url_of(base, connection_id)
    parts = urlsplit(url)
    body = payload()
    headers = {"Host": parts.netloc, **headers_of(url), "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body
