"""How far the heartbeats have come, in moto's counters table."""

from typing import Any

import pytest

from roomcast_backend.stores.sweeps import LeaseLost, SweepStore, Swept
from tests.fakes.tables import table_settings

NOW = 1_800_000_000
HERE = Swept("60/8/16", 30_000_000, 3, "c1=")


@pytest.fixture
def sweeps(dynamodb: Any) -> SweepStore:
    return SweepStore(table_settings(), client=dynamodb)


class TestLease:
    def test_at_first_nothing_is_known(self, sweeps: SweepStore) -> None:
        lease = sweeps.claim(now=NOW, until=NOW + 30)
        assert lease
        assert lease.swept is None

    def test_the_next_run_goes_on_from_what_was_saved(self, sweeps: SweepStore) -> None:
        first = sweeps.claim(now=NOW, until=NOW + 30)
        assert first
        first.save(HERE, until=0, swept_until=NOW + 60)
        second = sweeps.claim(now=NOW, until=NOW + 30)
        assert second
        assert second.swept == HERE

    def test_one_run_at_a_time(self, sweeps: SweepStore) -> None:
        first = sweeps.claim(now=NOW, until=NOW + 30)
        assert first
        assert sweeps.claim(now=NOW + 29, until=NOW + 60) is None
        first.save(HERE, until=NOW + 50, swept_until=NOW)
        assert sweeps.claim(now=NOW + 49, until=NOW + 80) is None
        assert sweeps.claim(now=NOW + 51, until=NOW + 80)

    def test_who_lost_it_saves_nothing(self, sweeps: SweepStore) -> None:
        slow = sweeps.claim(now=NOW, until=NOW + 30)
        assert slow
        assert sweeps.claim(now=NOW + 31, until=NOW + 60)
        with pytest.raises(LeaseLost, match="from step 30000000"):
            slow.save(HERE, until=0, swept_until=NOW)
        assert sweeps.claim(now=NOW + 59, until=NOW + 80) is None

    def test_a_claim_whose_answer_was_lost_is_repeated(self, dynamodb: Any) -> None:
        sweeps = SweepStore(table_settings(), client=dynamodb, new_holder=lambda: "me")
        assert sweeps.claim(now=NOW, until=NOW + 30)
        assert sweeps.claim(now=NOW, until=NOW + 30)

    def test_swept_until_is_a_number_of_its_own(self, sweeps: SweepStore, dynamodb: Any) -> None:
        lease = sweeps.claim(now=NOW, until=NOW + 30)
        assert lease
        lease.save(HERE, until=0, swept_until=NOW + 60)
        (item,) = dynamodb.scan(TableName="counters")["Items"]
        assert (item["part"], item["n"]) == ({"S": "swept until"}, {"N": str(NOW + 60)})
