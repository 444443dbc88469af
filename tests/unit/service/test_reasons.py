"""Sentences of live sessions: in the time of their site, up to when the car really leaves, and true of what is told."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.service.control import Decision, decide
from evenload.service.live_rows import DeviceRow, LimitRow, NeedBasis, SessionRow, SiteRow
from evenload.service.snapshot import DeviceState, Snapshot, Trust

NOW = datetime(2026, 1, 10, 17, 0, tzinfo=UTC)


def a_session(site: str, **known: object) -> SessionRow:
    row = SessionRow(
        "t", f"s-{site}", f"d-{site}", site, NOW - timedelta(minutes=20), NOW + timedelta(hours=10), 11.0,
        basis=NeedBasis.DRIVER, transaction_id="1",
    )  # fmt: skip
    return replace(row, **known)  # type: ignore[arg-type]  # the fields a test cares for


def decided(*sessions: SessionRow, zones: dict[str, str] | None = None, limit_kw: float | None = None) -> Decision:
    circuits = [Circuit("F", "", CircuitKind.FEEDER, 30.0)]
    circuits += [Circuit(one.site_id, "F", CircuitKind.SITE) for one in sessions]
    devices = {
        one.device_id: DeviceState(DeviceRow("t", one.device_id, one.site_id, one.device_id), Trust.CONTROLLED)
        for one in sessions
    }
    sites = {one.site_id: SiteRow("t", one.site_id, timezone=(zones or {}).get(one.site_id, "UTC")) for one in sessions}
    limits = () if limit_kw is None else (LimitRow("t", "l", "F", NOW, NOW + timedelta(hours=40), limit_kw),)
    numbers = itertools.count()
    seen = Snapshot("t", NOW, tuple(circuits), sites, devices, sessions, limits)
    return decide(seen, "tick", lambda: f"id-{next(numbers)}")


def why_of(decision: Decision) -> dict[str, str]:
    return {one.session_id: one.why for one in decision.plan.sessions}


def test_each_session_is_told_of_in_the_time_of_its_site() -> None:
    zones = {"oslo": "Europe/Oslo", "paris": "Europe/Paris", "york": "America/New_York"}
    why = why_of(decided(*(a_session(site) for site in zones), zones=zones))
    assert "Sat 18:00-19:00" in why["s-oslo"]
    assert "Sat 18:00-19:00" in why["s-paris"]
    assert "Sat 12:00-13:00" in why["s-york"]


def test_it_is_ready_so_long_before_its_departure_and_not_before_when_it_is_planned_to_be_ready() -> None:
    assert why_of(decided(a_session("a")))["s-a"].endswith("ready by Sat 18:00, 9 h before departure")


@pytest.mark.requirement("R128")
@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"boosted": True}, "it goes before others"),
        ({"opted_out": True}, "it was taken out"),
        ({"departs_at": NOW - timedelta(hours=1)}, "its departure has passed"),
    ],
)
def test_who_is_served_at_once_is_told_the_reason_for_it(known: dict[str, object], why: str) -> None:
    said = why_of(decided(a_session("a", **known), limit_kw=5.0))["s-a"]
    assert f"at once, as fast as the limits allow: {why}" in said
    assert "minimum" not in said
    assert "full power" not in said


def test_a_minimum_is_called_a_minimum() -> None:
    assert "at once: the minimum asked for" in why_of(decided(a_session("a", energy_kwh_minimum=5.0)))["s-a"]


def test_who_should_be_gone_is_not_ready_before_a_departure() -> None:
    said = why_of(decided(a_session("a", departs_at=NOW - timedelta(hours=1), energy_kwh=5.0)))["s-a"]
    assert said.endswith("ready by Sat 17:30")


def test_what_is_taken_out_is_planned_within_a_posted_limit_as_it_is_told() -> None:
    decision = decided(a_session("a", opted_out=True, energy_kwh=40.0), limit_kw=5.0)
    (planned,) = decision.plan.sessions
    assert max(planned.power_kw) <= 5.0
    assert decision.overloads == ()
    assert [step.power_kw for step in decision.told[0].command.limits.steps] == [5.0]


def test_plan_and_decision_say_the_same_of_a_session() -> None:
    decision = decided(*(a_session(f"n{i}", energy_kwh=30.0) for i in range(5)), limit_kw=8.0)
    why = why_of(decision)
    assert {one.session.session_id: one.why for one in decision.told} == why
    assert all("of its need short: shares what" in one for one in why.values())


def test_who_waits_for_another_within_a_step_is_told_so() -> None:
    two = decided(*(a_session(f"n{i}", energy_kwh=0.5, departs_at=NOW + timedelta(minutes=16)) for i in range(2)),
                  limit_kw=5.0)  # fmt: skip
    powers = {one.session.session_id: one.command.limits.steps[0].power_kw for one in two.told}
    assert 0 < sum(powers.values()) <= 5.0
    waiting = [name for name, kw in powers.items() if kw == 0]
    assert all(why_of(two)[name].startswith("off until its turn comes") for name in waiting)
