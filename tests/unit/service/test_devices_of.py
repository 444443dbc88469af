"""What devices can be told, and how many commands are left to a plan."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isnan

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.event import Event, EventKind
from evenload.domain.session import Control
from evenload.service.commands import SaidSoFar
from evenload.service.devices_of import ANY, Owed, Told, commands_left, devices_part, wishes_to_stay
from evenload.service.holds import HoldReason, Wish, held_load_kw, holds_of
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.snapshot import DeviceState, Snapshot, Trust

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DEVICE = DeviceRow("t", "d", "site", "CP", power_kw_max=11.04, power_kw_min=4.0)
SESSION = SessionRow("t", "s", "d", "site", NOW, NOW + timedelta(hours=9), 10.0)


def seen_with(device: DeviceRow, said: SaidSoFar | None = None, *events: Event) -> Snapshot:
    told = {} if said is None else {"s": said}
    states = {"d": DeviceState(device, Trust.CONTROLLED)}
    return Snapshot("t", NOW, (), {}, states, (SESSION,), said=told, events=events)


@pytest.mark.parametrize(
    ("control", "draws_kw", "least_kw", "most_kw", "down"),
    [
        (Control.CONTINUOUS, 11.04, 4.0, 11.04, {3.9: 0.0, 5.0: 5.0}),
        (Control.STEPPED, 11.04, 4.14, 11.04, {4.1: 0.0, 5.0: 4.83, 11.5: 11.04}),  # an ampere on three phases: 0.69
        (Control.STEPPED, 7.0, 4.14, 7.59, {7.0: 6.9}),  # a whole ampere above what it draws holds nobody back
        (Control.STEPPED, 3.6, 4.14, 3.6, {4.0: 0.0}),  # a car that draws less than its station offers
        (Control.ON_OFF, 7.0, 7.0, 7.0, {6.0: 0.0}),
    ],
)
def test_what_a_device_can_be_told(
    control: Control, draws_kw: float, least_kw: float, most_kw: float, down: dict[float, float]
) -> None:
    told = Told.of(replace(DEVICE, control=control), 11.04, draws_kw)
    assert (told.least_kw, told.most_kw) == pytest.approx((least_kw, most_kw))
    assert {kw: told.down(kw) for kw in down} == pytest.approx(down)


def test_six_amperes_are_the_least_a_stepped_device_is_told() -> None:
    one_phase = replace(DEVICE, control=Control.STEPPED, power_kw_min=0.0, phases=1, voltage_v=240.0)
    assert Told.of(one_phase, 7.68, 7.68).least_kw == pytest.approx(1.44)


@pytest.mark.parametrize(
    ("commands_max", "kw", "changes", "left"),
    [(None, 0.0, 9, ANY), (0, 7.0, 0, 0), (6, 0.0, 2, 4), (6, 7.0, 1, 4), (6, 7.0, 6, 1), (6, 0.0, 6, 1)],
)
def test_how_many_commands_are_left_to_a_plan(commands_max: int | None, kw: float, changes: int, left: int) -> None:
    device = replace(DEVICE, commands_max=commands_max)
    assert commands_left(SESSION, device, seen_with(device, SaidSoFar(kw, NOW, changes))) == left


def test_devices_as_a_part_of_a_problem() -> None:
    device = replace(DEVICE, control=Control.STEPPED, dwell_minutes=20.0, priority=3)
    part = devices_part([SESSION], [device], [Told.of(device, 11.04, 11.04)], seen_with(device), 15)
    assert part.control.tolist() == ["stepped"]
    assert part.step_kw is not None
    assert part.step_kw.tolist() == pytest.approx([0.69])
    assert part.dwell_steps is not None
    assert (part.dwell_steps.tolist(), part.priority.tolist()) == ([2], [3])
    assert isnan(part.fallback_kw[0])


PRICES = [0.3, 0.3, 0.3, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1]


def stays(device: DeviceRow, said: SaidSoFar, *events: Event, minimum_kwh: float = 0.0) -> list[Wish]:
    one = np.ones(1)
    owed = Owed(7.0 * one, 7.0 * one, minimum_kwh * one, 8 * np.ones(1, dtype=np.int64), np.array(PRICES))
    return wishes_to_stay([SESSION], [device], owed, seen_with(device, said, *events), 15)


def test_who_was_told_something_a_moment_ago_stays_as_it_is() -> None:
    device = replace(DEVICE, dwell_minutes=20.0)
    told = SaidSoFar(7.0, NOW, 1, NOW - 15 * MINUTE)
    assert stays(device, told) == [Wish(0, 7.0, NOW + 5 * MINUTE, HoldReason.DWELL)]
    assert stays(device, replace(told, changed_at=NOW - 20 * MINUTE)) == []


@pytest.mark.requirement("R13")
@pytest.mark.parametrize(("mandatory", "begins", "stay"), [(True, 0, 0), (False, 0, 1), (True, 30, 1)])
def test_a_mandatory_event_lets_nobody_stay(mandatory: bool, begins: int, stay: int) -> None:
    start = NOW + begins * MINUTE
    event = Event("e", EventKind.PAUSE, start, start + 60 * MINUTE, mandatory=mandatory)
    told = SaidSoFar(7.0, NOW, 1, NOW - 5 * MINUTE)
    assert len(stays(replace(DEVICE, dwell_minutes=20.0), told, event)) == stay


def test_with_its_last_command_a_car_goes_on_until_it_has_what_it_needs() -> None:
    (wish,) = stays(replace(DEVICE, commands_max=4), SaidSoFar(7.0, NOW, 3, NOW - 60 * MINUTE))
    assert wish == Wish(0, 7.0, NOW + 60 * MINUTE, HoldReason.LAST)


@pytest.mark.parametrize(("dear", "is_short", "stay"), [(0.12, False, 1), (0.3, False, 0), (0.12, True, 0)])
def test_who_charges_goes_on_where_stopping_saves_little_and_nobody_lacks(
    dear: float, is_short: bool, stay: int
) -> None:
    device, told = replace(DEVICE, commands_max=9), SaidSoFar(7.0, NOW, 1, NOW - 60 * MINUTE)
    one, price = np.ones(1), np.array([dear] * 4 + [0.1] * 4 + [0.3])
    seen = replace(seen_with(device, told), is_short=is_short)
    owed = Owed(7.0 * one, 7.0 * one, 0.0 * one, 8 * np.ones(1, dtype=np.int64), price)
    found = wishes_to_stay([SESSION], [device], owed, seen, 15)
    assert found == [Wish(0, 7.0, NOW + 15 * MINUTE, HoldReason.GOES_ON)] * stay


def test_a_minimum_is_not_given_in_pieces_where_commands_count() -> None:
    (wish,) = stays(replace(DEVICE, commands_max=4, priority=2), SaidSoFar(0.0, NOW), minimum_kwh=3.5)
    assert wish == Wish(0, 7.0, NOW + 30 * MINUTE, HoldReason.MINIMUM, 2.0)


def test_limits_come_before_those_who_stay() -> None:
    tree = CircuitTree.of([Circuit("F", "", CircuitKind.FEEDER), Circuit("a", "F", CircuitKind.SITE)])
    horizon = Horizon(NOW, 15, 8)
    until = NOW + 20 * MINUTE
    wishes = [
        Wish(0, 4.0, until, HoldReason.MINIMUM, 0.0), Wish(1, 4.0, until, HoldReason.MINIMUM, 1.0),
        Wish(2, 4.0, until, HoldReason.DWELL), Wish(3, 0.0, until, HoldReason.DWELL),
    ]  # fmt: skip
    room_kw = np.full((2, 8), 9.0)
    held = holds_of(wishes, tree, [1, 1, 0, 0], horizon, room_kw)
    assert [one.session for one in held] == [2, 3, 1]  # a dwell first, then the minimum that ranks higher
    assert held_load_kw(held, tree, [1, 1, 0, 0], horizon)[:, :3].tolist() == [[8.0, 8.0, 0.0], [4.0, 4.0, 0.0]]
    room_kw[0, 1] = -1.0  # base load alone is above the limit
    assert [one.session for one in holds_of(wishes, tree, [1, 1, 0, 0], horizon, room_kw)] == [3]
