"""A dry run: by hand with three cars, and against chance played out with many."""

from datetime import timedelta

import numpy as np
import pytest

from evenload.base.errors import ColumnsError, InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.units import FloatArray
from evenload.program.event_call import Call, CallKind
from evenload.program.rehearsal import AT_RISK, CALLED, Drivers, Rehearsal, rehearse

START = parse_instant("2026-07-14T17:00:00Z")
HORIZON = Horizon(START, 15, 8)


def call(
    kind: CallKind = CallKind.PAUSE, *, mandatory: bool = False, kw: float | None = None, share: float | None = None
) -> Call:
    end = START + timedelta(hours=2)
    amounts = {"power_kw": kw, "power_share": share}
    return Call(event_id="e1", program_id="p", kind=kind, start=START, end=end, mandatory=mandatory, **amounts)


def three(**more: object) -> Drivers:
    """Two who charge and one who is left out; the second needs 20 kWh and has 2 h after the event for 7 kW."""
    told: dict[str, object] = {
        "participant_id": np.array(["a", "b", "c"]),
        "power_kw": np.array([10.0, 7.0, 7.0]),
        "opt_out": np.array([0.1, 0.0, 0.0]),
        "energy_kwh": np.array([12.0, 20.0, 5.0]),
        "after_h": np.array([8.0, 2.0, 8.0]),
        "circuit": np.array(["F1", "F1", "F2"]),
        "why_not": np.array(["", "", "control arm"]),
    }
    return Drivers(**(told | more))  # type: ignore[arg-type]


def run(asked: Call, drivers: Drivers | None = None, there: FloatArray | None = None) -> Rehearsal:
    drivers = drivers or three()
    chance = np.full((len(drivers), 8), 0.5) if there is None else there
    return rehearse(asked, HORIZON, drivers, chance, {"F1": 0.5})


@pytest.mark.requirement("R17", "R46", "R97")
def test_three_cars_by_hand() -> None:
    found = run(call())
    assert found.called.tolist() == ["a", "b"]
    assert found.at_risk.tolist() == ["b"]  # 14 kWh fit after a pause, and it needs 20
    assert found.counts == {CALLED: 1, AT_RISK: 1, "control arm": 1}
    assert found.expected_kw == pytest.approx(np.full(8, 10 * 0.5 * 0.9))  # b leaves by itself
    assert found.peak_kw == pytest.approx(4.5)
    both = run(call(mandatory=True))
    assert both.expected_kw == pytest.approx(np.full(8, 10 * 0.45 + 7 * 0.5))
    (back,) = both.snapback
    assert (back.circuit, back.power_kw, back.minutes) == ("F1", pytest.approx(8.0), pytest.approx(16.0))
    assert back.energy_kwh == pytest.approx(2 * 8.0)
    assert "1 would not have what they need" in both.sentence


@pytest.mark.parametrize(
    ("asked", "expected_kw", "risk"),
    [
        (call(CallKind.LIMIT, share=0.5), 10 * 0.45 / 2 + 7 * 0.5 / 2, []),  # 7 kWh in it and 14 after are enough
        (call(CallKind.LIMIT, kw=2.5, mandatory=True), 7.5 * 0.45 + 4.5 * 0.5, ["b"]),
        (call(CallKind.GROUP_LIMIT, kw=3.0), 8.0 - 3.0, []),
        (call(CallKind.INCREASE, kw=6.0), 6.0, []),
        (call(CallKind.INCREASE), 8.0, []),
        (call(CallKind.ALERT), 0.0, []),
    ],
)
def test_kinds(asked: Call, expected_kw: float, risk: list[str]) -> None:
    found = run(asked)
    assert found.expected_kw == pytest.approx(np.full(8, expected_kw))
    assert found.at_risk.tolist() == risk


def test_what_comes_back_is_no_more_than_is_needed_and_nothing_of_cars_that_left() -> None:
    gone = three(after_h=np.array([0.0, 0.0, 0.0]), energy_kwh=np.array([1.0, 2.0, 0.0]))
    (back,) = run(call(mandatory=True), gone).snapback
    assert (back.energy_kwh, back.power_kw) == (pytest.approx(3.0), 0.0)
    assert run(call(CallKind.INCREASE)).snapback == ()


@pytest.mark.requirement("R97")
def test_assured_power_is_reached_as_often_as_it_says() -> None:
    """Five hundred cars, each there or not and opting out or not: played out ten thousand times."""
    rng = np.random.default_rng(3)
    power, opt_out = rng.choice([3.7, 7.2, 11.0], 500), rng.uniform(0.0, 0.3, 500)
    chance = rng.uniform(0.1, 0.6, 500)
    names = np.arange(500).astype(np.str_)
    full, blank = np.full(500, 10.0), np.full(500, "")
    drivers = Drivers(names, power, opt_out, full, full, blank, blank)
    found = run(call(), drivers, np.repeat(chance[:, None], 8, axis=1))
    moved = (rng.random((10_000, 500)) < chance * (1 - opt_out)) @ power
    assert (moved >= found.assured_kw[0]).mean() == pytest.approx(0.9, abs=0.015)
    assert moved.mean() == pytest.approx(found.expected_kw[0], rel=0.01)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ColumnsError, match="there has shape"):
        run(call(), there=np.zeros((3, 7)))
    with pytest.raises(InputError, match="shares"):
        run(call(), there=np.full((3, 8), 2.0))
    with pytest.raises(ColumnsError, match="opt_out"):
        three(opt_out=np.array([0.0, 2.0, 0.0]))
