"""The brain's decision: limits kept, everybody served, nobody told twice."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.event import Event, EventKind
from evenload.domain.station_limits import Limits
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.robust import Caution
from evenload.service.control import ControlPolicy, Decision, decide, near_enough
from evenload.service.dispatch import Given, dispatch, given_before
from evenload.service.live_rows import DeviceRow, LimitRow, NeedBasis, SessionRow, SignalRow, SiteRow
from evenload.service.problem_of import ROOT, horizon_at, limits_kw, tree_of
from evenload.service.snapshot import DeviceState, Expected, Snapshot, Trust
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 1, 10, 17, 7, tzinfo=UTC)
FEEDER = Circuit("F", "", CircuitKind.FEEDER, 30.0)


def ids() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"id-{next(numbers)}"


def a_session(number: int, hours: float = 10.0, **known: object) -> SessionRow:
    row = SessionRow(
        "t", f"s{number}", f"d{number}", f"site{number}", NOW - timedelta(minutes=20), NOW + timedelta(hours=hours),
        10.0, basis=NeedBasis.DRIVER, transaction_id=f"{number}",
    )  # fmt: skip
    return replace(row, **known)  # type: ignore[arg-type]  # the fields a test cares for


def seen_with(
    *sessions: SessionRow, limit_kw: float = 30.0, trust: Mapping[str, Trust] | None = None,
    signals: tuple[SignalRow, ...] = (), limits: tuple[LimitRow, ...] = (), base_kw: float = 0.0,
) -> Snapshot:  # fmt: skip
    circuits = [replace(FEEDER, limit_kw=limit_kw, emergency_limit_kw=limit_kw)]
    circuits += [Circuit(one.site_id, "F", CircuitKind.SITE) for one in sessions]
    devices = {
        one.device_id: DeviceState(
            DeviceRow("t", one.device_id, one.site_id, f"CP-{one.device_id}", power_kw_min=4.14, fallback_kw=1.4),
            (trust or {}).get(one.device_id, Trust.CONTROLLED),
        )
        for one in sessions
    }
    start = horizon_at(NOW).start
    expected = Expected(("F",), start, 15, np.full((1, 144), base_kw))
    sites = {one.site_id: SiteRow("t", one.site_id) for one in sessions}
    return Snapshot("t", NOW, tuple(circuits), sites, devices, tuple(sessions), limits, signals, expected=expected)


def told_now(decision: Decision) -> dict[str, float]:
    return {one.session.session_id: one.command.limits.steps[0].power_kw for one in decision.told}


def test_one_car_alone_charges_at_once_where_no_price_is_known() -> None:
    decision = decide(seen_with(a_session(1)), "tick", ids())
    assert told_now(decision) == {"s1": 11.0}
    (told,) = decision.told
    assert told.command.limits.end == NOW + ControlPolicy().ahead
    assert told.command.limits.steps[0].start == NOW
    assert "17:07" in told.why


@pytest.mark.requirement("R41")
def test_a_car_waits_for_the_cheap_hours_and_says_so() -> None:
    start = NOW.replace(minute=0)
    dear = SignalRow("t", "", start, 5 * 3600, 0.5)
    cheap = SignalRow("t", "", start + timedelta(hours=5), 40 * 3600, 0.1)
    decision = decide(seen_with(a_session(1), signals=(dear, cheap)), "tick", ids())
    assert told_now(decision) == {"s1": 0.0}
    assert "other times are cheaper" in decision.told[0].why


@any_of(
    st.lists(st.tuples(st.floats(0.5, 20), st.floats(0, 60), st.booleans()), min_size=1, max_size=12),
    st.floats(0, 60), st.floats(0, 20),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_is_told_fits_every_circuit_unless_base_load_alone_does_not(
    cars: list[tuple[float, float, bool]], limit_kw: float, base_kw: float
) -> None:
    sessions = [a_session(i, hours, energy_kwh=kwh, boosted=boosted) for i, (hours, kwh, boosted) in enumerate(cars)]
    decision = decide(seen_with(*sessions, limit_kw=limit_kw, base_kw=base_kw), "tick", ids())
    for minutes in range(0, 60, 5):
        at = NOW + timedelta(minutes=minutes)
        ev_kw = sum(one.command.limits.at(at) for one in decision.told if at < one.session.departs_at)
        assert ev_kw <= max(limit_kw - base_kw, 0.0) + 1e-6
    for one in decision.told:
        assert all(step.power_kw == 0 or step.power_kw >= 4.13 for step in one.command.limits.steps)


@pytest.mark.requirement("R147")
@pytest.mark.parametrize(("verified", "left_kw"), [(False, 30.0 - 11.0), (True, 30.0 - 1.4)])
def test_a_car_that_cannot_be_told_is_load_that_is_there(verified: bool, left_kw: float) -> None:
    sessions = [a_session(i, 1.0, energy_kwh=20.0) for i in range(5)]
    seen = seen_with(*sessions, trust={"d0": Trust.OFFLINE})
    devices = {name: replace(one, fallback_is_verified=verified) for name, one in seen.devices.items()}
    decision = decide(replace(seen, devices=devices), "tick", ids())
    assert "s0" not in told_now(decision)
    assert [one.device.device_id for one in decision.uncontrolled] == ["d0"]
    assert left_kw - 11.0 < sum(told_now(decision).values()) <= left_kw


def test_a_disobedient_device_counts_at_its_most_whatever_its_fallback() -> None:
    state = DeviceState(DeviceRow("t", "d", "s", "CP", power_kw_max=11.0, fallback_kw=1.4), Trust.DISOBEDIENT, True)
    assert state.uncontrolled_kw == 11.0


@pytest.mark.requirement("R128")
def test_a_boost_goes_first_but_not_past_the_limit() -> None:
    sessions = [a_session(i, 12.0, energy_kwh=10.0) for i in range(6)]
    sessions[5] = replace(sessions[5], boosted=True)
    powers = told_now(decide(seen_with(*sessions, limit_kw=12.0), "boost", ids()))
    assert powers["s5"] == 11.0
    assert sum(powers.values()) <= 12.0


def test_a_car_past_its_departure_is_served_within_the_hour() -> None:
    overdue = a_session(1, energy_kwh=30.0, departs_at=NOW - timedelta(hours=1))
    start = NOW.replace(minute=0)
    dear_now = (SignalRow("t", "", start, 7200, 0.9), SignalRow("t", "", start + timedelta(hours=2), 90000, 0.1))
    assert told_now(decide(seen_with(overdue, signals=dear_now), "tick", ids())) == {"s1": 11.0}


def test_a_posted_limit_holds_in_its_window_only() -> None:
    half_past = NOW.replace(minute=30)
    row = LimitRow("t", "l", "F", half_past, half_past + timedelta(minutes=30), 5.0)
    tree = tree_of([FEEDER])
    kw = limits_kw(tree, horizon_at(NOW), (row,))[0]
    assert kw[:5].tolist() == [30.0, 30.0, 5.0, 5.0, 30.0]
    higher = replace(row, limit_kw=99.0)
    assert (limits_kw(tree, horizon_at(NOW), (higher,)) == 30.0).all()


def test_several_roots_get_one_above_them() -> None:
    tree = tree_of([FEEDER, Circuit("G", "", CircuitKind.FEEDER, 10.0)])
    assert tree.circuits[0].node == ROOT
    assert np.isinf(tree.limit_kw[0])


def test_who_has_what_it_should_is_not_told_again() -> None:
    seen = seen_with(a_session(1), a_session(2))
    first = decide(seen, "tick", ids())
    later = replace(seen, given=first.given, now=NOW + timedelta(minutes=1))
    second = decide(later, "tick", ids(), previous=first.solution)
    assert not second.told
    assert set(second.kept) == {"s1", "s2"}


def test_who_would_run_out_of_limits_is_told_again() -> None:
    seen = seen_with(a_session(1))
    first = decide(seen, "tick", ids())
    policy = ControlPolicy()
    wanted = first.told[0].command.limits
    assert near_enough(wanted, wanted, NOW, policy)
    assert not near_enough(wanted, wanted, wanted.end - policy.renew + timedelta(seconds=1), policy)
    assert not near_enough(None, wanted, NOW, policy)


def told_before(seen: Snapshot, kw: float, minutes_ago: float = 10.0) -> Snapshot:
    """The same where every device was told so much for an hour."""
    start = NOW - timedelta(minutes=minutes_ago)
    limits = Limits.constant(kw, Interval(start, start + timedelta(hours=1)))
    return replace(seen, given=dict.fromkeys(seen.devices, limits))


def test_a_battery_that_says_it_is_full_is_left_alone() -> None:
    full = a_session(1, suspended_by_vehicle=True, metered_at=NOW - timedelta(minutes=1))
    assert not decide(told_before(seen_with(full), 11.0), "tick", ids()).told


@pytest.mark.parametrize(
    ("kw", "minutes_ago", "fallback_kw", "is_asked"),
    [
        (11.0, 10, 0.0, False),
        (0.0, 10, 11.0, True),  # it could draw nothing: what else should it say
        (4.0, 10, 11.0, True),  # less than it charges at
        (11.0, 0.5, 11.0, True),  # told since its meter was heard: it has not shown anything yet
        (11.0, 61, 11.0, False),  # what it was told has ended, and its fallback would wake it
        (11.0, 61, 0.0, True),  # which a fallback of 0 does not
        (11.0, 61, None, False),
    ],
)
def test_a_car_is_full_only_where_it_takes_nothing_of_what_it_may(
    kw: float, minutes_ago: float, fallback_kw: float | None, is_asked: bool
) -> None:
    waits = a_session(1, suspended_by_vehicle=True, power_kw=0.0, metered_at=NOW - timedelta(minutes=1))
    seen = seen_with(waits)
    row = replace(seen.devices["d1"].device, fallback_kw=fallback_kw)
    seen = replace(seen, devices={"d1": replace(seen.devices["d1"], device=row)})
    decision = decide(told_before(seen, kw, minutes_ago), "tick", ids())
    assert decision.solution.certificate.energy_kwh_needed == pytest.approx(10.0 if is_asked else 0.0)
    assert (told_now(decision) or {"s1": kw}) == {"s1": 11.0 if is_asked else kw}


@pytest.mark.parametrize("trust", [Trust.UNMANAGED, Trust.OFFLINE])
def test_a_car_nobody_controls_draws_on_when_it_has_what_it_was_thought_to_need(trust: Trust) -> None:
    done = a_session(0, energy_kwh=10.0, energy_kwh_delivered=10.2, power_kw=11.0, metered_at=NOW)
    others = [a_session(i, 3.0, energy_kwh=30.0) for i in range(1, 5)]
    decision = decide(seen_with(done, *others, limit_kw=22.0, trust={"d0": trust}), "tick", ids())
    assert 0 < sum(told_now(decision).values()) <= 11.0


def test_a_car_out_of_reach_may_be_another_than_the_one_that_was_full() -> None:
    full = a_session(0, suspended_by_vehicle=True, metered_at=NOW)
    seen = told_before(seen_with(full, limit_kw=22.0), 11.0)
    for trust, kw in ((Trust.OFFLINE, 11.0), (Trust.UNMANAGED, 0.0)):
        devices = {"d0": replace(seen.devices["d0"], trust=trust)}
        base_kw = decide(replace(seen, devices=devices), "tick", ids()).asked.problem.base_load_kw
        assert base_kw[0, 0] == kw


@pytest.mark.requirement("R147")
@pytest.mark.parametrize(
    ("verified", "was_reached", "left_kw"), [(True, True, 16.0), (False, True, 11.0), (True, False, 22.0)]
)
def test_a_device_out_of_reach_is_not_an_idle_one(verified: bool, was_reached: bool, left_kw: float) -> None:
    seen = seen_with(*(a_session(i, 3.0, energy_kwh=30.0) for i in (1, 2)), limit_kw=22.0)
    away = DeviceState(DeviceRow("t", "d9", "site1", "CP9", fallback_kw=6.0), Trust.OFFLINE, verified, was_reached)
    decision = decide(replace(seen, devices={**seen.devices, "d9": away}), "tick", ids())
    assert left_kw - 0.1 < sum(told_now(decision).values()) <= left_kw
    assert json.loads(decision.plan.summary)["devices_unseen"] == int(was_reached)
    base_kw = decision.asked.problem.base_load_kw[0]
    assert base_kw[8:].max() == 0.0  # within hours it is likely to be back


def test_cars_at_a_site_without_a_circuit_are_said() -> None:
    seen = seen_with(a_session(1), a_session(2))
    decision = decide(replace(seen, circuits=seen.circuits[:2]), "tick", ids())
    assert set(told_now(decision)) == {"s1"}
    assert [one.session_id for one in decision.asked.unplaced] == ["s2"]
    assert json.loads(decision.plan.summary)["sessions_at_no_circuit"] == 1


def test_what_a_device_out_of_reach_was_told_is_remembered() -> None:
    seen = seen_with(a_session(1))
    store = MemoryStore()
    with store.writing() as unit:
        unit.devices.put(one.device for one in seen.devices.values())
        given = dispatch(unit, decide(seen, "tick", ids()), {})
    for trust, left in ((Trust.OFFLINE, {"d1"}), (Trust.CONTROLLED, set())):
        devices = {"d1": replace(seen.devices["d1"], trust=trust)}
        gone = replace(seen, devices=devices, sessions=(), given={name: one.limits for name, one in given.items()})
        decision = decide(gone, "lost", map(f"{trust}-{{}}".format, itertools.count()).__next__)
        with store.writing() as unit:
            assert set(dispatch(unit, decision, given)) == left


def test_a_car_nobody_spoke_for_goes_on_beyond_what_is_usual() -> None:
    done = a_session(1, energy_kwh=10.0, energy_kwh_delivered=12.0)
    assert told_now(decide(seen_with(done), "tick", ids())) == {"s1": 0.0}
    supposed = replace(done, basis=NeedBasis.USUAL)
    assert told_now(decide(seen_with(supposed), "tick", ids())) == {"s1": 11.0}


def test_base_load_above_a_limit_is_told_as_an_overload() -> None:
    decision = decide(seen_with(a_session(1), base_kw=40.0), "tick", ids())
    (over,) = [one for one in decision.overloads if one.node == "F"]
    assert over.kw_over == pytest.approx(10.0)
    assert told_now(decision) == {"s1": 0.0}


@pytest.mark.requirement("R13", "R30")
def test_an_event_is_part_of_the_plan_and_says_so() -> None:
    event = Event("e7", EventKind.PAUSE, NOW, NOW + timedelta(hours=2), "F", mandatory=True)
    gone = replace(event, event_id="e8", node="no longer there")
    seen = seen_with(a_session(1), a_session(2))
    decision = decide(replace(seen, events=(event, gone), opt_outs={"e7": ["s2", "s9"]}), "event", ids())
    assert told_now(decision) == {"s1": 0.0, "s2": 11.0}
    why = {one.session_id: one.why for one in decision.plan.sessions}
    assert "event e7 asks for less" in why["s1"]
    assert "event" not in why["s2"]


@pytest.mark.requirement("R43", "R30")
def test_a_shortage_is_shared_and_who_was_short_before_lacks_less() -> None:
    sessions = [a_session(i, 4.0, energy_kwh=20.0, vehicle_id=f"v{i}") for i in range(3)]
    seen = replace(seen_with(*sessions, limit_kw=8.0), weights={"vehicle v1": 2.0})
    decision = decide(seen, "tick", ids())
    planned = decision.planned.problem.delivered_kwh(decision.planned.power_kw)
    lacks = (20.0 - planned).tolist()
    assert sum(lacks) == pytest.approx(60.0 - 8.0 * (3.75 + 0.0), abs=1.0)
    assert lacks[1] == pytest.approx(lacks[0] / 2, abs=1.5)  # as near as six amperes on three phases allow
    assert all("of its need short: shares what" in one.why for one in decision.plan.sessions)


@pytest.mark.requirement("R80")
def test_where_early_departures_are_known_cars_charge_to_the_end_but_rather_early() -> None:
    start = NOW.replace(minute=0)
    dear = SignalRow("t", "", start, 5 * 3600, 0.30)
    cheap = SignalRow("t", "", start + timedelta(hours=5), 40 * 3600, 0.25)
    seen = seen_with(a_session(1, 6.0, energy_kwh=8.0), signals=(dear, cheap))
    assert told_now(decide(seen, "tick", ids())) == {"s1": 0.0}
    half_gone = DepartureRisk((0.0,), (0.0, 60.0, 120.0), ((0.5, 0.5, 1.0),))
    found = decide(replace(seen, caution=Caution(half_gone, value_per_kwh=0.3)), "tick", ids())
    assert told_now(found) == {"s1": 11.0}
    trusting = Caution(DepartureRisk(), value_per_kwh=0.3)
    late = decide(replace(seen, caution=trusting, sessions=(a_session(1, 6.0, energy_kwh=50.0),)), "tick", ids())
    (planned,) = late.plan.sessions
    assert planned.first_step + len(planned.power_kw) == 25  # until 23:07, where a quarter of an hour is no margin


def test_nothing_enrolled_is_no_error() -> None:
    seen = Snapshot("t", NOW, (FEEDER,), {}, {}, ())
    assert decide(seen, "tick", ids()).told == ()


def test_the_outbox_remembers_what_was_told_over_a_restart() -> None:
    store = MemoryStore()
    seen = seen_with(a_session(1), a_session(2))
    with store.writing() as unit:
        unit.devices.put(one.device for one in seen.devices.values())
    decision = decide(seen, "tick", ids())
    with store.writing() as unit:
        given = dispatch(unit, decision, {})
    with store.reading() as unit:
        assert given_before(unit, "t") == given
        assert {one.kind for one in unit.orders.to_give(0)} == {"SetProfile"}
        assert unit.decisions.last("t", 9)[0].why
        assert unit.plans.last("t")[0].sessions == decision.plan.sessions


def test_a_device_without_a_car_is_wanted_nothing_of() -> None:
    store = MemoryStore()
    seen = seen_with(a_session(1), a_session(2))
    with store.writing() as unit:
        unit.devices.put(one.device for one in seen.devices.values())
        given = dispatch(unit, decide(seen, "tick", ids()), {})
    gone = replace(seen, sessions=seen.sessions[:1], given={name: one.limits for name, one in given.items()})
    numbers = itertools.count(100)
    with store.writing() as unit:
        left = dispatch(unit, decide(gone, "left", lambda: f"id-{next(numbers)}"), given)
    assert set(left) == {"d1"}
    assert isinstance(left["d1"], Given)
    with store.reading() as unit:
        standing = [one for one in unit.orders.to_give(0) if one.standing]
        assert {one.station.identity for one in standing} == {"CP-d1"}
