"""The subprotocols of a handshake: which one is answered, and where the token is."""

import pytest

from roomcast_backend.lifecycle.handshake import Handshake

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"


def handshake(header: str, **query: str) -> Handshake:
    return Handshake("c1", {"sec-websocket-protocol": header}, query)


class TestToken:
    @pytest.mark.parametrize(
        ("header", "token"),
        [
            (f"roomcast, {TOKEN}", TOKEN),
            (f"roomcast,{TOKEN}", TOKEN),
            (f"{TOKEN}, roomcast", TOKEN),
            (f" roomcast ,, {TOKEN} , other", TOKEN),
            ("roomcast, not-a-token", "not-a-token"),
            ("roomcast", None),
            ("roomcast, roomcast", None),
            (TOKEN, None),
            (f"json, {TOKEN}", None),
            (f"Roomcast, {TOKEN}", None),
            ("", None),
            (" , ", None),
        ],
    )
    def test_beside_roomcast(self, header: str, token: str | None) -> None:
        assert handshake(header).token == token

    def test_before_that_of_the_query_and_after_that_of_the_header(self) -> None:
        assert handshake(f"roomcast, {TOKEN}", token="query").token == TOKEN
        assert handshake("roomcast", token="query").token == "query"
        both = {"sec-websocket-protocol": f"roomcast, {TOKEN}", "authorization": "Bearer header"}
        assert Handshake("c1", both, {}).token == "header"


class TestChosen:
    @pytest.mark.parametrize(
        ("header", "chosen"),
        [
            (f"roomcast, {TOKEN}", "roomcast"),
            (f"{TOKEN}, roomcast", "roomcast"),
            ("json, roomcast", "roomcast"),
            ("graphql-ws, json", "graphql-ws"),
            ("wamp.2.json", "wamp.2.json"),
            ("null", "null"),
            (f"{TOKEN}, json", "json"),
            ("a b, json", "json"),
            ('"json"', None),
            ("a/b, (c), d;e, {f}, g@h", None),
            ("é, json\r\nx: y, json", "json"),
            ("!#$%&'*+-.^_`|~9aZ", "!#$%&'*+-.^_`|~9aZ"),
            (TOKEN, None),
            ("", None),
            (",", None),
        ],
    )
    def test_is_one_of_the_offered_and_never_a_token(self, header: str, chosen: str | None) -> None:
        assert handshake(header).subprotocol == chosen

    def test_is_none_where_none_is_offered(self) -> None:
        assert Handshake("c1", {}, {}).subprotocol is None
