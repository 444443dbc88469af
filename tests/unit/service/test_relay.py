"""Relay: what a site tells counts once whatever is sent again, and orders take each other's place there as here."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_origin

import msgspec
import pytest
from msgspec import structs

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain import station_commands, station_events
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import ConnectorStatus, StationDetails, StationId, Token
from evenload.domain.station_commands import CommandSettled, SetProfile, Settlement
from evenload.domain.station_events import (
    MeterSampled,
    StationBooted,
    StationEvent,
    StationLost,
    StationSeen,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from evenload.domain.station_limits import Limits
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service import relay
from evenload.service.access_rows import Role
from evenload.service.event_rows import event_of, is_told_on
from evenload.service.event_text import row_of
from evenload.service.live_rows import CircuitRow, DeviceRow, SiteRow
from evenload.service.observe import observe
from evenload.service.orders import give
from evenload.service.ports import Store
from evenload.service.refusals import ForbiddenError, NotFoundError
from evenload.service.relay_state import site_state, take_state
from evenload.service.rows import EventRow, StationRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("R86")

HASH, OTHER_HASH = "hash", "changed here"
NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
FAR, NEAR = "cloud", "home"
SCOPE = Scope(FAR, "key:site", Role.OPERATOR)
WINDOW = Interval(NOW - timedelta(days=1), NOW + timedelta(days=1))
KINDS = [
    kind
    for module in (station_events, station_commands)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, StationEvent) and kind is not StationEvent
]


def furnish(store: Store, tenant: str, limit_above_kw: float = float("inf")) -> None:
    with store.writing() as unit:
        grid = Circuit("grid", "", CircuitKind.FEEDER, limit_above_kw)
        unit.circuits.put(
            [CircuitRow(tenant, grid), CircuitRow(tenant, Circuit("depot", "grid", CircuitKind.SITE, 90.0))]
        )
        unit.sites.put([SiteRow(tenant, "depot")])
        unit.stations.put([StationRow(StationId(tenant, "CP1"), approved=True, password_hash=HASH)])
        unit.devices.put([DeviceRow(tenant, "d1", "depot", "CP1", enrolled_at=NOW)])


@pytest.fixture
def far() -> MemoryStore:
    store = MemoryStore()
    furnish(store, FAR)
    return store


@pytest.fixture
def near() -> MemoryStore:
    store = MemoryStore()
    furnish(store, NEAR)
    return store


def at(seconds: float) -> dict[str, Any]:
    instant = NOW + timedelta(seconds=seconds)
    return {"station": StationId(NEAR, "CP1"), "at": instant, "received_at": instant, "evse_id": 1}


def sampled(seconds: float, kwh: float) -> MeterSampled:
    instant = NOW + timedelta(seconds=seconds)
    reading = Reading(at=instant, kind=ReadingKind.REGISTER, energy_kwh_import=kwh)
    return MeterSampled(**at(seconds), readings=(reading,), transaction_id="7")


def stay(start: float) -> list[StationEvent]:
    """A car comes, charges 2 kWh and goes."""
    ids = {"transaction_id": f"{7 + start:.0f}"}
    reading = structs.replace(sampled(start + 20, 1.0), **ids)
    return [
        StatusChanged(**at(start), connector_id=1, status=ConnectorStatus.PREPARING),
        TransactionStarted(**at(start + 1), **ids, register_kwh=0.0, token=Token("tag")),
        StatusChanged(**at(start + 2), connector_id=1, status=ConnectorStatus.CHARGING),
        reading,
        TransactionEnded(**at(start + 40), **ids, register_kwh=2.0, energy_kwh=2.0),
        StatusChanged(**at(start + 41), connector_id=1, status=ConnectorStatus.AVAILABLE),
    ]


def rows_of(near: MemoryStore, events: list[StationEvent]) -> list[EventRow]:
    observe(near, events, is_told_on)
    return list(relay.to_tell(near, NEAR, 0))


def sessions(store: Store, tenant: str) -> list[Any]:
    with store.reading() as unit:
        return [replace(row, tenant="") for row in unit.sessions.within(tenant, WINDOW)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_comes_out_of_the_log_as_it_went_in(kind: type[StationEvent]) -> None:
    given: dict[str, Any] = {}
    for one in structs.fields(kind):
        if one.required and one.name not in ("station", "at", "received_at"):
            given[one.name] = _some(one.type)
    event = kind(station=StationId(NEAR, "CP1"), at=NOW, received_at=NOW + timedelta(seconds=1), **given)
    row = row_of(event)
    again = event_of(row)
    assert type(again) is kind
    assert row_of(again) == row


def _some(annotation: Any) -> Any:
    if annotation is StationDetails:
        return StationDetails("vendor", "model")
    if annotation is Limits:
        return Limits.constant(5.0, WINDOW)
    if get_origin(annotation) is tuple:
        return ()
    simple = {str: "", int: 1, float: 2.5, bool: True, datetime: NOW, object: None, Token: Token("tag")}
    if annotation in simple:
        return simple[annotation]
    if isinstance(annotation, type):
        return next(iter(annotation))  # an enumeration
    return {}


def test_what_is_no_event_is_refused_by_name() -> None:
    row = EventRow(StationId(NEAR, "CP1"), NOW, NOW, 1, "Nothing", "{}")
    with pytest.raises(InputError, match="no event 'Nothing'"):
        event_of(row)
    with pytest.raises(InputError, match="cannot be read"):
        event_of(replace(row, kind="StatusChanged", body='{"connector_id": "x"}'))


def test_a_site_and_the_server_that_plans_for_it_know_the_same_of_its_sessions(
    far: MemoryStore, near: MemoryStore
) -> None:
    rows = rows_of(near, [*stay(0), *stay(100)])
    taken = relay.take_events(SCOPE, far, "depot", rows, None, NOW)
    assert len(taken.events) == len(rows) == 12
    assert sessions(far, FAR) == sessions(near, NEAR)
    assert [one.energy_kwh_delivered for one in sessions(far, FAR)] == [2.0, 2.0]


@pytest.mark.parametrize("cut", range(1, 13))
@pytest.mark.parametrize("overlap", [1, 3, 12])
def test_whatever_is_sent_again_changes_nothing(far: MemoryStore, near: MemoryStore, cut: int, overlap: int) -> None:
    rows = rows_of(near, [*stay(0), *stay(100)])
    relay.take_events(SCOPE, far, "depot", rows[:cut], None, NOW)
    relay.take_events(SCOPE, far, "depot", rows[max(0, cut - overlap) :], None, NOW)
    relay.take_events(SCOPE, far, "depot", rows, None, NOW)
    assert sessions(far, FAR) == sessions(near, NEAR)
    with far.reading() as unit:
        transactions = unit.transactions.last(FAR, 10)
    assert [one.energy_kwh for one in transactions] == [2.0, 2.0]


def test_one_that_cannot_be_read_does_not_hold_up_the_others(far: MemoryStore, near: MemoryStore) -> None:
    rows = rows_of(near, stay(0))
    rows.insert(2, replace(rows[0], kind="FromTheFuture"))
    taken = relay.take_events(SCOPE, far, "depot", rows, None, NOW)
    assert taken.refused == ("there is no event 'FromTheFuture'",)
    assert sessions(far, FAR) == sessions(near, NEAR)


def test_who_is_connected_is_told_by_the_clock_here_and_who_is_not_is_lost(far: MemoryStore, near: MemoryStore) -> None:
    booted = StationBooted(**at(-7200), details=StationDetails("v", "m"), registration="accepted")  # type: ignore[arg-type]
    relay.take_events(SCOPE, far, "depot", rows_of(near, [booted]), ["CP1", "never heard of"], NOW)

    def row() -> StationRow:
        with far.reading() as unit:
            found = unit.stations.find(StationId(FAR, "CP1"))
        assert found is not None
        return found

    assert (row().connected, row().seen_at) == (True, NOW)
    taken = relay.take_events(SCOPE, far, "depot", [], [], NOW + timedelta(seconds=9))
    assert [type(one) for one in taken.events] == [StationLost]
    assert taken.tenants == {FAR}
    assert not row().connected
    relay.take_events(SCOPE, far, "depot", [], ["CP1"], NOW + timedelta(seconds=20))
    assert row().connected
    assert [type(one) for one in relay.lose_site(far, FAR, "depot", NOW + timedelta(minutes=2))] == [StationLost]
    assert relay.lose_site(far, FAR, "depot", NOW + timedelta(minutes=3)) == []


def test_only_an_operator_relays_and_only_for_a_site_there_is(far: MemoryStore) -> None:
    viewer = replace(SCOPE, role=Role.VIEWER)
    with pytest.raises(ForbiddenError):
        relay.take_events(viewer, far, "depot", [], None, NOW)
    with pytest.raises(ForbiddenError):
        relay.orders_for(viewer, far, "depot", 0, NOW)
    with pytest.raises(ForbiddenError):
        site_state(viewer, far, "depot", NOW)
    with pytest.raises(NotFoundError, match="no site 'elsewhere'"):
        relay.take_events(SCOPE, far, "elsewhere", [], None, NOW)


def test_readings_leave_the_log_once_they_were_told_and_the_log_goes_on_counting(near: MemoryStore) -> None:
    rows = rows_of(near, [*stay(0), sampled(60, 3.0)])
    relay.told(near, NEAR, rows[-1].number)
    left = relay.to_tell(near, NEAR, 0)
    assert [row.kind for row in left if row.number < rows[-1].number].count("MeterSampled") == 0
    observe(near, [sampled(80, 4.0)], is_told_on)
    new = relay.to_tell(near, NEAR, rows[-1].number)
    assert [row.number > rows[-1].number for row in new] == [True]
    assert relay.to_tell(near, NEAR, 10**9) == relay.to_tell(near, NEAR, 0)  # another database than the mark is of


def test_signs_of_life_and_questions_asked_every_second_are_not_told_on() -> None:
    assert not is_told_on(StationSeen(**at(0)))
    settled = CommandSettled(**at(0), command_id="c1", settlement=Settlement.DONE)
    assert is_told_on(settled)
    assert not is_told_on(structs.replace(settled, command_id=f"{station_commands.PASSING}c1"))


# orders


def plan(command_id: str, kw: float, start: float = 0.0) -> SetProfile:
    begin = NOW + timedelta(seconds=start)
    limits = Limits.constant(kw, Interval(begin, begin + timedelta(hours=2)))
    return SetProfile(command_id=command_id, evse_id=1, limits=limits, worthless_at=limits.end)


def ordered(store: MemoryStore, tenant: str, command: SetProfile) -> None:
    with store.writing() as unit:
        give(unit, StationId(tenant, "CP1"), command, NOW)


def standing(store: MemoryStore, tenant: str) -> list[str]:
    with store.reading() as unit:
        return [row.order_id for row in unit.orders.standing(StationId(tenant, "CP1"))]


def test_orders_come_down_once_and_their_ends_go_up(far: MemoryStore, near: MemoryStore) -> None:
    ordered(far, FAR, plan("p1", 5.0))
    waiting = relay.orders_for(SCOPE, far, "depot", 0, NOW)
    assert relay.take_orders(near, NEAR, waiting.orders) == {StationId(NEAR, "CP1")}
    assert relay.take_orders(near, NEAR, waiting.orders) == set()
    assert standing(near, NEAR) == ["p1"]
    settled = CommandSettled(**at(5), command_id="p1", settlement=Settlement.DONE)
    rows = rows_of(near, [settled])
    relay.take_events(SCOPE, far, "depot", rows, None, NOW)
    for store in (near, far):
        with store.reading() as unit:
            assert [row.settlement for row in unit.orders.find(["p1"])] == ["done"]


def test_limits_that_others_took_the_place_of_are_not_given_any_more(far: MemoryStore, near: MemoryStore) -> None:
    ordered(far, FAR, plan("p1", 5.0))
    relay.take_orders(near, NEAR, relay.orders_for(SCOPE, far, "depot", 0, NOW).orders)
    ordered(far, FAR, plan("p2", 6.0))
    ordered(far, FAR, plan("p3", 7.0))
    waiting = relay.orders_for(SCOPE, far, "depot", 1, NOW)
    assert [row.order_id for row in waiting.orders] == ["p3"]
    relay.take_orders(near, NEAR, waiting.orders)
    assert standing(near, NEAR) == ["p3"]
    assert relay.orders_for(SCOPE, far, "depot", 0, NOW + timedelta(hours=3)).orders == ()


def test_what_the_server_supposes_in_force_is_again_and_what_the_site_made_up_is_not(
    far: MemoryStore, near: MemoryStore
) -> None:
    ordered(far, FAR, plan("p1", 5.0))
    relay.take_orders(near, NEAR, relay.orders_for(SCOPE, far, "depot", 0, NOW).orders)
    ordered(near, NEAR, plan("own", 9.0))
    assert standing(near, NEAR) == ["own"]
    again = relay.resume(near, NEAR, relay.orders_for(SCOPE, far, "depot", 0, NOW).orders)
    assert standing(near, NEAR) == ["p1"]
    assert again == {StationId(NEAR, "CP1")}


# what a site has to know


def test_a_site_is_told_its_part_and_keeps_what_it_saw_itself(far: MemoryStore) -> None:
    near = MemoryStore()
    with far.writing() as unit:
        elsewhere = Circuit("elsewhere", "grid", CircuitKind.SITE, 10.0)
        unit.circuits.put([CircuitRow(FAR, elsewhere), CircuitRow(FAR, Circuit("wing", "depot", CircuitKind.FEEDER))])
    state, tag = site_state(SCOPE, far, "depot", NOW)
    sent = msgspec.json.decode(msgspec.json.encode(state), type=type(state))
    take_state(near, NEAR, sent)
    with near.reading() as unit:
        circuits = {one.node: one for one in unit.circuits.of(NEAR)}
        device = unit.devices.find(NEAR, "d1")
        station = unit.stations.find(StationId(NEAR, "CP1"))
    assert set(circuits) == {"depot", "wing"}
    assert (circuits["depot"].parent, circuits["depot"].limit_kw) == ("", 90.0)
    assert circuits["wing"].limit_kw == float("inf")
    assert device is not None
    assert device.tenant == NEAR
    assert station is not None
    assert (station.approved, station.password_hash) == (True, HASH)
    assert site_state(SCOPE, far, "depot", NOW)[1] == tag
    with near.writing() as unit:
        unit.stations.put([replace(station, password_hash=OTHER_HASH)])
    take_state(near, NEAR, sent)
    with near.reading() as unit:
        kept = unit.stations.find(StationId(NEAR, "CP1"))
    assert kept is not None
    assert kept.password_hash == OTHER_HASH


def test_what_a_driver_said_reaches_the_site(far: MemoryStore, near: MemoryStore) -> None:
    rows = rows_of(near, stay(0)[:3])
    relay.take_events(SCOPE, far, "depot", rows, None, NOW)
    before = site_state(SCOPE, far, "depot", NOW)[1]
    with far.writing() as unit:
        told = replace(unit.sessions.going_on(FAR)[0], energy_kwh=33.0, departs_at=NOW + timedelta(hours=5))
        unit.sessions.put([told])
    state, tag = site_state(SCOPE, far, "depot", NOW)
    assert tag != before
    take_state(near, NEAR, state)
    assert [(one.energy_kwh, one.departs_at) for one in sessions(near, NEAR)] == [(33.0, NOW + timedelta(hours=5))]


@pytest.mark.parametrize(("limit_kw", "alone"), [(float("inf"), True), (500.0, False)])
def test_a_site_may_plan_for_itself_only_where_it_shares_no_limit(limit_kw: float, alone: bool) -> None:
    store = MemoryStore()
    furnish(store, FAR, limit_kw)
    assert site_state(SCOPE, store, "depot", NOW)[0].alone is alone


def test_a_site_that_says_no_name_must_be_the_only_one(far: MemoryStore) -> None:
    assert site_state(SCOPE, far, "", NOW)[0].site.site_id == "depot"
    with far.writing() as unit:
        unit.sites.put([SiteRow(FAR, "other")])
    with pytest.raises(InputError, match="say which site"):
        site_state(SCOPE, far, "", NOW)


def test_transactions_of_a_site_have_numbers_of_their_own(near: MemoryStore) -> None:
    relay.number_apart(near, NEAR, "https://cloud depot")
    with near.writing() as unit:
        first = unit.transactions.reserve_ids(NEAR, 10)
    assert 1_000_000 <= first < 2**31 - 1_000_000
    relay.number_apart(near, NEAR, "https://cloud depot")
    with near.writing() as unit:
        assert first < unit.transactions.reserve_ids(NEAR, 10) < first + 1000
