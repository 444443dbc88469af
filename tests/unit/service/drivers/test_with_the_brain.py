"""Wishes through the brain itself: what its plans say is understood, and promises follow them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from evenload.base.instants import Interval
from evenload.service.control import decide
from evenload.service.dispatch import dispatch
from evenload.service.driver_rows import ChoiceKind, PromiseBasis
from evenload.service.drivers import asking, choosing, promising, quoting, wishing
from evenload.service.drivers.why import Why, WhyCode
from evenload.service.live_rows import LimitRow, SignalRow
from evenload.service.snapshot import Memory, Patience, snapshot

HOUR = timedelta(hours=1)


def planned(home: Any) -> None:
    """One decision of the brain, kept as the server keeps it."""
    ids = count()
    with home.store.writing() as unit:
        window = Interval(home.now, home.now + 36 * HOUR)
        seen = snapshot(unit, "t", window, Memory(), None, Patience())
        decision = decide(seen, "tick", lambda: f"p{home.now:%H%M%S}-{next(ids)}")
        dispatch(unit, decision, {})
        told = unit.promises.latest("t", [one.session_id for one in decision.plan.sessions])
        promising.confirm(unit, decision.plan, told, home.now)


def asked(home: Any) -> Why:
    (found,) = asking.ask(home.ann, home.store, "ann", home.now)
    return found.why


@pytest.fixture
def plugged_in(home: Any) -> Any:
    """Cheap from 23:00 to 03:00 in Oslo; the car wants 20 kWh by 07:00 and nothing at once."""
    with home.store.writing() as unit:
        unit.signals.put(
            SignalRow("t", "", home.now.replace(minute=0) + i * HOUR, 3600.0, 0.1 if 5 <= i < 9 else 0.4, None, "EUR")
            for i in range(40)
        )
    wish = home.wish(energy_kwh=20.0, energy_kwh_minimum=0.0, ready_by=("07:00",) * 7)
    wishing.put_wish(home.ann, home.store, wish, home.id(), home.now)
    home.plug_in()
    home.meter(kw=0.0)
    return home


def test_waiting_for_cheaper_hours_then_boosted_then_skipped(plugged_in: Any) -> None:
    home = plugged_in
    planned(home)
    told = asked(home)
    assert told.code is WhyCode.WAITS_CHEAPER, told.sentence
    assert told.starts_at == datetime(2026, 1, 8, 22, 0, tzinfo=UTC)
    assert told.sentence.startswith("Your car waits for cheaper hours; it starts at 23:00 and will be ready by 0")
    quote = quoting.quote(home.ann, home.store, "ann", home.now)
    assert quote.cost_planned_estimate == pytest.approx(2.0, abs=0.05)
    assert quote.cost_at_once_estimate == pytest.approx(8.0, abs=0.05)
    (promise,) = asking.forecast(home.ann, home.store, "ann", home.now)
    assert (promise.basis, promise.is_met, promise.corrects) == (PromiseBasis.PLAN, True, False)
    choosing.boost(home.ann, home.store, home.choice(), home.now)
    home.later(minutes=1)
    planned(home)
    home.meter(kw=7.4, kwh=0.1)
    told = asked(home)
    assert told.code is WhyCode.BOOSTED
    assert told.sentence.startswith("You let your car go first, so it is charging at 7.4 kW and will be ready by 2")
    choosing.undo_last(home.ann, home.store, "ann", ChoiceKind.BOOST, home.now)
    choosing.skip(home.ann, home.store, home.choice(), home.now)
    planned(home)
    home.meter(kw=0.0)
    assert asked(home).sentence == "You skip this night: it charges again from 12:00."
    with home.store.reading() as unit:
        (plan,) = unit.plans.last("t")
    assert sum(plan.sessions[0].power_kw) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.requirement("R46")
def test_what_a_limit_leaves_out_is_told_by_the_first_plan(plugged_in: Any) -> None:
    home = plugged_in
    with home.store.writing() as unit:
        unit.limits.put([LimitRow("t", "peak", "T7", home.now, home.now + 30 * HOUR, 1.5, "line works")])
    planned(home)
    (promise,) = asking.forecast(home.ann, home.store, "ann", home.now)
    assert (promise.basis, promise.is_met, promise.corrects) == (PromiseBasis.PLAN, False, True)
    assert promise.energy_kwh == pytest.approx(13.0 * 1.5, abs=1.5)
    assert "was at its limit" in promise.sentence, promise.sentence
    told = asked(home)
    assert told.code is WhyCode.EVENT, told.sentence
    assert "line works" in told.sentence
