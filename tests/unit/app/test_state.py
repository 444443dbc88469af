"""What goes on now, from a decision and what devices told, against sums worked out by hand."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evenload.app.state import UNMANAGED_EV_KW, LiveStates
from evenload.app.state_cars import NOTED_MAX, cars_now
from evenload.app.state_circuits import ahead_of, head_of
from evenload.app.view import LiveView
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.forecast.forecast import Basis, Forecast
from evenload.service.control import Decision, decide
from evenload.service.guard import Guarded, Metered, Sight
from evenload.service.live_rows import DeviceRow, LimitRow, NeedBasis, SessionRow, SignalRow, SiteRow
from evenload.service.problem_of import horizon_at
from evenload.service.snapshot import DeviceState, Expected, Snapshot, Trust

NOW = datetime(2026, 1, 10, 17, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
CIRCUITS = (
    Circuit("ALL", "", CircuitKind.SYSTEM),
    Circuit("F", "ALL", CircuitKind.FEEDER, 60.0),
    Circuit("T1", "F", CircuitKind.TRANSFORMER, 40.0),
    Circuit("T2", "F", CircuitKind.TRANSFORMER, 40.0),
    Circuit("S1", "T1", CircuitKind.SITE),
    Circuit("S2", "T2", CircuitKind.SITE, 22.0),
)
LIMIT = LimitRow("t", "L", "F", NOW - HOUR, NOW + HOUR, 50.0, "peak")
LATER = LimitRow("t", "M", "T1", NOW + 2 * HOUR, NOW + 3 * HOUR, 10.0)
BASE_KW = {"ALL": 30.0, "F": 30.0, "T1": 20.0, "T2": 10.0}


def device(name: str, site: str, trust: Trust = Trust.CONTROLLED) -> DeviceState:
    return DeviceState(DeviceRow("t", name, site, f"CP-{name}", power_kw_min=4.14, fallback_kw=4.2), trust)


def session(name: str, site: str, **known: Any) -> SessionRow:
    row = SessionRow("t", f"s-{name}", name, site, NOW - HOUR, NOW + 10 * HOUR, 10.0, basis=NeedBasis.DRIVER,
                     transaction_id="1")  # fmt: skip
    return replace(row, **known)


def seen(*sessions: SessionRow, trust: Mapping[str, Trust] | None = None) -> Snapshot:
    devices = {name: device(name, site, (trust or {}).get(name, Trust.CONTROLLED))
               for name, site in (("a", "S1"), ("b", "S2"), ("c", "S2"))}  # fmt: skip
    start = horizon_at(NOW).start
    load_kw = np.repeat(np.array(list(BASE_KW.values()))[:, None], 144, axis=1)
    sites = {name: SiteRow("t", name, timezone="Europe/Paris") for name in ("S1", "S2")}
    price = SignalRow("t", "", NOW - HOUR, 3 * 3600, 0.25, currency="EUR")
    carbon = SignalRow("t", "", NOW - HOUR, 3 * 3600, carbon_g_per_kwh=310.0)
    return Snapshot("t", NOW, CIRCUITS, sites, devices, sessions, (LATER, LIMIT), (price, carbon),
                    expected=Expected(tuple(BASE_KW), start, 15, load_kw))  # fmt: skip


def decided(snapshot: Snapshot) -> Decision:
    numbers = itertools.count()
    return decide(snapshot, "tick", lambda: f"id-{next(numbers)}")


def view_with(**power_kw: float) -> LiveView:
    view = LiveView()
    for name, kw in power_kw.items():
        view.power[device(name, "").device.station, 1] = Metered(NOW, kw)
    return view


def forecast() -> Forecast:
    levels = (0.5, 0.9)
    middle = np.array(list(BASE_KW.values()))
    load_kw = np.repeat(np.stack([middle, middle * 1.1], axis=1)[:, :, None], 8, axis=2)
    known = np.full(4, np.datetime64("2026-01-10T17:00:00"))
    return Forecast(tuple(BASE_KW), horizon_at(NOW, hours=2), levels, load_kw, (Basis.HISTORY,) * 4, known)


def states(snapshot: Snapshot | None, view: LiveView, failed: str = "", caps: int = 0) -> LiveStates:
    kept = SimpleNamespace(
        decision=decided(snapshot) if snapshot else None, seen=snapshot, seconds=0.05, failed=failed, given={}
    )
    guarded = Guarded({f"d{n}": 1.0 for n in range(caps)}, sight=Sight.SILENT if caps else Sight.CLEAR)
    parts: Any = SimpleNamespace(
        view=view, brain=SimpleNamespace(tenants={"t": kept}),
        forecasting=SimpleNamespace(quantiles=lambda _: forecast() if snapshot else None),
        guarding=SimpleNamespace(states={("t", "S1"): guarded, ("u", "S9"): Guarded()}),
    )  # fmt: skip
    return LiveStates(parts, lambda: NOW, 0.9)


def test_cars_are_summed_up_the_tree_on_the_base_load_that_is_expected() -> None:
    snapshot = seen(session("a", "S1"), session("b", "S2"), session("c", "S2"))
    state = states(snapshot, view_with(a=7.0, b=3.0, c=4.0)).of("t")
    circuits = {one.node: one for one in state.circuits}
    assert set(circuits) == {"ALL", "F", "T1", "T2", "S2"}  # a site without a limit is no matter
    assert {name: one.ev_kw for name, one in circuits.items()} == {"ALL": 14, "F": 14, "T1": 7, "T2": 7, "S2": 7}
    assert {name: one.load_kw for name, one in circuits.items()} == {"ALL": 44, "F": 44, "T1": 27, "T2": 17, "S2": 7}
    assert (circuits["T1"].base_kw, circuits["T1"].base_kw_high, circuits["S2"].base_kw) == (20, 22, None)
    assert (state.head, state.timezone, state.circuits_left_out) == ("F", "Europe/Paris", 0)


def test_a_posted_limit_counts_while_it_holds() -> None:
    state = states(seen(session("a", "S1")), view_with()).of("t")
    circuits = {one.node: one for one in state.circuits}
    assert (circuits["F"].limit_kw, circuits["F"].posted) == (50, True)
    assert (circuits["T1"].limit_kw, circuits["T1"].posted) == (40, False)
    assert circuits["ALL"].limit_kw is None
    assert [(one.limit_id, one.holds) for one in state.limits] == [("L", True), ("M", False)]


def test_price_and_carbon_may_come_from_different_signals() -> None:
    state = states(seen(), view_with()).of("t")
    assert (state.price.price_per_kwh, state.price.currency, state.price.carbon_g_per_kwh) == (0.25, "EUR", 310.0)


def test_what_is_planned_ahead_is_base_load_and_every_car_below_the_head() -> None:
    snapshot = seen(session("a", "S1"), session("b", "S2", energy_kwh=6.0))
    decision = decided(snapshot)
    ahead = ahead_of(decision, snapshot, "F")
    planned_kwh = sum(sum(one.power_kw) for one in decision.plan.sessions) / 4
    first = ahead.load_kw[0] - 30.0
    told_kwh = (sum(ahead.load_kw[1:]) - 30.0 * (len(ahead.load_kw) - 1) + first * 8 / 15) / 4  # 17:07 to 17:15
    assert planned_kwh == pytest.approx(16.0, abs=0.01)
    assert told_kwh == pytest.approx(planned_kwh, abs=0.01)
    assert ahead.limit_kw[:6] == (50, 50, 50, 50, 50, 60)
    assert ahead.start == NOW.replace(minute=0)
    only_t2 = ahead_of(decision, snapshot, "T2")
    assert max(only_t2.load_kw) <= 10.0 + 11.0 + 0.01


def test_cars_are_counted_by_what_they_do() -> None:
    snapshot = seen(
        session("a", "S1", opted_out=True), session("b", "S2", energy_kwh_delivered=10.0),
        session("c", "S2", suspended_by_vehicle=True, boosted=True), trust={"a": Trust.OFFLINE},
    )  # fmt: skip
    cars = cars_now(decided(snapshot), snapshot, view_with(a=7.0), NOW)
    assert (cars.plugged_in, cars.charging, cars.waiting, cars.full) == (3, 1, 0, 2)
    assert (cars.opted_out, cars.boosted, cars.uncontrolled) == (1, 1, {"offline": 1})
    first, second, _ = cars.noted
    assert (first.device_id, first.marks, first.why) == ("a", ("opted_out", "offline"), "it is not connected")
    assert (second.device_id, second.state) == ("c", "full")


def test_what_a_device_drew_before_its_car_came_is_not_the_cars() -> None:
    snapshot = seen(session("a", "S1", plugged_at=NOW + timedelta(seconds=1)))
    (car,) = cars_now(decided(snapshot), snapshot, view_with(a=7.0), NOW).noted
    assert (car.power_kw, car.state) == (0.0, "waiting")


def test_a_car_that_cannot_be_served_in_time_is_late_by_what_it_will_lack() -> None:
    snapshot = seen(session("a", "S1", departs_at=NOW + timedelta(minutes=45), energy_kwh=20.0), session("b", "S2"))
    cars = cars_now(decided(snapshot), snapshot, view_with(), NOW)
    late = cars.noted[0]
    assert (cars.late, late.device_id, late.marks) == (1, "a", ("late",))
    assert late.lacking_kwh == pytest.approx(20.0 - 11.0 * 0.5, abs=0.1)  # to be ready a quarter of an hour early
    assert "short" in late.why
    assert late.departs_at == NOW + timedelta(minutes=45)


def test_a_car_that_should_be_gone_says_so() -> None:
    snapshot = seen(session("a", "S1", departs_at=NOW - HOUR))
    (car,) = cars_now(decided(snapshot), snapshot, view_with(), NOW).noted
    assert car.marks == ("overdue",)


def test_only_a_few_cars_are_noted_the_next_to_leave_first() -> None:
    many = [replace(session("a", "S1"), session_id=f"s{n:03}", departs_at=NOW + (50 - n) * HOUR) for n in range(40)]
    snapshot = replace(seen(), sessions=tuple(many))
    cars = cars_now(decided(seen()), snapshot, view_with(), NOW)
    assert cars.plugged_in == 40
    assert [one.session_id for one in cars.noted] == [f"s{n:03}" for n in range(39, 39 - NOTED_MAX, -1)]


def test_the_head_has_a_limit_or_several_circuits_below_it() -> None:
    assert head_of(CircuitTree.of(CIRCUITS)) == "F"
    feeders = [Circuit("ALL", "", CircuitKind.SYSTEM), Circuit("F1", "ALL", CircuitKind.FEEDER, 9.0),
               Circuit("F2", "ALL", CircuitKind.FEEDER, 9.0)]  # fmt: skip
    assert head_of(CircuitTree.of(feeders)) == "ALL"
    assert head_of(CircuitTree.of([Circuit("ALL", "", CircuitKind.SYSTEM)])) == "ALL"


def test_before_the_first_plan_and_for_strangers_there_is_little() -> None:
    live = states(None, view_with(), failed="the database is locked", caps=2)
    state = live.of("t")
    assert (state.circuits, state.plan, state.now) == ((), None, NOW)
    assert state.faults == (
        "guard at S1: the site's meter has told nothing for too long",
        "nothing could be planned: the database is locked",
        "no load was metered yet, so none is expected beside the cars",
    )
    assert [(one.site_id, one.capped) for one in state.guards] == [("S1", 2)]
    assert live.of("nobody").circuits == ()
    assert live.history("nobody").at == ()


def test_the_plan_is_told_with_its_proof() -> None:
    plan = states(seen(session("a", "S1")), view_with()).of("t").plan
    assert plan is not None
    assert (plan.sessions, plan.told, plan.kept, plan.seconds) == (1, 1, 0, 0.05)
    assert 0 <= plan.gap < 0.01


def test_the_last_day_is_kept_with_what_nobodys_management_would_make_of_it() -> None:
    live = states(seen(session("a", "S1")), view_with(a=7.0))
    live.extra["t"] = {UNMANAGED_EV_KW: 21.0}

    async def some() -> None:
        running = asyncio.create_task(live.run())
        while not live.history("t").at:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        running.cancel()

    asyncio.run(asyncio.wait_for(some(), 20))
    told = live.history("t")
    assert (told.node, told.at) == ("F", (NOW,))  # no more than one for five minutes
    assert (told.load_kw, told.ev_kw, told.limit_kw, told.price_per_kwh) == ((37.0,), (7.0,), (50.0,), (0.25,))
    assert told.unmanaged_kw == (51.0,)
