"""Whole nights of cars that may be told something new only so often: budgets, dwells and limits hold, all is served."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.session import Control
from evenload.domain.station_limits import Limits
from evenload.service.commands import SaidSoFar, unsaid
from evenload.service.control import ControlPolicy, Decision, decide
from evenload.service.live_rows import DeviceRow, LimitRow, NeedBasis, SessionRow, SignalRow, SiteRow
from evenload.service.snapshot import DeviceState, Snapshot, Trust

EVENING = datetime(2026, 1, 10, 19, 0, tzinfo=UTC)
SIX_AMPS_KW = 6 * 3 * 0.23
CIRCUITS = (Circuit("depot", "", CircuitKind.SITE, 24.0),)


class Night:
    """Cars at one depot that do as they were told last, minute by minute, a plan every five minutes."""

    def __init__(self, *devices: DeviceRow, minimum_kwh: float = 0.0, limits: tuple[LimitRow, ...] = ()) -> None:
        self.rows = [
            SessionRow(
                "t", f"s{one.device_id}", one.device_id, "depot", EVENING, EVENING + timedelta(hours=12), 20.0,
                basis=NeedBasis.DRIVER, transaction_id="1", energy_kwh_minimum=minimum_kwh,
            )
            for one in devices
        ]  # fmt: skip
        self.states = {one.device_id: DeviceState(one, Trust.CONTROLLED) for one in devices}
        self.got_kwh = {one.device_id: 0.0 for one in devices}
        self.changed_at: dict[str, list[datetime]] = {one.device_id: [] for one in devices}
        self.told_kw: dict[str, float] = {one.device_id: 0.0 for one in devices}
        self.levels_kw: set[float] = set()
        self.peak_kw = 0.0
        self.limits = limits
        self.decisions: list[Decision] = []

    def pass_by(self, hours: float = 12.0) -> None:
        policy, numbers = ControlPolicy(soon=timedelta(minutes=6)), itertools.count()
        cheap = SignalRow("t", "", EVENING + timedelta(hours=4), 3600 * 4, 0.1)
        dear = (
            SignalRow("t", "", EVENING, 3600 * 4, 0.3),
            SignalRow("t", "", EVENING + timedelta(hours=8), 36000, 0.3),
        )
        given, said, previous, now = dict[str, Limits](), dict[str, SaidSoFar](), None, EVENING
        while now < EVENING + timedelta(hours=hours):
            sessions = tuple(replace(one, energy_kwh_delivered=self.got_kwh[one.device_id]) for one in self.rows)
            said = {
                one.session_id: said.get(one.session_id, unsaid(one)).followed(given.get(one.device_id), now)
                for one in sessions
            }
            seen = Snapshot(
                "t", now, CIRCUITS, {"depot": SiteRow("t", "depot")}, self.states, sessions, self.limits,
                (dear[0], cheap, dear[1]), given, said=said,
                is_short=bool(self.decisions) and self.decisions[-1].is_short,
            )  # fmt: skip
            decision = decide(seen, "tick", lambda: f"id-{next(numbers)}", policy, previous)
            self.decisions.append(decision)
            previous, given = decision.solution, given | decision.given
            for minute in range(5):
                self._charge(given, now + timedelta(minutes=minute))
            now += timedelta(minutes=5)

    def _charge(self, given: dict[str, Limits], now: datetime) -> None:
        total_kw = 0.0
        for name, limits in given.items():
            kw = limits.at(now)
            if abs(kw - self.told_kw[name]) > 0.05:
                self.changed_at[name].append(now)
                self.told_kw[name] = kw
                self.levels_kw.add(round(kw, 3))
            drawn_kw = min(kw, (20.0 - self.got_kwh[name]) * 60)
            self.got_kwh[name] += drawn_kw / 60
            total_kw += drawn_kw
        self.peak_kw = max(self.peak_kw, total_kw)


def on_off(number: int, **known: object) -> DeviceRow:
    row = DeviceRow(
        "t", f"d{number}", "depot", f"car:{number}", power_kw_max=7.4, power_kw_min=7.4, phases=1,
        control=Control.ON_OFF, commands_max=6, dwell_minutes=20.0,
    )  # fmt: skip
    return replace(row, **known)  # type: ignore[arg-type]  # the fields a test cares for


@pytest.mark.requirement("R84", "R137")
@pytest.mark.parametrize("minimum_kwh", [0.0, 4.0])
def test_budgets_and_dwells_are_kept_and_all_is_served_within_the_limit(minimum_kwh: float) -> None:
    night = Night(*(on_off(i) for i in range(8)), minimum_kwh=minimum_kwh)
    night.pass_by()
    assert list(night.got_kwh.values()) == pytest.approx([20.0] * 8, abs=0.4)
    assert night.peak_kw <= 24.0 + 1e-6
    for each in night.changed_at.values():
        assert len(each) <= 6 + 1  # that it is told to stop when it has what it needs comes beside
        assert all(b - a >= timedelta(minutes=20) for a, b in itertools.pairwise(each))


@pytest.mark.requirement("R41")
def test_a_minimum_is_given_at_once_and_the_rest_when_it_is_cheap() -> None:
    night = Night(on_off(0), minimum_kwh=4.0)
    night.pass_by(2.0)
    assert 4.0 <= night.got_kwh["d0"] <= 4.0 + 0.25 * 7.4
    assert "at once: the minimum asked for" in night.decisions[0].plan.sessions[0].why
    assert sum(night.decisions[0].plan.sessions[0].power_kw) / 4 == pytest.approx(20.0)


def test_a_limit_is_kept_although_a_device_was_told_something_else_a_moment_ago() -> None:
    half_past = EVENING + timedelta(minutes=10)
    row = LimitRow("t", "l", "depot", half_past, half_past + timedelta(hours=2), 8.0)
    night = Night(*(on_off(i, dwell_minutes=60.0) for i in range(3)), minimum_kwh=19.0, limits=(row,))
    night.pass_by(1.0)
    for decision in night.decisions:
        assert decision.overloads == ()


def test_who_has_used_up_its_commands_is_let_be() -> None:
    night = Night(on_off(0, commands_max=1, dwell_minutes=0.0))
    night.pass_by()
    assert len(night.changed_at["d0"]) <= 1 + 1
    assert night.got_kwh["d0"] == pytest.approx(20.0, abs=0.4)
    said = [one.plan.sessions[0].why for one in night.decisions]
    assert any("hardly a command left for this session" in one for one in said)
    assert not any("opted out" in one for one in said)


def test_a_stepped_device_is_told_whole_amperes_from_six_on() -> None:
    night = Night(*(
        DeviceRow("t", f"d{i}", "depot", f"CP{i}", power_kw_max=11.04, power_kw_min=4.0, control=Control.STEPPED)
        for i in range(5)
    ))  # fmt: skip
    night.pass_by()
    assert list(night.got_kwh.values()) == pytest.approx([20.0] * 5, abs=0.4)
    amperes = [kw / 0.69 for kw in sorted(night.levels_kw) if kw]
    assert amperes == pytest.approx([round(one) for one in amperes], abs=0.02)
    assert min(amperes) > 5.98
    assert night.peak_kw <= 24.0 + 1e-6


def test_a_device_that_is_told_nothing_is_told_nothing() -> None:
    night = Night(on_off(0, commands_max=0))
    night.pass_by(0.2)
    assert not any(one.told for one in night.decisions)
    assert night.decisions[0].plan.sessions[0].power_kw[0] == pytest.approx(7.4)
