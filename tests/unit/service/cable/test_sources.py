"""A participant changes where data comes from: history is whole, and no kWh is in it twice."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.service.cable.conftest import Ends, T, at

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station_readings import Quality
from evenload.service.access_rows import Role
from evenload.service.cable.logged import LoggedStay, import_stays
from evenload.service.cable.sources import Rank, Stay, counted, history
from evenload.service.cable_rows import Sample
from evenload.service.cars.sources import change_source
from evenload.service.scope import Scope

pytestmark = pytest.mark.requirement("R138")

ME = Scope(T, "user:me", Role.OPERATOR)
DAY = 1440.0


def logged(minutes: float, kwh: float = 10.0, hours: float = 8.0) -> LoggedStay:
    samples = (Sample(at(minutes), 7.2, None, 0.4), Sample(at(minutes + 60 * hours), 0.0, None, 0.6))
    return LoggedStay(at(minutes), at(minutes + 60 * hours), kwh, samples, is_home=True)


def imported(ends: Ends, *stays: LoggedStay) -> tuple[int, int, int]:
    found = import_stays(ME, ends.store, "leaf", "home", stays, at(9 * DAY))
    return found.kept, found.known, found.absorbed


def shown(ends: Ends) -> list[tuple[float, str]]:
    window = Interval(at(-DAY), at(9 * DAY))
    return [(one.session.energy_kwh_delivered, one.source) for one in history(ME, ends.store, "leaf", window)]


def test_logger_then_cloud_then_charger_is_one_history(home: Ends) -> None:
    assert imported(home, logged(0), logged(DAY)) == (2, 0, 0)
    change_source(ME, home.store, "leaf", "enode", at(2 * DAY), "linked")
    home.session("car:leaf", 2 * DAY, vehicle_id="leaf", energy_kwh_delivered=8.0, unplugged_at=at(2 * DAY + 480))
    change_source(ME, home.store, "leaf", "charger", at(3 * DAY), "has a charger now")
    home.session("box", 3 * DAY, vehicle_id="leaf", energy_kwh_delivered=12.0, unplugged_at=at(3 * DAY + 480))
    assert shown(home) == [(10.0, "obd"), (10.0, "obd"), (8.0, "enode"), (12.0, "charger")]


def test_a_logged_stay_at_a_charger_that_is_seen_is_counted_by_its_meter(home: Ends) -> None:
    home.session("box", 3, vehicle_id="leaf", energy_kwh_delivered=11.0, unplugged_at=at(470))
    assert imported(home, logged(0), logged(DAY)) == (2, 0, 1)
    assert shown(home) == [(11.0, "charger"), (10.0, "obd")]


def test_the_same_file_again_changes_nothing(home: Ends) -> None:
    imported(home, logged(0), logged(DAY))
    before = shown(home)
    assert imported(home, logged(0), logged(DAY)) == (0, 2, 0)
    assert shown(home) == before
    with home.store.reading() as unit:
        (source,) = unit.cars.sources(T, "leaf")
    assert (source.source, source.began_at, source.ended_at) == ("obd", at(0), at(DAY + 480))


def test_readings_of_a_logger_are_kept_with_how_sure_they_are(home: Ends) -> None:
    imported(home, logged(0))
    with home.store.reading() as unit:
        device = unit.devices.find(T, "car:leaf")
        assert device is not None
        rows = unit.readings.within(device.station, Interval(at(-1), at(DAY)), 10)
    assert [(one.reading.soc, one.reading.quality) for one in rows] == [
        (0.4, Quality.MEASURED), (0.6, Quality.MEASURED),
    ]  # fmt: skip


def test_a_clock_in_the_future_is_refused(home: Ends) -> None:
    with pytest.raises(InputError, match="ends in the future"):
        import_stays(ME, home.store, "leaf", "home", [logged(0)], at(60))


def stay(name: str, start: float, end: float, rank: Rank) -> Stay:
    return Stay(name, at(start), at(end), 5.0, rank)


def test_a_charger_that_counts_one_stay_as_two_counts_both() -> None:
    found = counted([
        stay("car", 0, 600, Rank.CAR_MEASURED), stay("a", 0, 300, Rank.CHARGER), stay("b", 301, 600, Rank.CHARGER),
    ])  # fmt: skip
    assert {one.stay.session_id: one.absorbed_by for one in found} == {"a": "", "b": "", "car": "a"}


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(5, 600), st.sampled_from(list(Rank))), min_size=1, max_size=12)
)
def test_what_counts_overlaps_nothing_surer_by_half(told: list[tuple[int, int, Rank]]) -> None:
    found = counted([stay(str(n), start, start + length, rank) for n, (start, length, rank) in enumerate(told)])
    by_name = {one.stay.session_id: one for one in found}
    assert len(by_name) == len(told)
    kept = [one.stay for one in found if not one.absorbed_by]
    for one in kept:
        assert all(one.shared(other) < 0.5 for other in kept if other.rank < one.rank)
    for one in found:
        if one.absorbed_by:
            other = by_name[one.absorbed_by]
            assert not other.absorbed_by  # no chains: energy is counted where it is said to be
            assert other.stay.rank <= one.stay.rank
            assert other.stay.shared(one.stay) >= 0.5
    assert sum(not one.absorbed_by for one in found) >= 1
    assert timedelta() <= found[-1].stay.plugged_at - found[0].stay.plugged_at
