"""From canonical files to the problem: every column and key that a plan heeds arrives where it should."""

from pathlib import Path

import numpy as np
import pytest

from evenload.base.errors import SignalError
from evenload.cli.plan_inputs import Files, Inputs, Span, read_inputs
from evenload.cli.plan_load import LoadAsked
from evenload.cli.plan_wishes import Departures
from evenload.schedule.solver.objective import Objective

SESSIONS = """\
session_id,node,plugged_at,departs_at,energy_kwh,power_kw_max,energy_kwh_minimum,discharge_kw_max,efficiency,\
discharge_efficiency,battery_kwh,soc_at_plug_in,soc_floor,fallback_kw,priority
ann,T1,2025-01-13T18:00:00Z,2025-01-13T22:00:00Z,9,4,1.8,3,0.9,0.8,45,0.5,0.2,1.5,2
bo,T2,2025-01-13T18:30:00Z,2025-01-13T21:15:00Z,5,4,,,,,,,,,
"""
PLAIN = "\n".join(",".join(row.split(",")[:6]) for row in SESSIONS.splitlines()) + "\n"
GRID = """\
node,parent,kind,limit_kw,emergency_limit_kw,export_limit_kw
F,,feeder,20,,10
T1,F,transformer,6,8,5
T2,F,transformer,7,,
"""
SIGNAL = """\
timestamp,price_per_kwh,export_price_per_kwh,currency,carbon_g_per_kwh,node
2025-01-13T18:00:00Z,0.30,0.20,EUR,100,
2025-01-13T20:00:00Z,0.10,0.05,EUR,300,
2025-01-13T18:00:00Z,0.50,,EUR,,T2
2025-01-13T20:00:00Z,0.40,,EUR,,T2
"""
LIMITS = "node,timestamp,limit_kw,export_limit_kw\nT1,2025-01-13T20:00:00Z,4,0\n"
PROBLEM = "circuits: [{node: F, peak_per_kw: 0.2, peak_kw_so_far: 3}]\nwear_per_kwh: 0.05\ntaper: {knee_soc: 0.6}\n"
WHOLE = {
    "sessions.csv": SESSIONS, "grid.csv": GRID, "signal.csv": SIGNAL, "limits.csv": LIMITS, "problem.yaml": PROBLEM
}  # fmt: skip


def inputs(folder: Path, objective: Objective = Objective.PRICE, carbon: float = 0.0, **instead: str) -> Inputs:
    """What the command reads, in steps of an hour; ``instead`` replaces files, blank leaves one out."""
    texts = WHOLE | {f"{name}.yaml" if name == "problem" else f"{name}.csv": text for name, text in instead.items()}
    for name, text in texts.items():
        (folder / name).write_text(text)
    paths = {name.partition(".")[0]: folder / name if text else None for name, text in texts.items()}
    sessions, grid, signal = (folder / f"{name}.csv" for name in ("sessions", "grid", "signal"))
    files = Files(sessions, grid, signal, LoadAsked(), paths["limits"], paths["problem"], None, Departures(), False)
    return read_inputs(files, Span("", "", 60), objective, carbon)


@pytest.mark.requirement("R31", "R104", "R122", "R127")
def test_every_column_and_key_arrives(tmp_path: Path) -> None:
    made = inputs(tmp_path)
    problem = made.problem
    assert problem.minimum_kwh is not None
    assert problem.minimum_kwh.tolist() == pytest.approx([2.0, 0.0])  # 1.8 / 0.9
    assert problem.emergency_limit_kw is not None
    assert problem.emergency_limit_kw.tolist() == [[20] * 4, [8] * 4, [7] * 4]
    assert problem.limit_kw[1].tolist() == [6, 6, 4, 4]
    assert problem.export_limit_kw is not None
    assert problem.export_limit_kw.tolist() == [[10] * 4, [5, 5, 0, 0], [0] * 4]
    batteries = problem.batteries
    assert batteries is not None
    assert batteries.round_trip == pytest.approx([0.72, 1.0])
    assert batteries.down_kwh == pytest.approx([15.0, 0.0])  # 0.3 x 45 / 0.9
    assert batteries.up_kwh == pytest.approx([25.0, np.inf])
    assert batteries.knee_kwh == pytest.approx([5.0, np.inf])
    assert batteries.wear_per_kwh.tolist() == [0.05, 0.05]
    assert problem.devices is not None
    assert (problem.devices.fallback_kw.tolist()[0], problem.devices.priority.tolist()) == (1.5, [2, 0])
    assert problem.tariffs is not None
    assert problem.import_price()[problem.tariff_of_session()].tolist() == [[0.3, 0.3, 0.1, 0.1], [0.5, 0.5, 0.4, 0.4]]
    assert problem.export_price()[problem.tariff_of_session()[0]].tolist() == [0.2, 0.2, 0.05, 0.05]
    assert problem.price_per_kwh.tolist() == [0.3, 0.3, 0.1, 0.1]
    assert problem.terms is not None
    assert (problem.terms.node.tolist(), problem.terms.peak_kw_so_far.tolist()) == ([0], [3.0])
    assert made.notes == ("no taper where battery_kwh or soc_at_plug_in is not known (sessions: 1)",)


