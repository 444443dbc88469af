"""How often a device was told something new in a session: what counts, and what is known of it after a restart."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from evenload.base.instants import Interval
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_limits import Limits, LimitStep
from evenload.service import orders
from evenload.service.commands import SaidSoFar, counts, said_before, unsaid
from evenload.service.live_rows import DecisionRow, DeviceRow, SessionRow
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SESSION = SessionRow("t", "s", "d", "site", NOW, NOW + 9 * HOUR, 10.0)
DEVICE = DeviceRow("t", "d", "site", "CP", commands_max=6)


def test_the_same_told_again_is_nothing_new() -> None:
    begun = SaidSoFar(0.0, NOW)
    first = begun.followed(Limits.constant(7.4, Interval(NOW, NOW + HOUR)), NOW + 30 * MINUTE)
    assert (first.kw, first.changes, first.changed_at) == (7.4, 1, NOW)
    renewed = Limits.constant(7.41, Interval(NOW + 30 * MINUTE, NOW + 90 * MINUTE))
    assert first.followed(renewed, NOW + HOUR) == replace(first, until=NOW + HOUR)


def test_what_was_told_for_later_counts_when_it_comes() -> None:
    steps = (LimitStep(NOW, 7.4), LimitStep(NOW + 20 * MINUTE, 0.0), LimitStep(NOW + 50 * MINUTE, 7.4))
    found = SaidSoFar(0.0, NOW).followed(Limits(steps, NOW + HOUR), NOW + 30 * MINUTE)
    assert (found.kw, found.changes, found.changed_at) == (0.0, 2, NOW + 20 * MINUTE)
    assert found.followed(Limits(steps, NOW + HOUR), NOW + 2 * HOUR).changes == 3  # what has ended changes nothing


@pytest.mark.parametrize(
    ("known", "does"),
    [({}, False), ({"commands_max": 6}, True), ({"commands_max": 0}, True), ({"dwell_minutes": 10.0}, True)],
)
def test_commands_count_where_a_device_says_so(known: dict[str, float], does: bool) -> None:
    assert counts(DeviceRow("t", "d", "site", "CP", **known)) is does  # type: ignore[arg-type]  # two of its fields


def test_a_car_that_charges_of_itself_is_going_on_without_a_command() -> None:
    assert unsaid(replace(SESSION, power_kw=7.2)).kw == 7.2
    assert unsaid(replace(SESSION, power_kw=0.1)).kw == 0.0


@any_of(st.lists(st.tuples(st.integers(1, 80), st.lists(st.sampled_from([0.0, 3.7, 7.4]), min_size=1, max_size=4)),
                 min_size=1, max_size=8))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_after_a_restart_as_many_are_known_as_before(told: list[tuple[int, list[float]]]) -> None:
    store, numbers = MemoryStore(), itertools.count()
    live, now, limits = SaidSoFar(0.0, NOW), NOW, None
    for minutes, powers in told:
        live = live.followed(limits, now)
        steps = tuple(LimitStep(now + 15 * i * MINUTE, kw) for i, kw in enumerate(powers))
        limits = Limits(steps, now + HOUR)
        command = SetProfile(command_id=f"o{next(numbers)}", evse_id=1, limits=limits, worthless_at=limits.end)
        with store.writing() as unit:
            unit.orders.add(orders.row_of(DEVICE.station, command, now))
            unit.decisions.add([DecisionRow("t", now, "d", "s", "limit", "why", powers[0], "p", command.command_id)])
        now += minutes * MINUTE
    with store.reading() as unit:
        assert said_before(unit, SESSION, now) == live.followed(limits, now)


def test_of_a_session_that_was_told_nothing_nothing_is_known() -> None:
    with MemoryStore().reading() as unit:
        assert said_before(unit, SESSION, NOW + HOUR) == SaidSoFar(0.0, NOW + HOUR)
