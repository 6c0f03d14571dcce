"""The cost model of docs/cost.md, against sums made by hand."""

from dataclasses import replace

import pytest

from roomcast_backend.fanout.heartbeat import LOWEST_RATES
from simulation import costs_connections as costs
from simulation import costs_polling
from simulation.costs_actions import DEFAULTS, LINES_BYTES, TRACED, Options, cost, logged, together
from simulation.costs_connections import BUSY, IDLE, Traffic
from simulation.metered import MEMORY, Metered, polling, recorded
from simulation.prices import BILLION, ENTRIES, PRICES, tiered

PINGS = Options(heartbeat="ping")
MILLION = 1_000_000

GOAL = 1.5
"""How much an idle connection may cost, of AWS's own price of its minutes, heartbeats included."""

ACTION = Metered(
    calls={"DynamoDB UpdateItem": 1, "SQS SendMessage": 2},
    sequence=1,
    depth=2,
    invocations={"subscribe": 1},
    frames_in=1,
    frames_out=1,
    bytes=20,
    read_units=1,
    write_units=3,
    logs=400,
    metrics=200,
)


class TestPrices:
    @pytest.mark.parametrize("name", ENTRIES)
    def test_each_has_a_unit_a_date_and_a_source(self, name: str) -> None:
        entry = ENTRIES[name]
        assert entry["price"] > 0
        assert entry["unit"]
        assert entry["as_of"][:4] in {"2024", "2025", "2026"}
        assert entry["source"].startswith("https://")

    def test_what_lies_beyond_a_billion_is_cheaper(self) -> None:
        assert tiered("gateway_message", BILLION) == pytest.approx(1000)
        assert tiered("gateway_message", 2 * BILLION) == pytest.approx(1800)


class TestActions:
    def test_by_hand(self) -> None:
        found = {name: dollars * MILLION for name, dollars in cost(ACTION).items()}
        assert found["messages"] == pytest.approx(2.0)
        assert found["DynamoDB"] == pytest.approx(0.125 + 3 * 0.625)
        assert found["Lambda"] == pytest.approx(0.2 + 0.015 / 2 * 13.3334)  # half a GB
        assert found["SQS, EventBridge"] == pytest.approx(2 * 3 * 0.4)
        assert found["traces"] == pytest.approx(TRACED * 5)

    def test_logs_follow_the_level_but_for_metrics_and_lines_of_lambda(self) -> None:
        gb = PRICES["log_gb"] / 1024**3
        assert logged(ACTION, DEFAULTS) == pytest.approx((LINES_BYTES + 600) * gb)
        quiet = Options(log_level="WARNING")
        assert logged(ACTION, quiet) == pytest.approx((LINES_BYTES + 200) * gb)

    def test_a_request_that_waits_is_paid_for_its_wait(self) -> None:
        action = replace(ACTION, invocations={"poll": 1}, frames_in=0, frames_out=0, waits=20.0)
        found = {name: dollars * MILLION for name, dollars in cost(action).items()}
        assert found["messages"] == pytest.approx(1.0)  # a request of the HTTP API
        assert found["Lambda"] == pytest.approx(0.2 + 20.015 / 4 * 13.3334)  # a quarter of a GB

    @pytest.mark.parametrize(("name", "requests"), [("status", 1), ("webhooks", 1), ("open", 0)])
    def test_functions_of_the_http_api_take_a_request(self, name: str, requests: int) -> None:
        assert replace(ACTION, invocations={name: 1}).requests == requests

    def test_no_traces(self) -> None:
        assert cost(ACTION, Options(traces=False))["traces"] == 0


class TestConnections:
    def test_minutes_are_the_price_of_aws(self) -> None:
        assert costs.aws_minutes(1_000) == pytest.approx(10.80)

    @pytest.mark.parametrize(("interval", "served"), [(510, 480), (480, 480), (60, 60), (20, 20)])
    def test_intervals_are_whole_minutes(self, interval: int, served: int) -> None:
        assert costs.served_every(interval) == served

    def test_a_heartbeat_is_a_message_and_a_three_hundredth_of_a_second(self) -> None:
        count = 1_000 * 30 * 24 * 3600 / 480 * 7080 / 7200
        memory = costs.HEARTBEAT.memory / 1024
        assert costs.heartbeats(1_000) == pytest.approx(
            count * (1e-6 + memory / 300 * 13.3334e-6), rel=0.01
        )

    def test_two_minutes_of_each_two_hours_need_none(self) -> None:
        assert costs.needed() == pytest.approx(7080 / 7200)
        assert costs.needed(PINGS) == 1.0

    def test_large_rosters_are_served_faster(self) -> None:
        assert costs.heartbeat_rate(1_000) == LOWEST_RATES["noop"]
        assert costs.heartbeat_rate(480_000) == pytest.approx(1_500)

    def test_a_ping_is_three_messages_and_an_invocation(self) -> None:
        count = 1_000 * 30 * 24 * 3600 / 480
        more = costs.heartbeats(1_000, PINGS) - count * 1e-6
        assert more == pytest.approx(count * sum(costs.pong().values()), rel=0.02)
        assert costs.pong()["messages"] == pytest.approx(2e-6)
        assert costs.pong()["DynamoDB"] == 0
        assert costs.pong()["Lambda"] > PRICES["invocation"]

    def test_json_clients_begin_cheaper(self) -> None:
        assert sum(costs.connection(json=True).values()) < sum(costs.connection().values())

    def test_connecting_again_is_every_two_hours(self) -> None:
        again = costs.connecting(MILLION)
        assert again > MILLION * 360 * sum(costs.connection().values())
        assert again / MILLION < costs.connecting(1_000) / 1_000  # counts are gathered

    def test_nothing_is_sent_to_idle_ones(self) -> None:
        assert costs.events(1_000, IDLE) == 0.0

    def test_events_are_a_dollar_a_million_and_a_little(self) -> None:
        delivered = 1_000 * BUSY.events * 30
        assert costs.events(1_000, BUSY) / delivered == pytest.approx(1.1e-6, rel=0.02)
        small = costs.events(1_000, Traffic(events=100, room=10)) / delivered
        assert small == pytest.approx(1.74e-6, rel=0.02)

    def test_a_month_is_the_sum_of_its_parts(self) -> None:
        found = costs.month(1_000, traffic=BUSY)
        assert found["fixed"] == pytest.approx(16, abs=1)
        assert all(dollars > 0 for dollars in found.values())


