"""Our transport alone, its posts signed beforehand: what sending costs without the signing."""

from benchmarks.peers.load import Load, Parameters
from benchmarks.peers.presigned import request_of
from roomcast_backend.aws.http.transport import Transport


def main() -> None:
    """Post until the load ends."""
    parameters = Parameters.given()
    load = Load(parameters)
    signed = {id_: request_of(parameters.url, id_) for id_ in load.ids}
    transport = Transport(parameters.url, window=parameters.in_flight)
    answers = transport.exchange((None, signed[id_]) for id_ in load)
    failed = sum(answer.status != 200 for answer in answers)  # noqa: PLR2004
    load.report(failed=failed)


if __name__ == "__main__":
    main()
