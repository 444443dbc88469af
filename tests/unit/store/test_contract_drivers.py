"""What every store promises of drivers, their wishes, choices, links and promises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InvariantError
from evenload.base.instants import Interval
from evenload.service.driver_rows import (
    AnswerRow,
    ChoiceKind,
    ChoiceRow,
    DriverRow,
    LinkRow,
    PromiseBasis,
    PromiseRow,
    WishRow,
)
from evenload.service.live_rows import SessionRow
from evenload.service.ports import Store

pytestmark = pytest.mark.requirement("R44")

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE, THERE = "home", "depot"
ANN = DriverRow(HERE, "ann", "u1", ("leaf", "van"), "yard", "nb", "NOK", T0)
BOB = DriverRow(HERE, "bob", vehicles=("tesla",))


def test_drivers_by_id_account_and_vehicle(store: Store) -> None:
    with store.writing() as unit:
        unit.drivers.put([ANN, BOB, replace(ANN, tenant=THERE, user_id="u9")])
    with store.reading() as unit:
        assert unit.drivers.find(HERE, "ann") == ANN
        assert unit.drivers.find(THERE, "bob") is None
        assert unit.drivers.of(HERE) == [ANN, BOB]
        assert unit.drivers.of(HERE, after="ann", count=5) == [BOB]
        assert unit.drivers.of_user(HERE, "u1") == ANN
        assert unit.drivers.of_user(HERE, "") is None
        assert unit.drivers.of_user(HERE, "u9") is None
        assert unit.drivers.of_vehicles(HERE, ["van", "tesla", "none"]) == {"van": ANN, "tesla": BOB}


def test_a_vehicle_has_one_driver_and_can_be_handed_on(store: Store) -> None:
    with store.writing() as unit:
        unit.drivers.put([ANN, BOB])
    with pytest.raises(InvariantError), store.writing() as unit:
        unit.drivers.put([replace(BOB, vehicles=("tesla", "van"))])
    with store.writing() as unit:
        unit.drivers.put([replace(ANN, vehicles=("leaf",)), replace(BOB, vehicles=("van",))])
    with store.reading() as unit:
        assert unit.drivers.of_vehicles(HERE, ["van", "tesla", "leaf"]).keys() == {"van", "leaf"}
        assert unit.drivers.of_vehicles(HERE, ["van"])["van"].driver_id == "bob"
    with store.writing() as unit:
        unit.drivers.remove(HERE, "bob")
        unit.drivers.remove(HERE, "nobody")
    with store.reading() as unit:
        assert unit.drivers.of_vehicles(HERE, ["van"]) == {}


WISH = WishRow(
    HERE, "w1", "ann", "leaf", ("07:00",) * 5 + ("",) * 2, 0.8, 0.3, None, None, T0, "user:ann"
)  # fmt: skip


def test_wishes_that_hold_and_held(store: Store) -> None:
    later = replace(WISH, wish_id="w2", soc_target=0.9, made_at=T0 + HOUR)
    with store.writing() as unit:
        unit.wishes.put([WISH, replace(WISH, wish_id="w3", vehicle_id="van", energy_kwh=12.5, energy_kwh_minimum=3)])
    with store.writing() as unit:
        unit.wishes.put([later, replace(WISH, ended_at=T0 + HOUR)])
    with store.reading() as unit:
        assert unit.wishes.of_vehicle(HERE, "leaf") == later
        assert unit.wishes.of_vehicle(THERE, "leaf") is None
        assert [one.wish_id for one in unit.wishes.of(HERE, "ann")] == ["w2", "w3"]
        assert [one.wish_id for one in unit.wishes.of(HERE, "ann", past=True)] == ["w2", "w1", "w3"]


SKIP = ChoiceRow(
    HERE, "c1", "ann", ChoiceKind.SKIP, T0, T0 + 8 * HOUR, "leaf", "", "on foot", T0, "user:ann", applied_to="s1",
    before="{}",
)  # fmt: skip


def test_choices_of_which_something_is_to_be_done(store: Store) -> None:
    vacation = replace(SKIP, choice_id="c2", kind=ChoiceKind.VACATION, start=T0 + 24 * HOUR, made_at=T0 + HOUR)
    boost = ChoiceRow(HERE, "c3", "bob", ChoiceKind.BOOST, T0 - HOUR, made_at=T0)
    undone = replace(SKIP, choice_id="c4", settled=True, undone_at=T0 + HOUR, undone_by="cli", made_at=T0 + 2 * HOUR)
    with store.writing() as unit:
        unit.wishes.put_choices([SKIP, vacation, boost, undone])
    with store.reading() as unit:
        assert unit.wishes.find_choice(HERE, "c1") == SKIP
        assert unit.wishes.find_choice(THERE, "c1") is None
        assert [one.choice_id for one in unit.wishes.choices(HERE, "ann")] == ["c4", "c2", "c1"]
        assert [one.choice_id for one in unit.wishes.choices(HERE, "ann", count=1)] == ["c4"]
        assert [one.choice_id for one in unit.wishes.unsettled(HERE, T0)] == ["c3", "c1"]
        assert unit.wishes.unsettled(HERE, T0, ["ann"]) == [SKIP]
        assert unit.wishes.unsettled(HERE, T0, []) == []
        assert [one.choice_id for one in unit.wishes.unsettled(HERE, T0 + 24 * HOUR)] == ["c3", "c1", "c2"]


def test_links_promises_and_answers(store: Store) -> None:
    link = LinkRow(HERE, "abcdef", "ann", "hash", "cli", T0, T0 + HOUR)
    first = PromiseRow(
        HERE, "s1", "ann", "leaf", T0, PromiseBasis.ESTIMATE, T0 + HOUR, 7.5, 20.0, False, 0.5, 0.8, T0 + 2 * HOUR,
        "time", "Your car ...", "", corrects=False,
    )  # fmt: skip
    second = replace(first, basis=PromiseBasis.PLAN, is_met=True, plan_id="p", corrects=True, ready_at=None, soc=None)
    other = replace(first, session_id="s2")
    with store.writing() as unit:
        unit.driver_links.put([link, replace(link, link_id="zzzzzz", driver_id="bob")])
        unit.promises.add([first, other, second, replace(first, tenant=THERE)])
        unit.wishes.put_answers([AnswerRow(HERE, "ann", "leaf.fri.0640", False, T0, "cli")])
    with store.reading() as unit:
        assert unit.driver_links.find("abcdef") == link
        assert unit.driver_links.of(HERE, "ann") == [link]
        told = unit.promises.of(HERE, "s1")
        assert [replace(one, number=0) for one in told] == [first, second]
        assert unit.promises.latest(HERE, ["s1", "s2", "s3"])["s1"] == told[1]
        assert set(unit.promises.latest(HERE, ["s1", "s2", "s3"])) == {"s1", "s2"}
        assert [one.session_id for one in unit.promises.after(HERE, told[0].number, 9)] == ["s2", "s1"]
        assert len(unit.promises.after(HERE, 0, 1)) == 1
        assert unit.promises.number_before(HERE, T0) == 0
        assert unit.promises.number_before(HERE, T0 + HOUR) == told[1].number
        assert unit.wishes.answers(HERE, "ann")[0].suggestion_id == "leaf.fri.0640"
    with store.writing() as unit:
        for port in (unit.wishes, unit.driver_links, unit.promises):
            port.forget(HERE, "ann")
    with store.reading() as unit:
        assert unit.driver_links.find("abcdef") is None
        assert unit.driver_links.find("zzzzzz") is not None
        assert unit.wishes.answers(HERE, "ann") == []
        assert [one.tenant for one in unit.promises.after(THERE, 0, 9)] == [THERE]
        assert unit.promises.after(HERE, 0, 9) == []


def test_sessions_of_vehicles(store: Store) -> None:
    one = SessionRow(HERE, "s1", "d1", "yard", T0, T0 + HOUR, 5.0, vehicle_id="leaf", unplugged_at=T0 + HOUR)
    rows = [
        one, replace(one, session_id="s2", plugged_at=T0 - HOUR, unplugged_at=None),
        replace(one, session_id="s3", vehicle_id="van"), replace(one, session_id="s4", vehicle_id=""),
    ]  # fmt: skip
    with store.writing() as unit:
        unit.sessions.put(rows)
    with store.reading() as unit:
        found = unit.sessions.of_vehicles(HERE, ["leaf", ""], Interval(T0, T0 + HOUR))
        assert [row.session_id for row in found] == ["s2", "s1"]
        later = unit.sessions.of_vehicles(HERE, ["leaf", "van"], Interval(T0 + HOUR, T0 + 2 * HOUR))
        assert [row.session_id for row in later] == ["s2"]
        assert unit.sessions.of_vehicles(THERE, ["leaf"], Interval(T0, T0 + HOUR)) == []
