"""Our transport and signer, without the gateway around them."""

import os
from urllib.parse import urlsplit

from benchmarks.peers.load import Load, Parameters
from benchmarks.traffic import payload
from roomcast_backend.aws.http.transport import Transport
from roomcast_backend.aws.signing import Signer


def main() -> None:
    """Post until the load ends."""
    parameters = Parameters.given()
    load = Load(parameters)
    transport = Transport(parameters.url, window=parameters.in_flight)
    prefix = urlsplit(parameters.url).path + "/%40connections/"
    signer = Signer("execute-api", os.environ["AWS_REGION"])
    write = signer.posts(transport.origin.authority, prefix, payload())
    answers = transport.exchange((None, write(id_)) for id_ in load)
    failed = sum(answer.status != 200 for answer in answers)  # noqa: PLR2004
    load.report(failed=failed)


if __name__ == "__main__":
    main()
