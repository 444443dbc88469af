"""What every store promises of linked cars."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.vehicle_state import (
    ActKind,
    ActReason,
    ActStatus,
    Capabilities,
    PlugState,
    Provider,
    SocBasis,
)
from evenload.service.car_rows import (
    CarAccountRow,
    CarActRow,
    CarConsentRow,
    CarDeskRow,
    CarLinkRow,
    CarStateRow,
    SourceRow,
)
from evenload.service.ports import Store

pytestmark = pytest.mark.requirement("R91", "R106")

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE, THERE = "home", "depot"
LINK = CarLinkRow(
    HERE, "leaf", Provider.ENODE, "ann", "e-1", "site", "car:leaf", "abc", "Nissan Leaf 2020",
    Capabilities(can_start_stop=True, can_set_amps=True, current_a_max=16.0, phases=3), 40.0, "sealed", T0, T0 + HOUR,
    linked_by="user:ann",
)  # fmt: skip


def test_links_by_vehicle_cloud_vin_and_account(store: Store) -> None:
    gone = replace(LINK, vehicle_id="zoe", revoked_at=T0, revoked_why="sold", withdrawn=True)
    other = replace(LINK, tenant=THERE, provider=Provider.SMARTCAR, vin_hash="")
    with store.writing() as unit:
        unit.cars.put_links([LINK, gone, other])
    with store.reading() as unit:
        cars = unit.cars
        assert cars.link(HERE, "leaf") == LINK
        assert cars.link(HERE, "none") is None
        assert cars.links(HERE) == [LINK, gone]
        assert cars.links(HERE, after="leaf", count=1) == [gone]
        assert cars.links_live(HERE) == [LINK]
        assert cars.live_among(HERE, ["leaf", "zoe", "none"]) == {"leaf"}
        assert cars.links_changed(HERE, T0) == [LINK, gone]
        assert cars.links_changed(HERE, T0 + timedelta(microseconds=1)) == []
        assert cars.links_told(Provider.ENODE, "e-1") == [LINK]
        assert cars.links_told(Provider.TESLA, "e-1") == []
        assert cars.links_with_vin("abc") == [LINK]
        assert cars.links_with_vin("") == []
        assert cars.links_of_account(Provider.SMARTCAR, "ann") == [other]
        assert cars.links_of_account(Provider.SMARTCAR, "ann", THERE) == [other]
        assert cars.links_of_account(Provider.SMARTCAR, "ann", HERE) == []


def test_what_an_account_is_let_in_by_is_kept_and_forgotten(store: Store) -> None:
    row = CarAccountRow(HERE, Provider.TESLA, "ann", "sealed", T0 + HOUR, "", T0)
    with store.writing() as unit:
        unit.cars.put_accounts([row, replace(row, tenant=THERE), replace(row, provider=Provider.ENODE)])
        unit.cars.put_accounts([replace(row, fault="refused")])
    with store.reading() as unit:
        assert unit.cars.account(HERE, Provider.TESLA, "ann") == replace(row, fault="refused")
        assert [one.provider for one in unit.cars.accounts(HERE)] == [Provider.ENODE, Provider.TESLA]
    with store.writing() as unit:
        unit.cars.remove_account(HERE, Provider.TESLA, "ann")
    with store.reading() as unit:
        assert unit.cars.account(HERE, Provider.TESLA, "ann") is None
        assert len(unit.cars.accounts(HERE)) == len(unit.cars.accounts(THERE)) == 1


def test_consents_that_were_asked_for(store: Store) -> None:
    row = CarConsentRow("hash", HERE, "user:ann", Provider.SMARTCAR, "ann", "leaf", "site", T0, T0 + HOUR, "sealed")
    with store.writing() as unit:
        unit.cars.put_consents([row, replace(row, state_hash="old", expires_at=T0 - HOUR)])
        unit.cars.put_consents([replace(row, finished_at=T0)])
        unit.cars.prune_consents(T0)
    with store.reading() as unit:
        assert unit.cars.consent("hash") == replace(row, finished_at=T0)
        assert unit.cars.consent("old") is None


def test_a_notice_is_first_once(store: Store) -> None:
    with store.writing() as unit:
        assert unit.cars.is_first(Provider.ENODE, "d", T0)
        assert unit.cars.is_first(Provider.SMARTCAR, "d", T0)
        assert not unit.cars.is_first(Provider.ENODE, "d", T0)
    with store.writing() as unit:
        assert not unit.cars.is_first(Provider.ENODE, "d", T0 + HOUR)


def test_states_and_desks_are_the_last_of_each_car(store: Store) -> None:
    full = CarStateRow(
        HERE, "leaf", T0, T0 + HOUR, PlugState.CHARGING, 0.5, 0.9, SocBasis.RANGE, 0.8, 7.2, 32.0, 230.0, 3.5, True,
        120.0, False, T0 + 2 * HOUR, True, ("told in miles", "without time"),
    )  # fmt: skip
    plain = CarStateRow(HERE, "zoe", T0, T0)
    desk = CarDeskRow(HERE, "leaf", '{"a": 1}', T0)
    with store.writing() as unit:
        unit.cars.put_states([full, replace(full, tenant=THERE), plain])
        unit.cars.put_desks([desk, replace(desk, tenant=THERE)])
        unit.cars.put_desks([replace(desk, body="{}")])
    with store.reading() as unit:
        assert unit.cars.state(HERE, "leaf") == full
        assert CarStateRow.of(full.state) == full
        assert unit.cars.states(HERE) == [full, plain]
        assert unit.cars.states(HERE, ["zoe", "none"]) == [plain]
        assert unit.cars.states(HERE, []) == []
        assert unit.cars.desks(HERE) == unit.cars.desks(HERE, ["leaf", "x"]) == [replace(desk, body="{}")]
        assert unit.cars.desks(HERE, ["x"]) == []
    with store.writing() as unit:
        unit.cars.forget(HERE, "leaf")
    with store.reading() as unit:
        assert unit.cars.state(HERE, "leaf") is None
        assert unit.cars.desks(HERE) == []
        assert unit.cars.state(THERE, "leaf") is not None


def test_acts_by_car_event_and_end(store: Store) -> None:
    first = CarActRow(HERE, "a1", "leaf", ActKind.SET_AMPS, T0, T0 + HOUR, 16.0, event_id="e", order_id="o")
    ended = replace(
        first, act_id="a2", made_at=T0 + HOUR, status=ActStatus.FAILED, reason=ActReason.ASLEEP, info="408", tries=3,
        remote_act_id="r", sent_at=T0, ended_at=T0,
    )  # fmt: skip
    other = replace(first, act_id="a0", vehicle_id="zoe")
    plain = CarActRow(HERE, "a3", "zoe", ActKind.STOP, T0 - HOUR, T0)
    with store.writing() as unit:
        unit.cars.put_acts([first, ended, other, plain, replace(first, tenant=THERE)])
    with store.reading() as unit:
        cars = unit.cars
        assert cars.acts_found(HERE, ["a2", "a1", "none"]) == [first, ended]
        assert cars.acts_under_way(HERE) == [first, plain, other]
        assert cars.acts_of_car(HERE, "leaf", 1) == [ended]
        assert cars.acts_last(HERE, 3) == [ended, first, other]
        assert cars.acts_of_event(HERE, "e") == [first, ended, other]
        assert cars.acts_of_event(HERE, "e", after="leaf", count=5) == [other]
        assert cars.counts_of_event(HERE, "e") == {ActStatus.QUEUED: 2, ActStatus.FAILED: 1}
        assert cars.counts_of_event(HERE, "none") == {}
    with store.writing() as unit:
        unit.cars.put_acts([replace(first, status=ActStatus.CONFIRMED, ended_at=T0)])
    with store.reading() as unit:
        assert unit.cars.acts_under_way(HERE) == [plain, other]


@pytest.mark.requirement("R138")
def test_sources_of_a_vehicle_in_order(store: Store) -> None:
    later = SourceRow(HERE, "leaf", "enode", T0, account="ann", why="linked")
    first = SourceRow(HERE, "leaf", "obd", T0 - HOUR, T0)
    with store.writing() as unit:
        unit.cars.put_sources([later, first, replace(later, tenant=THERE)])
        unit.cars.put_sources([replace(later, ended_at=T0 + HOUR)])
    with store.reading() as unit:
        assert unit.cars.sources(HERE, "leaf") == [first, replace(later, ended_at=T0 + HOUR)]
        assert unit.cars.sources(HERE, "zoe") == []
