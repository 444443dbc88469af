"""Who fails waits, longer each time, and nobody else does."""

from hypothesis import given
from hypothesis import strategies as st

from evenload.net.throttle import WAIT_S_MAX, Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_wait_doubles_up_to_five_minutes() -> None:
    throttle = Throttle(Clock())
    waits = [throttle.failed("a") for _ in range(12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert throttle.waits_s("a") == 300
    assert throttle.waits_s("b") == 0


def test_it_is_over_when_it_is_over_and_forgotten_after_keeping_still() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    throttle.failed("a")
    clock.now = 1.0
    assert throttle.waits_s("a") == 0
    assert throttle.failed("a") == 2
    clock.now = 3.0 + WAIT_S_MAX
    assert throttle.failed("a") == 1


def test_who_passes_begins_anew() -> None:
    throttle = Throttle(Clock())
    throttle.failed("a")
    throttle.passed("a")
    throttle.passed("never seen")
    assert throttle.waits_s("a") == 0
    assert throttle.failed("a") == 1


@given(st.lists(st.integers(0, 50), max_size=200))
def test_memory_is_bounded_and_the_latest_are_kept(failures: list[int]) -> None:
    throttle = Throttle(Clock(), kept_max=5)
    for one in failures:
        throttle.failed(one)
    assert len(throttle._kept) <= 5
    assert all(throttle.waits_s(one) > 0 for one in failures[-1:])


def test_a_million_failures_do_not_overflow() -> None:
    throttle = Throttle(Clock())
    for _ in range(5_000):
        wait_s = throttle.failed("a")
    assert wait_s == WAIT_S_MAX
