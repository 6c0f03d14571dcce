"""The meter that counts calls, and those of them in sequence."""

from concurrent.futures import ThreadPoolExecutor

from roomcast_backend.gateway.posts import Post
from roomcast_backend.model.connection import Member
from tests.fakes.calls import Calls
from tests.fakes.gateway import FakeGateway


class Client:
    def query(self, **request: int) -> dict[str, int]:
        return request

    def put_item(self, **request: int) -> None:
        raise ValueError("refused")


def test_one_after_the_other() -> None:
    calls = Calls()
    client = calls.wrap(Client())
    for number in range(3):
        assert client.query(number=number) == {"number": number}
    assert (calls.counted, calls.depth) == ({"query": 3}, 3)
    assert [call.answer for call in calls.all] == [{"number": number} for number in range(3)]


def test_side_by_side() -> None:
    calls = Calls(settled=0.2)
    client = calls.wrap(Client())
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(client.query)
    client.query()
    assert (calls.counted, calls.depth) == ({"query": 4}, 2)


def test_a_call_that_raises_is_one() -> None:
    calls = Calls()
    client = calls.wrap(Client())
    try:
        client.put_item()
    except ValueError:
        client.query()
    assert (calls.counted, calls.depth) == ({"put_item": 1, "query": 1}, 2)


def test_the_posts_of_many_members_are_side_by_side() -> None:
    calls = Calls()
    names = [f"c{number}" for number in range(5)]
    gateway = calls.wrap_gateway(FakeGateway(*names))
    calls.wrap(Client()).query()
    posts = [Post(Member(name, "json", 2**31, 0), b"{}") for name in names]
    assert len(list(gateway.post_all(posts))) == 5
    gateway.post("c0", b"{}")
    assert calls.counted == {"query": 1, "post": 6}
    assert (calls.depth_before("post"), calls.depth) == (1, 3)


def test_pages_are_calls() -> None:
    class Pages:
        def query(self, **request: int) -> dict[str, int]:
            return {} if "ExclusiveStartKey" in request else {"LastEvaluatedKey": 1}

    calls = Calls()
    assert len(list(calls.wrap(Pages()).query_pages())) == 2
    assert calls.counted == {"query": 2}