def test_what_is_as_by_default_is_left_out(tmp_path: Path) -> None:
    grid = "node,parent,kind,limit_kw\nF,,feeder,20\nT1,F,transformer,6\nT2,F,transformer,7\n"
    signal = "\n".join(SIGNAL.splitlines()[:3]) + "\n"
    made = inputs(tmp_path, sessions=PLAIN, grid=grid, signal=signal, limits="", problem="")
    problem = made.problem
    parts = (
        problem.minimum_kwh, problem.emergency_limit_kw, problem.export_limit_kw, problem.batteries, problem.tariffs,
        problem.devices, problem.terms,
    )  # fmt: skip
    assert parts == (None,) * 7
    assert made.notes == ()


def test_one_price_is_a_tariff_where_a_session_gives_back(tmp_path: Path) -> None:
    made = inputs(tmp_path, signal="\n".join(SIGNAL.splitlines()[:3]) + "\n")
    assert made.problem.tariffs is not None
    assert made.problem.tariffs.of_session.tolist() == [0, 0]


def test_a_price_of_carbon_is_in_the_problem_and_not_in_the_money(tmp_path: Path) -> None:
    made = inputs(tmp_path, carbon=1.0)
    assert made.problem.price_per_kwh == pytest.approx([0.4, 0.4, 0.4, 0.4])
    ann = made.money.of_session[0]
    assert made.money.import_per_kwh[ann].tolist() == [0.3, 0.3, 0.1, 0.1]
    assert made.signal.price_per_kwh.tolist() == [0.3, 0.3, 0.1, 0.1]
    assert made.carbon is not None
    assert made.carbon.import_per_kwh[ann].tolist() == [0.1, 0.1, 0.3, 0.3]


def test_carbon_needs_no_price_of_export_and_says_that_none_is_earned(tmp_path: Path) -> None:
    signal = SIGNAL.replace("0.20,EUR", ",EUR").replace("0.05,EUR", ",EUR")
    made = inputs(tmp_path, Objective.CARBON, signal=signal, problem="")
    assert made.problem.export_price()[made.problem.tariff_of_session()].tolist() == [[0.1, 0.1, 0.3, 0.3]] * 2
    assert made.money.export_per_kwh[made.money.of_session[0]].tolist() == [0] * 4
    assert made.notes[-1] == "the signal has no export_price_per_kwh: what is given back earns nothing in the cost"
    with pytest.raises(SignalError, match=r"signal\.csv: sessions may give power back .* needs export_price_per_kwh"):
        inputs(tmp_path, signal=signal, problem="")


@pytest.mark.parametrize("objective", [Objective.PEAK, Objective.BALANCED])
def test_an_objective_of_loads_has_terms_and_hardly_a_price(tmp_path: Path, objective: Objective) -> None:
    made = inputs(tmp_path, objective, problem="")
    assert made.problem.terms is not None
    assert made.problem.terms.node.tolist() == ([0] if objective is Objective.PEAK else [0, 1, 2])
    prices = made.problem.import_price() / made.money.import_per_kwh
    assert prices == pytest.approx(np.full((2, 4), prices[0, 0]))
    assert 0 < prices[0, 0] < 0.1
