from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import ConnectorStatus, StationId
from evenload.domain.station_commands import ClearProfile, SetFallback
from evenload.service import enrolment, grid, orders, stations
from evenload.service.access_rows import Role
from evenload.service.live_rows import DeviceRow, SessionRow, SiteRow
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.rows import ConnectorRow, StationRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
NORTH = Scope("north", "user:ann", Role.OPERATOR)
SOUTH = Scope("south", "user:bob", Role.OPERATOR)
DEVICE = DeviceRow("north", "D1", "depot", "CP1", fallback_kw=4.2)


def furnished() -> MemoryStore:
    store = MemoryStore()
    for scope in (NORTH, SOUTH):
        place = Circuit("depot", "", CircuitKind.SITE, 100.0)
        grid.put_site(scope, store, SiteRow(scope.tenant, "depot"), NOON, place=place)
        with store.writing() as unit:
            unit.stations.put([StationRow(StationId(scope.tenant, "CP1"), approved=True)])
    return store


def given_orders(store: MemoryStore) -> list[object]:
    with store.reading() as unit:
        return [orders.command_of(row) for row in unit.orders.last("north", 9)]


@pytest.mark.requirement("R145")
def test_a_fallback_is_ordered_once_and_again_only_where_it_changes() -> None:
    store = furnished()
    enrolment.enrol(NORTH, store, DEVICE, NOON, "c1")
    enrolment.enrol(NORTH, store, replace(DEVICE, priority=2), NOON, "c2")
    enrolment.enrol(NORTH, store, replace(DEVICE, fallback_kw=3.0), NOON, "c3")
    assert given_orders(store) == [
        SetFallback(command_id="c1", evse_id=1, power_kw=4.2),
        SetFallback(command_id="c3", evse_id=1, power_kw=3.0),
    ]


@pytest.mark.requirement("R85")
def test_two_tenants_cannot_claim_one_charger_until_one_retires_it() -> None:
    store = furnished()
    enrolment.enrol(NORTH, store, DEVICE, NOON, "c1")
    theirs = replace(DEVICE, tenant="south")
    with pytest.raises(ConflictError, match="'CP1' is enrolled by another tenant") as caught:
        enrolment.enrol(SOUTH, store, theirs, NOON, "c2")
    assert caught.value.reason is Refusal.CLAIMED_ELSEWHERE
    assert "north" not in str(caught.value)
    enrolment.retire(NORTH, store, "D1", NOON, "c3")
    assert enrolment.enrol(SOUTH, store, theirs, NOON, "c4").tenant == "south"


def test_an_evse_is_one_device_only() -> None:
    store = furnished()
    enrolment.enrol(NORTH, store, DEVICE, NOON, "c1")
    with pytest.raises(ConflictError, match="EVSE 1 of station 'CP1' is device 'D1'") as caught:
        enrolment.enrol(NORTH, store, replace(DEVICE, device_id="D2"), NOON, "c2")
    assert caught.value.reason is Refusal.EVSE_ENROLLED
    assert enrolment.enrol(NORTH, store, replace(DEVICE, device_id="D2", evse_id=2), NOON, "c3").evse_id == 2


def test_station_and_site_must_be_there_and_powers_must_fit() -> None:
    store = furnished()
    with pytest.raises(InputError, match="station 'CP9' never knocked and was not added"):
        enrolment.enrol(NORTH, store, replace(DEVICE, identity="CP9"), NOON, "c1")
    with pytest.raises(NotFoundError, match="Did you mean 'depot'"):
        enrolment.enrol(NORTH, store, replace(DEVICE, site_id="depto"), NOON, "c1")
    with pytest.raises(InputError, match="power_kw_min 12"):
        enrolment.enrol(NORTH, store, replace(DEVICE, power_kw_min=12.0), NOON, "c1")
    with pytest.raises(InputError, match="fallback_kw 12"):
        enrolment.enrol(NORTH, store, replace(DEVICE, fallback_kw=12.0), NOON, "c1")
    with pytest.raises(InputError, match="EVSEs count from 1"):
        enrolment.enrol(NORTH, store, replace(DEVICE, evse_id=0), NOON, "c1")  # cars come to EVSEs, not to stations
    assert enrolment.devices(NORTH, store) == []


@pytest.mark.parametrize("wrong", [{"power_kw_max": 0.0}, {"power_kw_max": float("nan")}, {"phases": 0}, {"phases": 4}])
def test_a_device_that_could_give_nothing_is_none(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="device D1: power_kw_max and voltage_v must be above 0, and phases 1, 2 or 3"):
        replace(DEVICE, **wrong)  # type: ignore[arg-type]  # what a test makes of it


def test_a_retired_device_is_set_free_and_kept_and_may_come_back() -> None:
    store = furnished()
    enrolment.enrol(NORTH, store, DEVICE, NOON, "c1")
    later = NOON + timedelta(days=1)
    enrolment.retire(NORTH, store, "D1", later, "c2")
    enrolment.retire(NORTH, store, "D1", later + timedelta(days=1), "c3")
    assert given_orders(store)[-1] == ClearProfile(command_id="c2", evse_id=1, fallback=True)
    assert enrolment.device(NORTH, store, "D1").retired_at == later
    assert enrolment.devices(NORTH, store) == []
    back = enrolment.enrol(NORTH, store, DEVICE, later + timedelta(days=2), "c4")
    assert (back.retired_at, back.enrolled_at) == (None, later + timedelta(days=2))
    assert given_orders(store)[-1] == SetFallback(command_id="c4", evse_id=1, power_kw=4.2)


def test_a_device_with_a_car_is_not_retired() -> None:
    store = furnished()
    enrolment.enrol(NORTH, store, DEVICE, NOON, "c1")
    with store.writing() as unit:
        unit.sessions.put([SessionRow("north", "S", "D1", "depot", NOON, NOON + timedelta(hours=8), 20.0)])
    with pytest.raises(ConflictError, match="a car is plugged in"):
        enrolment.retire(NORTH, store, "D1", NOON, "c2")


def test_an_evse_that_its_station_does_not_have_is_refused_once_it_told_of_those_it_has() -> None:
    store = furnished()
    enrolment.enrol(NORTH, store, replace(DEVICE, device_id="D7", evse_id=7), NOON, "c1")  # it told of none yet
    station = StationId("north", "CP1")
    with store.writing() as unit:
        unit.stations.put_connectors(
            ConnectorRow(station, evse, evse, ConnectorStatus.AVAILABLE, NOON) for evse in (0, 1, 2)
        )
    with pytest.raises(InputError, match=r"'CP1' has no EVSE 8: it told of 1, 2\..* ocpp trigger CP1 status"):
        enrolment.enrol(NORTH, store, replace(DEVICE, evse_id=8), NOON, "c2")
    assert enrolment.enrol(NORTH, store, replace(DEVICE, evse_id=2), NOON, "c3").evse_id == 2


def test_the_nearest_name_is_offered() -> None:
    store = furnished()
    enrolment.enrol(NORTH, store, DEVICE, NOON, "c1")
    with pytest.raises(NotFoundError, match="Did you mean 'D1'"):
        enrolment.device(NORTH, store, "d1")
    with pytest.raises(NotFoundError, match="Did you mean 'CP1'"):
        stations.station(NORTH, store, "CP11")
    with pytest.raises(NotFoundError, match="Did you mean 'depot'"):
        grid.circuit(NORTH, store, "depo")
