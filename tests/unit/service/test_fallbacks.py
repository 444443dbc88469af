"""Fallbacks fit together, or it is said where they do not."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evenload.base.instants import Interval
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.station import StationId
from evenload.domain.station_commands import SetFallback
from evenload.service.access_rows import Role
from evenload.service.control import decide
from evenload.service.enrolment import enrol
from evenload.service.fallbacks import Renewed, allot, renew
from evenload.service.live_rows import CircuitRow, DeviceRow, SiteRow
from evenload.service.orders import command_of
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.service.snapshot import Memory, Patience, snapshot
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)

TREE = CircuitTree.of(
    [
        Circuit("T", "", CircuitKind.TRANSFORMER, 25.0),
        *(Circuit(f"S{i}", "T", CircuitKind.SITE, 17.0) for i in range(4)),
    ]
)
BASE = np.array([10.0, 2.0, 2.0, 2.0, 2.0])


def devices(*fallback_kw: float | None) -> list[DeviceRow]:
    return [
        DeviceRow("t", f"d{i}", f"S{i}", f"CP{i}", power_kw_min=1.38, fallback_kw=kw)
        for i, kw in enumerate(fallback_kw)
    ]


@pytest.mark.requirement("R147")
def test_what_is_left_is_shared() -> None:
    found = allot(TREE, BASE, devices(None, None, None, None))
    assert found.fallback_kw == {f"d{i}": 3.75 for i in range(4)}
    assert not found.shortfalls


def test_a_share_too_small_to_charge_with_goes_to_others() -> None:
    found = allot(TREE, np.array([21.0, 2, 2, 2, 2]), devices(None, None, None, None))
    assert sorted(found.fallback_kw.values()) == [0.0, 0.0, 2.0, 2.0]
    assert not found.shortfalls


def test_own_fallbacks_stay_and_what_does_not_fit_is_said() -> None:
    found = allot(TREE, BASE, devices(11.0, 11.0, None, None))
    assert found.fallback_kw == {"d0": 11.0, "d1": 11.0, "d2": 0.0, "d3": 0.0}
    assert [(one.node, one.kw_over) for one in found.shortfalls] == [("T", pytest.approx(7.0))]


def test_nobody_is_no_error() -> None:
    assert allot(TREE, BASE, []).fallback_kw == {}


def test_higher_priorities_are_served_first() -> None:
    rows = [replace(one, priority=int(one.device_id == "d3")) for one in devices(None, None, None, None)]
    found = allot(TREE, np.array([23.0, 2, 2, 2, 2]), rows)
    assert found.fallback_kw == {"d0": 0.0, "d1": 0.0, "d2": 0.0, "d3": 2.0}


# allotted by default


def town(*devices_in: DeviceRow) -> MemoryStore:
    store = MemoryStore()
    with store.writing() as unit:
        unit.circuits.put(CircuitRow("t", one) for one in TREE.circuits)
        unit.sites.put(SiteRow("t", f"S{i}") for i in range(4))
        unit.stations.put(StationRow(one.station, approved=True) for one in devices_in)
        unit.devices.put(devices_in)
    return store


def renewed(store: MemoryStore, base_kw: FloatArray = BASE) -> Renewed:
    numbers = itertools.count(len(ordered(store)))
    return renew(store, "t", lambda _: base_kw, NOW, lambda: f"o{next(numbers)}")


def fallbacks_of(store: MemoryStore) -> dict[str, float | None]:
    with store.reading() as unit:
        return {one.device_id: one.fallback_kw for one in unit.devices.of("t")}


def ordered(store: MemoryStore) -> list[float]:
    with store.reading() as unit:
        rows = unit.orders.last("t", 99)
    return [command.power_kw for row in rows if isinstance(command := command_of(row), SetFallback)]


@pytest.mark.requirement("R147")
def test_who_has_none_is_allotted_one_and_told() -> None:
    store = town(*devices(None, None, 2.0, None))
    found = renewed(store)
    assert fallbacks_of(store) == {"d0": 4.33, "d1": 4.33, "d2": 2.0, "d3": 4.33}
    assert sorted(ordered(store)) == [4.33, 4.33, 4.33]
    assert {one.device_id for one in found.given} == {"d0", "d1", "d3"}
    with store.reading() as unit:
        assert [one.fallback_allotted for one in unit.devices.of("t")] == [True, True, False, True]
        assert {one.kind for one in unit.decisions.last("t", 9)} == {"fallback"}


@pytest.mark.requirement("R147")
def test_a_little_more_or_less_is_not_written_anew_unless_it_would_not_fit() -> None:
    store = town(*devices(None, None, None, None))
    renewed(store)
    assert not renewed(store, BASE - np.array([0.3, 0, 0, 0, 0])).given  # 0.08 more for each
    assert set(fallbacks_of(store).values()) == {3.75}
    less = renewed(store, BASE + np.array([0.3, 0, 0, 0, 0]))  # each by less than 0.1, and all of them too much
    assert set(fallbacks_of(store).values()) == {3.67}
    assert (len(less.given), less.shortfalls) == (4, ())
    renewed(store, BASE - np.array([4.0, 0, 0, 0, 0]))
    assert set(fallbacks_of(store).values()) == {4.75}


@pytest.mark.requirement("R147")
def test_who_is_not_managed_counts_with_all_it_can_draw() -> None:
    plain = devices(None, None, None, None)
    store = town(replace(plain[0], managed=False), *plain[1:])
    found = renewed(store)
    assert fallbacks_of(store)["d0"] is None
    told = [kw or 0.0 for name, kw in fallbacks_of(store).items() if name != "d0"]
    assert sum(told) <= 25.0 - 10.0 - 11.0 + 1e-6
    assert sum(kw > 0 for kw in told) == 2
    assert not found.shortfalls


@pytest.mark.requirement("R147")
def test_what_does_not_fit_is_told_every_time() -> None:
    store = town(*devices(11.0, 11.0, None, None))
    for _ in range(2):
        assert [(one.node, one.kw_over) for one in renewed(store).shortfalls] == [("T", pytest.approx(7.0))]
    assert fallbacks_of(store) == {"d0": 11.0, "d1": 11.0, "d2": 0.0, "d3": 0.0}


def test_a_station_nobody_knows_is_not_told() -> None:
    store = town(*devices(None, None, None, None))
    with store.writing() as unit:
        unit.stations.remove(StationId("t", "CP0"))
    assert {one.device_id for one in renewed(store).given} == {"d1", "d2", "d3"}
    assert fallbacks_of(store)["d0"] is None


def test_no_grid_and_no_devices_are_nothing_to_do() -> None:
    assert renewed(MemoryStore()) == Renewed()
    assert renewed(town()) == Renewed()


@pytest.mark.requirement("R147")
def test_enrolled_again_a_device_keeps_what_it_was_allotted_until_another_is_chosen() -> None:
    store = town(*devices(None, None, None, None))
    renewed(store)
    scope = Scope("t", "o", Role.OPERATOR)

    def again(**changed: object) -> DeviceRow:
        row = replace(devices(None)[0], **changed)  # type: ignore[arg-type]  # fields of it
        return enrol(scope, store, row, NOW, f"again-{len(ordered(store))}-{changed}")

    orders = len(ordered(store))
    for kw in (None, 3.75):
        row = again(fallback_kw=kw, priority=2)
        assert (row.fallback_kw, row.fallback_allotted) == (3.75, True)
    assert len(ordered(store)) == orders
    assert not again(fallback_kw=5.0).fallback_allotted
    assert ordered(store)[-1] == 5.0
    assert again(fallback_kw=None).fallback_kw is None  # given back to be allotted
    assert "d0" in {one.device_id for one in renewed(store).given}
    too_much = again(power_kw_max=2.0)
    assert (too_much.fallback_kw, too_much.fallback_allotted) == (None, False)


@pytest.mark.requirement("R147")
def test_a_plan_says_how_many_were_not_seen_to_have_theirs() -> None:
    store = town(*devices(None, None, None), replace(devices(None, None, None, None)[3], managed=False))
    renewed(store)
    with store.writing() as unit:
        unit.stations.put([StationRow(StationId("t", "CP0"), fallback_kw=1.4, fallbacks_kw={1: 1.4})])
        unit.stations.put([StationRow(StationId("t", "CP1"), fallback_kw=9.0, fallbacks_kw={1: 9.0})])
    with store.reading() as unit:
        seen = snapshot(unit, "t", Interval(NOW, NOW + timedelta(hours=37)), Memory(), None, Patience())
    assert seen.fallbacks_unverified == 2
    summary = json.loads(decide(seen, "tick", lambda: "id").plan.summary)
    assert (summary["fallbacks_unverified"], summary["forecast_steps_held"]) == (2, 0)
    assert summary["nodes_without_forecast"] == 5


@pytest.mark.requirement("R147")
def test_who_has_to_draw_less_is_told_first() -> None:
    store = town(*devices(None, None, None, None))
    renewed(store)
    with store.writing() as unit:
        first = unit.devices.find("t", "d0")
        assert first is not None
        unit.devices.put([replace(first, fallback_kw=9.0), replace(first, device_id="d3", identity="CP3", site_id="S3",
                                                                   fallback_kw=1.0)])  # fmt: skip
    assert [one.device_id for one in renewed(store).given] == ["d0", "d3"]
    assert ordered(store)[-2:] == [3.75, 3.75]
