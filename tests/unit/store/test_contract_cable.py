"""What every store promises of both ends of cables and of energy managers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.cable_rows import (
    CarStayRow,
    ConflictKind,
    ConflictRow,
    EnergyManagerRow,
    PairReason,
    PairRow,
    PairState,
    Sample,
)
from evenload.service.live_rows import CircuitRow, DeviceRow, SessionRow, SiteRow
from evenload.service.ports import Store
from evenload.service.rows import ReadingRow
from evenload.store.sql.store import SqlStore
from evenload.store.sql.upkeep import roll_up

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE, THERE = "home", "depot"
STAY = CarStayRow(
    HERE, "leaf", T0 + HOUR, T0, T0 - HOUR, free_at=T0 - HOUR, is_home=True,
    samples=(Sample(T0, 0.0, None, 0.4, charges=False), Sample(T0 + HOUR, 7.2, 1.5, 0.42, charges=True)),
)  # fmt: skip
PAIR = PairRow(
    HERE, "d@1", "leaf", "d", T0, PairState.MATCHED, 0.97, PairReason.POWER, "so it is", T0, "car:leaf@1", None, 12.5,
    T0, T0 + HOUR,
)  # fmt: skip
WRONG = ConflictRow(HERE, "d@1", ConflictKind.CAR_TIMER, T0, "it waits", "switch it off", "leaf", "d", T0 + HOUR)


def test_stays_that_go_on_and_ended_of_late(store: Store) -> None:
    ended = replace(STAY, vehicle_id="zoe", unplugged_by=T0 + HOUR, unplugged_after=T0)
    never = CarStayRow(HERE, "bolt", T0, free_at=T0)
    with store.writing() as unit:
        unit.cables.put_stays([ended, STAY, never, replace(STAY, tenant=THERE, is_home=None)])
    with store.reading() as unit:
        assert unit.cables.stays(HERE, ["zoe", "leaf", "none"]) == [STAY, ended]
        assert unit.cables.stays_lately(HERE, T0 + HOUR) == [STAY, ended]
        assert unit.cables.stays_lately(HERE, T0 + 2 * HOUR) == [STAY]
        assert STAY.goes_on
        assert not ended.goes_on
        assert not never.goes_on


def test_pairs_by_session_by_vehicle_and_those_that_go_on(store: Store) -> None:
    undone = replace(PAIR, vehicle_id="zoe", state=PairState.UNDONE, ahead_s_low=-3.0)
    possible = replace(PAIR, session_id="c@1", state=PairState.POSSIBLE, plugged_at=T0 + HOUR)
    with store.writing() as unit:
        unit.cables.put_pairs([PAIR, undone, possible, replace(PAIR, tenant=THERE)])
    with store.reading() as unit:
        assert unit.cables.pairs(HERE, ["d@1"]) == [PAIR, undone]
        assert unit.cables.pairs_going_on(HERE) == [possible, PAIR]
        assert unit.cables.pairs_of_vehicles(HERE, ["leaf"], Interval(T0, T0 + HOUR)) == [PAIR]
        assert unit.cables.pairs_of_vehicles(HERE, ["leaf", "zoe"], Interval(T0, T0 + 2 * HOUR)) == [
            PAIR, undone, possible,
        ]  # fmt: skip


def test_conflicts_are_one_a_session_and_kind(store: Store) -> None:
    over = replace(WRONG, kind=ConflictKind.SOC_STUCK, ended_at=T0 + HOUR)
    with store.writing() as unit:
        unit.cables.put_conflicts([WRONG, over])
        unit.cables.put_conflicts([replace(WRONG, why="still")])
    with store.reading() as unit:
        assert unit.cables.conflicts(HERE, ["d@1"]) == [replace(WRONG, why="still"), over]
        assert unit.cables.conflicts_going_on(HERE) == [replace(WRONG, why="still")]
        assert unit.cables.conflicts_going_on(THERE) == []


def test_what_is_kept_of_a_vehicle_is_forgotten_and_of_no_other(store: Store) -> None:
    stay = CarStayRow(HERE, "leaf", T0, T0)
    others = [replace(PAIR, vehicle_id="zoe"), replace(PAIR, tenant=THERE)]
    wrong = [replace(WRONG, vehicle_id="leaf"), replace(WRONG, vehicle_id="zoe", kind=ConflictKind.SOC_STUCK)]
    with store.writing() as unit:
        unit.cables.put_stays([stay, replace(stay, vehicle_id="zoe"), replace(stay, tenant=THERE)])
        unit.cables.put_pairs([PAIR, *others])
        unit.cables.put_conflicts(wrong)
        unit.cables.forget(HERE, ["leaf", "nobody"])
    with store.reading() as unit:
        assert [one.vehicle_id for one in unit.cables.stays(HERE, ["leaf", "zoe"])] == ["zoe"]
        assert unit.cables.pairs(HERE, ["d@1"]) == others[:1]
        assert unit.cables.conflicts(HERE, ["d@1"]) == wrong[1:]
        assert len(unit.cables.stays(THERE, ["leaf"])) == len(unit.cables.pairs(THERE, ["d@1"])) == 1


def test_energy_managers_are_kept_and_forgotten(store: Store) -> None:
    row = EnergyManagerRow(HERE, "lot", "modbus:10.0.0.7:502/1/100", 20, 9.5, "17:30", 15.0, "s", T0)
    with store.writing() as unit:
        unit.cables.put_energy_managers([row])
    with store.reading() as unit:
        assert unit.cables.energy_managers(HERE) == [row]
        assert "secret" not in repr(row)
    with store.writing() as unit:
        unit.cables.remove_energy_manager(HERE, "lot")
        assert unit.cables.energy_managers(HERE) == []


@pytest.mark.requirement("R138")
def test_a_circuit_counts_a_stay_once_also_when_it_is_found_out_late(store: Store) -> None:
    """A car and its charger both tell of 8 kW for an hour; then it is found out that both are one, and again not."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    car, box = StationId(HERE, "car:leaf"), StationId(HERE, "box")
    own = SessionRow(HERE, "car:leaf@1", "car:leaf", "s", start, start + HOUR, 8.0, vehicle_id="leaf")
    pair = replace(PAIR, session_id="box@1", plugged_at=start, car_session_id="car:leaf@1")
    with store.writing() as unit:
        unit.sites.put([SiteRow(HERE, "s")])
        unit.circuits.put([CircuitRow(HERE, Circuit("s", "", CircuitKind.SITE))])
        unit.devices.put([DeviceRow(HERE, "car:leaf", "s", "car:leaf"), DeviceRow(HERE, "box", "s", "box")])
        unit.sessions.put([replace(own, unplugged_at=start + HOUR)])
        for station in (car, box):
            for quarter in range(4):
                reading = Reading(
                    at=start + quarter * HOUR / 4, kind=ReadingKind.INTERVAL, power_kw=8.0, duration_s=900
                )
                unit.readings.put([ReadingRow(station, 1, reading)])
    found = []
    for n, absorbed_by in enumerate(("", "box@1", "")):
        now = start + 3 * HOUR + n * HOUR
        with store.writing() as unit:
            unit.sessions.put([replace(own, unplugged_at=start + HOUR, absorbed_by=absorbed_by)])
            unit.cables.put_pairs([replace(pair, made_at=now)] if n else [])
        if isinstance(store, SqlStore):
            roll_up(store, now)
        with store.reading() as unit:
            found.append([one.power_kw for one in unit.slots.of_circuit(HERE, "s", Interval(start, start + HOUR))])
    assert found == [[16.0] * 4, [8.0] * 4, [16.0] * 4]


@pytest.mark.requirement("R138")
def test_an_absorbed_session_is_its_devices_only(store: Store) -> None:
    own = SessionRow(HERE, "car:leaf@1", "car:leaf", "s", T0, T0 + HOUR, 10.0, vehicle_id="leaf", absorbed_by="d@1")
    theirs = SessionRow(HERE, "d@1", "d", "s", T0, T0 + HOUR, 10.0, vehicle_id="leaf")
    ever = Interval(T0 - HOUR, T0 + HOUR)
    with store.writing() as unit:
        unit.sessions.put([own, theirs])
    with store.reading() as unit:
        assert unit.sessions.going_on(HERE) == [theirs]
        assert unit.sessions.within(HERE, ever) == [theirs]
        assert unit.sessions.of_vehicles(HERE, ["leaf"], ever) == [theirs]
        assert unit.sessions.going_on_at(HERE, ["car:leaf", "d"]) == [own, theirs]
        assert unit.sessions.within(HERE, ever, device_id="car:leaf") == [own]
        assert unit.sessions.find(HERE, "car:leaf@1") == own
