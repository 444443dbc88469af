from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import CircuitError, EvenloadError, InputError
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.station import StationId
from evenload.service import grid, tags
from evenload.service.access_rows import Role
from evenload.service.live_rows import DeviceRow, SiteRow
from evenload.service.problem_of import ROOT
from evenload.service.refusals import ConflictError, NotFoundError, Refusal, StaleError
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
OPERATOR = Scope("north", "user:ann", Role.OPERATOR)
FEEDER = Circuit("F", "", CircuitKind.FEEDER, 400.0)
TRANSFORMER = Circuit("T", "F", CircuitKind.TRANSFORMER, 50.0)


def furnished() -> MemoryStore:
    store = MemoryStore()
    grid.put_circuits(OPERATOR, store, [TRANSFORMER, FEEDER], NOON)
    place = Circuit("depot", "T", CircuitKind.SITE)
    grid.put_site(OPERATOR, store, SiteRow("north", "depot"), NOON, place=place)
    return store


def test_a_cycle_is_refused_and_nothing_changes() -> None:
    store = furnished()
    before = grid.circuits(OPERATOR, store)
    with pytest.raises(CircuitError, match="hangs in a cycle"):
        grid.put_circuits(OPERATOR, store, [replace(FEEDER, parent="T")], NOON)
    with pytest.raises(CircuitError, match="hangs on 'Z', which is not in the grid"):
        grid.put_circuits(OPERATOR, store, [Circuit("U", "Z", CircuitKind.TRANSFORMER)], NOON)
    with pytest.raises(CircuitError, match="2 roots"):
        grid.put_circuits(OPERATOR, store, [Circuit("G", "", CircuitKind.FEEDER)], NOON)
    with pytest.raises(CircuitError, match=r"no circuit can be called '\(all\)'"):
        grid.put_circuits(OPERATOR, store, [Circuit(ROOT, "", CircuitKind.FEEDER)], NOON)
    with pytest.raises(CircuitError, match="listed twice"):
        grid.put_circuits(OPERATOR, store, [TRANSFORMER, TRANSFORMER], NOON)
    assert grid.circuits(OPERATOR, store) == before


NAMES = st.sampled_from(["F", "T", "U", "V", "depot"])


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), NAMES, st.sampled_from(["", "F", "T", "U", "V"])),
            st.tuples(st.just("remove"), NAMES, st.just("")),
            st.tuples(st.just("site"), NAMES, NAMES),
            st.tuples(st.just("unsite"), NAMES, st.just("")),
        ),
        max_size=12,
    )
)
def test_the_grid_is_a_tree_after_whatever_was_asked(asked: list[tuple[str, str, str]]) -> None:
    store = furnished()
    for what, node, parent in asked:
        try:
            match what:
                case "put":
                    grid.put_circuits(OPERATOR, store, [Circuit(node, parent, CircuitKind.FEEDER)], NOON)
                case "remove":
                    grid.remove_circuit(OPERATOR, store, node, NOON)
                case "site":
                    place = Circuit(node, parent, CircuitKind.SITE)
                    grid.put_site(OPERATOR, store, SiteRow("north", node), NOON, place=place)
                case _:
                    grid.remove_site(OPERATOR, store, node, NOON)
        except EvenloadError:
            continue
    nodes = {one.node for one in CircuitTree.of(grid.circuits(OPERATOR, store)).circuits}
    assert {one.site_id for one in grid.sites(OPERATOR, store)} <= nodes


def test_what_something_hangs_on_is_not_taken_away() -> None:
    store = furnished()
    with pytest.raises(ConflictError, match="'T' hangs on circuit 'F'") as caught:
        grid.remove_circuit(OPERATOR, store, "F", NOON)
    assert caught.value.reason is Refusal.IN_USE
    with pytest.raises(ConflictError, match="is a site: remove the site"):
        grid.remove_circuit(OPERATOR, store, "depot", NOON)
    with store.writing() as unit:
        unit.devices.put([DeviceRow("north", "D", "depot", "CP")])
    with pytest.raises(ConflictError, match="device 'D' is enrolled at site 'depot'"):
        grid.remove_site(OPERATOR, store, "depot", NOON)


def test_a_site_takes_its_circuit_along() -> None:
    store = furnished()
    grid.remove_site(OPERATOR, store, "depot", NOON)
    assert [one.node for one in grid.circuits(OPERATOR, store)] == ["F", "T"]
    with pytest.raises(NotFoundError, match="there is no site 'depot'"):
        grid.site(OPERATOR, store, "depot")


def test_a_site_needs_a_place_a_time_zone_and_a_time_of_day() -> None:
    store = furnished()
    with pytest.raises(InputError, match="site 'yard' has no circuit yet"):
        grid.put_site(OPERATOR, store, SiteRow("north", "yard"), NOON)
    for wrong, why in (({"timezone": "Europe/Olso"}, "Europe/Oslo"), ({"ready_by": "25:00"}, "time of day"),
                       ({"energy_kwh_minimum": 30.0}, "above energy_kwh_usual")):  # fmt: skip
        with pytest.raises(InputError, match=why):
            grid.put_site(OPERATOR, store, replace(SiteRow("north", "depot"), **wrong), NOON)


def test_a_change_for_another_state_than_there_is_is_refused() -> None:
    store = furnished()
    seen = grid.site(OPERATOR, store, "depot")
    grid.put_site(OPERATOR, store, replace(seen, name="by another"), NOON, expected=tags.tag_of(seen))
    with pytest.raises(StaleError):
        grid.put_site(OPERATOR, store, replace(seen, name="mine"), NOON, expected=tags.tag_of(seen))
    assert grid.site(OPERATOR, store, "depot").name == "by another"


def test_the_meter_of_a_station_that_nobody_knows_is_refused() -> None:
    store = furnished()
    with store.writing() as unit:
        unit.stations.put([StationRow(StationId("north", "MAIN1"))])
    with pytest.raises(InputError, match=r"'ocpp:MAIN' is of a station that never knocked.*Did you mean 'MAIN1'"):
        grid.put_site(OPERATOR, store, SiteRow("north", "depot", meter="ocpp:MAIN"), NOON)
    assert grid.put_site(OPERATOR, store, SiteRow("north", "depot", meter="ocpp:MAIN1"), NOON).meter == "ocpp:MAIN1"
