"""How long to wait before trying again."""

import random
from collections.abc import Callable
from typing import Final

BASE_SECONDS: Final = 0.2
LONGEST_SECONDS: Final = 2.0


def full_jitter(retry: int, draw: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait before retry 0, 1, 2, ...: anything up to a doubling bound.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return draw() * min(LONGEST_SECONDS, BASE_SECONDS * 2.0**retry)
