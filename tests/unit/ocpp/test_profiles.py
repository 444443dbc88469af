"""Limits in kW to charging profiles: worked by hand, and against the composite engine, which knows nothing of kW."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station_limits import Limits, LimitStep
from evenload.ocpp.composite import Kind, Period, Purpose, Schedules, Supply, Unit
from evenload.ocpp.profiles import (
    Abilities,
    Placement,
    fallback_of,
    id_of,
    joined,
    next_try,
    plan_of,
    rate,
)
from evenload.ocpp.transactions import Transaction

pytestmark = pytest.mark.requirement("R15", "R77")

NOW = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
USUAL = Abilities()
THREE = Supply(230.0, 3)


def limits(*steps: tuple[float, float], minutes: float = 60) -> Limits:
    """Limits by minutes from now and kW."""
    found = tuple(LimitStep(NOW + timedelta(minutes=start), power_kw) for start, power_kw in steps)
    return Limits(found, NOW + timedelta(minutes=minutes))


def plan(given: Limits, supply: Supply = THREE, transaction: Transaction | None = None, **abilities: Any) -> Placement:
    return plan_of(1, given, NOW, supply, replace(USUAL, **abilities), transaction)


def shown(placement: Placement) -> list[tuple[float, float]]:
    return [(period.start_s, period.limit) for period in placement.profile.periods]


@pytest.mark.parametrize(
    ("power_kw", "volts", "phases", "amps"),
    [
        (11.04, 230, 3, 16.0),
        (11.03, 230, 3, 15.9),  # 15.98: rounded down
        (3.68, 230, 1, 16.0),
        (7.2, 240, 1, 30.0),
        (6.24, 208, 1, 30.0),
        (4.14, 230, 3, 6.0),  # six amperes exactly
        (4.13, 230, 3, 0.0),  # below six no vehicle charges
        (1.3, 230, 1, 0.0),
        (0.0, 230, 3, 0.0),
        (1.863, 230, 1, 8.1),  # 8.1 / 0.1 is not 81 in binary
    ],
)
def test_amperes_of_kilowatts(power_kw: float, volts: float, phases: int, amps: float) -> None:
    assert rate(power_kw, Supply(volts, phases), USUAL) == amps


def test_watts_have_one_decimal_too_and_the_same_least() -> None:
    watts = replace(USUAL, unit=Unit.W)
    assert rate(11.00007, THREE, watts) == 11000.0
    assert rate(11.00019, THREE, watts) == 11000.1
    assert rate(4.1, THREE, watts) == 0.0
    assert rate(4.1, THREE, replace(watts, current_a_min=0.0)) == 4100.0


def test_where_the_minimum_is_held_only_nothing_is_nothing() -> None:
    holding = replace(USUAL, holds_minimum=True)
    assert [rate(kw, THREE, holding) for kw in (0.0, 0.1, 4.1, 4.9)] == [0.0, 6.0, 6.0, 7.1]
    assert rate(1.0, THREE, replace(holding, unit=Unit.W)) == 4140.0


def test_a_limit_of_a_station_knows_no_least_current() -> None:
    assert rate(2.3, THREE, USUAL, of_station=True) == 3.3


@given(
    st.floats(0, 400),
    st.sampled_from([120.0, 208.0, 230.0, 240.0, 277.0]),
    st.integers(1, 3),
    st.sampled_from(list(Unit)),
)
def test_what_is_sent_never_allows_more_than_was_meant(power_kw: float, volts: float, phases: int, unit: Unit) -> None:
    supply, abilities = Supply(volts, phases), replace(USUAL, unit=unit, current_a_min=0.0)
    limit = rate(power_kw, supply, abilities)
    back_kw = supply.convert(Period(0, limit, phases), unit, Unit.W) / 1000
    step_kw = supply.convert(Period(0, 0.1, phases), unit, Unit.W) / 1000
    assert power_kw - step_kw - 1e-6 < back_kw <= power_kw + 1e-6
    assert round(limit * 10) / 10 == limit  # one decimal as JSON writes it


def test_k01_fr_31_and_fr_37_and_fr_40_an_absolute_schedule_starts_in_the_past_and_ends_with_its_limits() -> None:
    placement = plan(limits((-15, 11.04), (15, 7.0), minutes=30))
    profile = placement.profile
    assert profile.start == NOW - timedelta(minutes=1)
    assert shown(placement) == [(0, 16.0), (60 * 16, 10.1)]
    assert profile.duration_s == 60 * 31
    assert profile.valid_to == NOW + timedelta(minutes=30)
    assert (profile.kind, profile.stack_level, profile.purpose) == (Kind.ABSOLUTE, 1, Purpose.TX_DEFAULT)


def test_k01_fr_30_limits_of_the_future_start_then() -> None:
    placement = plan(limits((10, 11.04), minutes=30))
    assert placement.profile.start == NOW + timedelta(minutes=10)
    assert shown(placement) == [(0, 16.0)]
    assert placement.profile.duration_s == 1200


def test_equal_periods_are_merged_after_rounding() -> None:
    given = limits((0, 11.04), (10, 11.05), (20, 11.07), (30, 3.0), (40, 2.0), minutes=50)
    assert shown(plan(given)) == [(0, 16.0), (60 * 31, 0.0)]


def test_more_periods_than_a_station_takes_end_the_plan_early() -> None:
    """The fallback holds sooner, until the plan is sent anew: never a period merged into another's limit."""
    given = limits((0, 11.04), (10, 7.0), (20, 11.04), (30, 7.0))
    placement = plan(given, periods_max=2)
    assert shown(placement) == [(0, 16.0), (60 * 11, 10.1)]
    assert placement.profile.valid_to == NOW + timedelta(minutes=20)


