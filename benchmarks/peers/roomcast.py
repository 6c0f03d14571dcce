"""Our gateway, as the fan-out uses it: transport, signer, and the pace, which is not in the way."""

from benchmarks.peers.load import Load, Parameters
from benchmarks.traffic import NO_LIMIT, payload
from roomcast_backend.aws.http.transport import Transport
from roomcast_backend.gateway.connections_api import ConnectionsApi
from roomcast_backend.gateway.posts import Outcome, Post
from roomcast_backend.model.connection import JSON, Member
from roomcast_backend.settings import Settings


def main() -> None:
    """Post until the load ends."""
    parameters = Parameters.given()
    load = Load(parameters)
    members = {id_: Member(id_, JSON, expires_at=0, joined_at=0) for id_ in load.ids}
    frame = payload()
    gateway = ConnectionsApi(
        Settings(callback_url=parameters.url, posts_per_second=NO_LIMIT),
        many=Transport(parameters.url, window=parameters.in_flight),
    )
    posted = gateway.post_all(Post(members[id_], frame) for id_ in load)
    failed = sum(outcome is not Outcome.SENT for _, outcome, _ in posted)
    load.report(failed=failed)


if __name__ == "__main__":
    main()