class TestLongPolling:
    def test_an_upgrade_is_three_requests_and_a_message_more_than_a_websocket(self) -> None:
        upgraded = costs_polling.way(costs_polling.UPGRADED)
        greeted = costs_polling.way(costs_polling.GREETED)
        assert (upgraded.requests, greeted.requests) == (3, 0)
        assert upgraded.frames == greeted.frames + 2 - 1  # a probe and its reply, no open packet

    def test_a_client_that_stays_waits_all_the_time(self) -> None:
        found, waiting = costs_polling.staying(), polling()["GET that waits for nothing"]
        gets = 30 * 24 * 3600 / costs_polling.waiting_seconds()
        gb_seconds = 30 * 24 * 3600 * MEMORY["poll"] / 1024
        assert waiting.waits == pytest.approx(20, abs=0.5)
        assert found["messages"] == pytest.approx(gets * 1e-6)
        assert found["Lambda"] == pytest.approx(gb_seconds * 13.3334e-6, rel=0.01)
        assert 5 < sum(found.values()) < 12

    def test_the_setting_bounds_what_they_cost(self) -> None:
        assert sum(costs_polling.most_staying().values()) < 1_000

    def test_changing_to_a_websocket_costs_half_as_much_again(self) -> None:
        upgraded, greeted = (
            sum(together(names).values())
            for names in (costs_polling.UPGRADED, costs_polling.GREETED)
        )
        assert upgraded / greeted == pytest.approx(1.6, abs=0.1)
        assert 1_000 * 360 * (upgraded - greeted) == pytest.approx(4, abs=0.5)

    def test_a_websocket_costs_a_three_hundredth(self) -> None:
        ratio = sum(costs_polling.staying().values()) / costs_polling.on_a_websocket()
        assert ratio == pytest.approx(300, rel=0.2)


class TestGoal:
    @pytest.mark.parametrize("connections", [1_000, 10_000, 100_000, MILLION])
    def test_an_idle_connection(self, connections: int) -> None:
        assert costs.ratio(connections) <= GOAL

    def test_pings_and_short_intervals_are_far_beyond_it(self) -> None:
        assert costs.ratio(1_000, PINGS) > 2.5
        assert costs.ratio(1_000, replace(PINGS, interval=30)) > 30


class TestAlternatives:
    def test_by_hand(self) -> None:
        minutes = 1_000 * 43_200 / MILLION
        begins = 1_000 * 30 * 4 / MILLION
        assert costs.appsync(1_000, IDLE) == pytest.approx(minutes * 0.08 + begins)
        assert costs.iot_core(1_000, IDLE) == pytest.approx(minutes * 0.08 + begins)
        assert costs.ably(1_000, IDLE) == pytest.approx(29 + minutes + 11 * 0.0432)

    def test_the_old_server_has_two_instances_at_least(self) -> None:
        assert [costs.instances(count) for count in (1, 20_000, 20_001)] == [2, 2, 3]
        hourly = 2 * 0.0208 + 0.0225 + 0.016 + 0.008 / 3
        assert costs.old_server(1_000, IDLE) == pytest.approx(hourly * 720)

    def test_events_are_counted_by_all(self) -> None:
        for price in (costs.appsync, costs.iot_core, costs.ably, costs.old_server):
            assert price(1_000, BUSY) > price(1_000, IDLE)


def test_the_worked_example() -> None:
    """Of docs/cost.md: 2,000 people, 9 hours on 21 days, a hundred events a day."""
    always = round(2_000 * 9 * 21 / (30 * 24))
    deliveries = 2_000 * 100 * 21
    events = deliveries / BUSY.room * sum(costs.event(BUSY).values())
    assert always == 525
    assert sum(costs.month(always).values()) + events == pytest.approx(36, abs=1)
    assert sum(costs.month(2_000, traffic=BUSY).values()) == pytest.approx(80, abs=1)


def test_figures_are_those_of_one_connection() -> None:
    for name in (*costs.JSON, *costs.SOCKET_IO):
        assert recorded()[name].invoked >= 1