def test_k01_and_16_5_16_number_of_phases_is_always_said() -> None:
    given = limits((0, 3.68), (10, 2.3))
    assert {period.phases for period in plan(given, Supply(230.0, 1)).profile.periods} == {1}
    assert {period.phases for period in plan(given).profile.periods} == {3}


def test_k01_fr_03_and_k01_fr_16_a_transaction_s_profile_names_it() -> None:
    placement = plan(limits((0, 11.04)), transaction=Transaction("77", 1, NOW))
    assert (placement.profile.purpose, placement.transaction_id, placement.profile.evse_id) == (Purpose.TX, "77", 1)


def test_k01_fr_41_and_fr_42_a_relative_schedule_counts_from_the_start_of_the_transaction() -> None:
    transaction = Transaction("77", 1, NOW - timedelta(hours=2))
    placement = plan(limits((0, 11.04), (10, 7.0), minutes=30), transaction=transaction, relative=True)
    assert (placement.profile.kind, placement.profile.start) == (Kind.RELATIVE, None)
    assert shown(placement) == [(0, 16.0), (7200 + 600, 10.1)]
    assert placement.profile.duration_s == 7200 + 1800
    window = Interval(NOW, NOW + timedelta(hours=1))
    steps = Schedules([placement.profile], {1: transaction.started_at}, Unit.A).of_evse(1, window)
    assert [(step.start_s, step.limit) for step in steps][:2] == [(0, 16.0), (600, 10.1)]


def test_what_cannot_be_said_is_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match="none goes on"):
        plan(limits((0, 7.0)), relative=True)
    with pytest.raises(InputError, match="station as a whole"):
        plan_of(0, limits((0, 7.0)), NOW, THREE, replace(USUAL, station_max=False))
    with pytest.raises(InputError, match="finite"):
        plan(limits((0, float("inf"))))
    with pytest.raises(InputError, match="have not ended"):
        plan(limits((-30, 7.0), minutes=0))


def test_k01_fr_10_and_fr_38_the_fallback_never_ends_and_lies_lowest() -> None:
    profile = fallback_of(1, 4.2, NOW, THREE, USUAL).profile
    assert (profile.valid_to, profile.stack_level, profile.purpose) == (None, 0, Purpose.TX_DEFAULT)
    assert profile.duration_s == float("inf")
    assert profile.start == datetime(2026, 3, 28, tzinfo=UTC)
    station = fallback_of(0, 2.3, NOW, THREE, replace(USUAL, relative=True)).profile
    assert (station.purpose, station.kind) == (Purpose.STATION_MAX, Kind.ABSOLUTE)  # K01.FR.38


