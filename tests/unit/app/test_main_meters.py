"""Main meters as loads of quarter hours, against means worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from evenload.app.main_meters import MainMeters
from evenload.base.instants import Interval
from evenload.service.guard import Guarded, Metered, Sight
from evenload.service.live_rows import LoadKind, LoadRow, SiteRow
from evenload.store.memory import MemoryStore

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
KEY = ("t", "a")


class Guard:
    def __init__(self) -> None:
        self.states: dict[tuple[str, str], Guarded] = {}

    def read(self, minutes: float, power_kw: float, sight: Sight = Sight.CLEAR) -> None:
        self.states[KEY] = Guarded(metered=Metered(START + timedelta(minutes=minutes), power_kw), sight=sight)


def watched(*told: tuple[float, float]) -> list[LoadRow]:
    guard = Guard()
    meters = MainMeters(MemoryStore(), lambda: guard.states)
    ended: list[LoadRow] = []
    for minutes, power_kw in told:
        guard.read(minutes, power_kw)
        ended += meters.look()
        ended += meters.look()  # what is seen twice counts once
    return ended


def test_each_power_counts_until_the_next() -> None:
    ended = watched((0, 10.0), (5, 40.0), (10, 10.0), (15, 99.0), (30, 1.0))
    assert ended == [LoadRow(*KEY, START, 900.0, (5 * 10.0 + 5 * 40.0) / 10, LoadKind.TOTAL)]


def test_less_than_half_a_quarter_is_no_mean() -> None:
    assert watched((1, 10.0), (8, 40.0), (16, 10.0)) == []
    assert len(watched((1, 10.0), (9, 40.0), (16, 10.0))) == 1


def test_what_the_guard_does_not_believe_is_not_kept() -> None:
    guard = Guard()
    meters = MainMeters(MemoryStore(), lambda: guard.states)
    for minutes, power_kw, sight in ((0, 10.0, Sight.CLEAR), (5, 9e4, Sight.IMPLAUSIBLE), (10, 10.0, Sight.CLEAR)):
        guard.read(minutes, power_kw, sight)
        assert meters.look() == []
    guard.read(15, 10.0)
    (row,) = meters.look()
    assert row.load_kw == 10.0


@pytest.mark.parametrize(("meter", "kept"), [("rest", 0), ("ocpp:CP", 1), ("modbus:h:502/1/1", 1)])
def test_who_tells_by_rest_is_not_kept_twice(meter: str, kept: int) -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.sites.put([SiteRow("t", "a", meter=meter)])
    MainMeters(store, dict).keep([LoadRow(*KEY, START, 900.0, 5.0, LoadKind.TOTAL)])
    with store.reading() as unit:
        assert len(unit.loads.within("t", Interval(START, START + timedelta(hours=1)))) == kept
