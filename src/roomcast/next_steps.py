"""What to do about an event that the bus did not accept, for the log."""

from typing import Final

NO_SUCH_BUS: Final = "ResourceNotFoundException"

ACCESS_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized"})
"""The codes with which AWS services refuse an action that IAM does not allow."""

UNKNOWN_ACTION: Final = frozenset({"InvalidAction", "UnknownOperationException"})
"""The codes with which services that are like EventBridge refuse what they do not have."""

_BUS: Final = (
    "there is no such bus: set ROOMCAST_EVENT_BUS to the stack's output EventBusName, and "
    "AWS_REGION to the stack's Region"
)
_ALLOW: Final = "allow events:PutEvents on this bus in the publisher's IAM policy"
_CREDENTIALS: Final = "check the publisher's AWS credentials"
_REACH: Final = "check AWS_REGION, AWS_ENDPOINT_URL and the way to that address"
_SLOW: Final = (
    "the event may have been taken; check the way to that address, or raise ROOMCAST_READ_TIMEOUT "
    "and ROOMCAST_PUBLISH_TIMEOUT"
)
_QUOTA: Final = "publish fewer requests a second, or raise the account's quota for PutEvents"
_LATER: Final = "publish it again later; https://health.aws.amazon.com tells of AWS's faults"
_EVENT: Final = "EventBridge refuses this event: look at its source and type"

_STEPS: Final[dict[str, str]] = {
    NO_SUCH_BUS: _BUS,
    **dict.fromkeys(ACCESS_DENIED, _ALLOW),
    "NotAuthorizedForSourceException": _EVENT,
    "NotAuthorizedForDetailTypeException": _EVENT,
    "InvalidArgument": _EVENT,
    "MalformedDetail": _EVENT,
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "CredentialRetrievalError": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ParamValidationError": "that is no name or ARN of a bus: look at ROOMCAST_EVENT_BUS",
    "ValidationException": "that is no name or ARN of a bus: look at ROOMCAST_EVENT_BUS",
    "EndpointConnectionError": _REACH,
    "ConnectTimeoutError": _REACH,
    "ProxyConnectionError": "check HTTPS_PROXY and NO_PROXY",
    "SSLError": "check the certificates of that address (AWS_CA_BUNDLE)",
    "ReadTimeoutError": _SLOW,
    "ConnectionClosedError": _SLOW,
    "Throttling": _QUOTA,
    "ThrottlingException": _QUOTA,
    "TooManyRequestsException": _QUOTA,
    "RequestLimitExceeded": _QUOTA,
}


def next_step(code: str) -> str:
    """Return what to do after an error code of EventBridge or the name of an error of boto3."""
    return _STEPS.get(code, _LATER)