def test_k01_fr_06_and_k01_fr_39_what_replaces_one_another_has_one_id_and_nothing_else_has() -> None:
    purposes = [Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX]
    ids = {(purpose, level, evse): id_of(purpose, level, evse) for purpose in purposes for level in (0, 1)
           for evse in range(5)}  # fmt: skip
    assert len(set(ids.values())) == len(ids)
    assert min(ids.values()) > 0
    first = plan(limits((0, 7.0)), transaction=Transaction("77", 1, NOW))
    second = plan(limits((0, 9.0)), transaction=Transaction("78", 1, NOW))
    assert first.profile_id == second.profile_id


def test_on_one_level_the_fallback_follows_the_plan_in_one_profile() -> None:
    one_level = replace(USUAL, stack_level_max=0)
    given = plan_of(1, limits((0, 11.04), minutes=30), NOW, THREE, one_level)
    both = joined(given, fallback_of(1, 4.2, NOW, THREE, one_level))
    assert (both.profile.valid_to, both.profile.stack_level) == (None, 0)
    assert shown(both) == [(0, 16.0), (60 * 31, 6.0)]
    days = Interval(NOW + timedelta(minutes=31), NOW + timedelta(days=30))
    assert [step.limit for step in Schedules([both.profile], {1: None}, Unit.A).of_evse(1, days)] == [6.0]


def test_a_refused_profile_is_tried_on_the_lowest_level_then_in_the_other_unit() -> None:
    refused = plan(limits((0, 7.0))).profile
    lower = next_try(USUAL, refused)
    assert lower == replace(USUAL, stack_level_max=0)
    watts = next_try(lower, replace(refused, stack_level=0))
    assert watts == replace(lower, unit=Unit.W, units=frozenset({Unit.W}))
    assert next_try(watts, replace(refused, stack_level=0, unit=Unit.W)) is None


@st.composite
def any_limits(draw: st.DrawFn) -> Limits:
    starts: Sequence[int] = sorted(draw(st.sets(st.integers(-30, 90), min_size=1, max_size=6)))
    steps = [LimitStep(NOW + timedelta(minutes=start), draw(st.floats(0, 30))) for start in starts]
    return Limits(tuple(steps), NOW + timedelta(minutes=max(starts[-1], 0) + draw(st.integers(1, 90))))


@pytest.mark.requirement("R147")
@given(any_limits(), st.integers(1, 3), st.sampled_from(list(Unit)), st.booleans(), st.integers(1, 6))
def test_plan_over_fallback_is_the_plan_while_it_holds_and_the_fallback_after(
    given: Limits, phases: int, unit: Unit, relative: bool, periods_max: int
) -> None:
    """Of every minute: what the composite engine makes of the profiles is the limit meant, at most a step below."""
    supply = Supply(230.0, phases)
    abilities = Abilities(unit=unit, relative=relative, current_a_min=0.0, periods_max=periods_max)
    transaction = Transaction("1", 1, NOW - timedelta(hours=1))
    fallback_kw = 3.0
    placement = plan_of(1, given, NOW, supply, abilities, transaction)
    held = [placement.profile, fallback_of(1, fallback_kw, NOW, supply, abilities).profile]
    window = Interval(NOW, NOW + timedelta(minutes=200))
    steps = Schedules(held, {1: transaction.started_at}, Unit.W, supply).of_evse(1, window)
    step_kw = 0.1 * (0.23 * phases if unit is Unit.A else 0.001) + 1e-6
    assert placement.profile.valid_to is not None
    assert placement.profile.valid_to <= given.end
    for minute in range(200):
        instant = NOW + timedelta(minutes=minute)
        begins = given.steps[0].start if not relative else NOW
        in_plan = begins <= instant < placement.profile.valid_to
        meant = given.at(instant) if in_plan else fallback_kw
        if relative and given.steps[0].start > instant:
            continue  # before its first step a relative plan already says that step's limit
        found = [step.limit for step in steps if step.start_s <= 60 * minute][-1] / 1000
        assert meant - step_kw <= found <= meant + 1e-6
