"""A driver who takes charging in hand in the maker's app is out of this stay, until that is undone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from evenload.domain.vehicle_state import ActKind, ActReason, Provider
from evenload.service.access_rows import Role
from evenload.service.driver_rows import ChoiceKind, DriverRow
from evenload.service.drivers import asking, choosing
from evenload.service.drivers.why import WhyCode
from evenload.service.live_rows import SessionRow

DRIVER = DriverRow("home", "ann", vehicles=("leaf",), site_id="house")


def session_of(bench: Any) -> SessionRow:
    with bench.store.reading() as unit:
        (found,) = unit.sessions.going_on_at("home", ["car:leaf"])
    return found


async def taken_in_hand(bench: Any, *, with_driver: bool) -> Any:
    """A car that was stopped by an order and started again in its maker's app."""
    car = await bench.link(Provider.ENODE, "leaf")
    if with_driver:
        with bench.store.writing() as unit:
            unit.drivers.put([DRIVER])
    await bench.beat(2)
    car.plug_in(bench.empty_car(), bench.now)
    await bench.beat(3)
    assert (await bench.carry_out(bench.order(0.0))).settlement.good
    bench.later(minutes=20)
    car.advance(bench.now)
    await bench.beat(3)
    assert not session_of(bench).opted_out
    car.take_in_hand(bench.now, charge=True)
    await bench.beat(3)
    return car


@pytest.mark.requirement("R21")
def test_it_is_an_opt_out_of_this_stay_that_is_decided_explained_and_undone(played: Callable[..., None]) -> None:
    async def play(bench: Any) -> None:
        await taken_in_hand(bench, with_driver=True)
        assert session_of(bench).opted_out
        scope = bench.scope(Role.OPERATOR)
        (choice,) = choosing.choices(scope, bench.store, "ann")
        assert (choice.kind, choice.applied_to) == (ChoiceKind.OPT_OUT, session_of(bench).session_id)
        assert choice.reason.startswith("taken in hand in the app of the car's maker")
        with bench.store.reading() as unit:
            told = [one.why for one in unit.decisions.last("home", 9) if one.kind == "opt_out"]
        assert told == [f"its driver takes it out: it charges at once: {choice.reason}"]
        (asked,) = asking.ask(scope, bench.store, "ann", bench.now)
        assert asked.why.code is WhyCode.TAKEN_IN_HAND
        assert "unplugged, or you undo that" in asked.why.sentence

        stops = sum(one.kind is ActKind.STOP for one in bench.acts())
        bench.later(minutes=20)
        assert (await bench.carry_out(bench.order(0.0))).info == ActReason.OPTED_OUT.sentence
        assert sum(one.kind is ActKind.STOP for one in bench.acts()) == stops

        choosing.undo_last(scope, bench.store, "ann", ChoiceKind.OPT_OUT, bench.now)
        assert not session_of(bench).opted_out
        await bench.carry_out(bench.order(0.0))
        await bench.beat(3)
        assert sum(one.kind is ActKind.STOP for one in bench.acts()) == stops + 1
        assert not session_of(bench).opted_out, "that it charged until it was stopped is no second opt-out"

    played(play)


def test_without_a_known_driver_the_session_alone_is_out_and_the_decision_is_made_once(
    played: Callable[..., None],
) -> None:
    async def play(bench: Any) -> None:
        car = await taken_in_hand(bench, with_driver=False)
        bench.later(minutes=5)
        car.advance(bench.now)
        await bench.beat(3)
        assert session_of(bench).opted_out
        with bench.store.reading() as unit:
            assert sum(one.kind == "opt_out" for one in unit.decisions.last("home", 9)) == 1
        car.unplug(bench.later(minutes=1))
        await bench.beat(3)
        car.plug_in(bench.empty_car(), bench.later(minutes=30))
        await bench.beat(3)
        assert not session_of(bench).opted_out, "of one stay"
        assert bench.now - session_of(bench).plugged_at < timedelta(minutes=5)

    played(play)
