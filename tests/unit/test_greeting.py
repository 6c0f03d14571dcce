from itertools import pairwise

from roomcast_backend.lifecycle.greeting import FIRST_WAIT, LONGEST_WAIT, wait_after


class TestWaitAfter:
    def test_doubles_up_to_its_limit(self) -> None:
        waits = [wait_after(attempt) for attempt in range(10)]
        assert waits[0] == FIRST_WAIT
        assert waits[-1] == LONGEST_WAIT
        assert all(later == min(LONGEST_WAIT, 2 * earlier) for earlier, later in pairwise(waits))
