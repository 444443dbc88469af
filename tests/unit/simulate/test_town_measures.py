"""What a day in a virtual town was like: against hand-worked cases and a second way of computing it."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from evenload.base.instants import to_datetime64
from evenload.domain.circuit import CircuitKind
from evenload.schedule.strategies.valley import Valley
from evenload.simulate.town import Town
from evenload.simulate.town_arrays import day_horizon, device_kw, problem_of, unmanaged_day, visits_ending
from evenload.simulate.town_drivers import Done
from evenload.simulate.town_grid import FEEDER
from evenload.simulate.town_measures import DayFigures, figures, metered_kw, unmanaged_figures
from evenload.simulate.town_result import DayResult

TOWN = Town(1)
HORIZON = day_horizon(TOWN, 0)
NOTHING = np.zeros((len(TOWN.devices), HORIZON.steps))


def test_a_day_without_cars_is_its_base_load() -> None:
    day = figures(TOWN, 0, NOTHING, [], opt_outs=0)
    feeder = TOWN.base_load_kw(HORIZON)[TOWN.circuits.index[FEEDER]]
    assert day.peak_kw == feeder.max()
    assert day.peak_at == HORIZON.start + timedelta(minutes=5 * int(feeder.argmax()))
    assert (day.ev_peak_kw, day.energy_kwh, day.cost, day.carbon_kg, day.cars) == (0, 0, 0, 0, 0)
    assert day.overloads == ()
    assert day.worst_transformer is None


@pytest.mark.requirement("R139")
def test_an_overload_by_hand() -> None:
    row, device = next((n, one) for n, one in enumerate(TOWN.devices) if one.node == "WORK")
    drawn = NOTHING.copy()
    drawn[row, 12:18] = 200.0  # half an hour from 13:00 at a site of 150 kW below a transformer of 237.5 kW
    day = figures(TOWN, 0, drawn, [], opt_outs=3)
    [overload] = day.overloads
    assert (overload.node, overload.kind, overload.minutes) == (device.node, CircuitKind.SITE, 30)
    assert (overload.limit_kw, overload.peak_kw, overload.worst_kw) == (150, 200, 50)
    assert day.ev_peak_kw == 200
    assert day.energy_kwh == pytest.approx(100)
    signal = TOWN.signal(HORIZON)
    assert signal.carbon_g_per_kwh is not None
    assert day.cost == pytest.approx(100 * signal.price_per_kwh[12:18].mean())
    assert day.carbon_kg == pytest.approx(0.1 * signal.carbon_g_per_kwh[12:18].mean())
    assert day.opt_outs == 3


def test_cars_are_ready_short_or_left_early() -> None:
    visit = replace(TOWN.visits(0)[0], energy_kwh=10.0)
    gone = replace(visit, departs_at=visit.leaves_at + timedelta(hours=1))
    done = [Done(visit, 9.6), Done(visit, 9.4), Done(gone, 9.4), Done(gone, 10.0), Done(visit, 10.0)]
    day = figures(TOWN, 0, NOTHING, done, opt_outs=0)
    assert (day.cars, day.cars_ready, day.cars_short, day.cars_left_early_short) == (5, 3, 1, 1)


def test_unmanaged_days_against_a_second_way() -> None:
    number = 1
    drawn, done = unmanaged_day(TOWN, number)
    horizon = day_horizon(TOWN, number)
    edges = horizon.position(np.append(horizon.starts(), to_datetime64(horizon.end)))
    expected_kwh = np.zeros(horizon.steps)
    for visit in (*TOWN.visits(0), *TOWN.visits(1)):
        start = horizon.position(np.array([to_datetime64(visit.plugged_at)]))[0]
        end = start + visit.energy_kwh / visit.power_kw_max * 12
        overlap = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None)
        expected_kwh += overlap * visit.power_kw_max / 12
    # arrays put what is left of a need into a step without saying when in the step
    assert drawn.sum(axis=0) / 12 == pytest.approx(expected_kwh, abs=1e-6)
    assert all(one.energy_kwh == pytest.approx(one.visit.energy_kwh) for one in done)
    assert [one.visit for one in done] == visits_ending(TOWN, number)


@pytest.mark.requirement("R139", "R41")
@pytest.mark.parametrize("number", [0, 1, 2])
def test_unmanaged_evenings_overload_and_managed_ones_do_not(number: int) -> None:
    unmanaged = unmanaged_figures(TOWN, number)
    assert 3 <= unmanaged.transformers_over <= 20
    assert unmanaged.feeder_minutes_over > 0
    assert unmanaged.cars_ready == unmanaged.cars > 100
    assert 17 <= TOWN.clock.local(np.array([to_datetime64(unmanaged.peak_at)]))[0].item().hour <= 21
    visits = [visit for day in range(number + 1) for visit in TOWN.visits(day)]
    problem = problem_of(TOWN, visits, day_horizon(TOWN, number, number))
    power_kw = Valley().power_kw(problem, np.random.default_rng(0))
    managed = figures(TOWN, number, device_kw(TOWN, visits, problem, power_kw)[:, -288:], [], opt_outs=0)
    assert managed.overloads == ()
    assert managed.peak_kw < unmanaged.peak_kw - 200


def test_metered_power_from_registers() -> None:
    device = TOWN.devices[3]
    start = to_datetime64(HORIZON.start)
    minutes = np.array([10, 20, 25]).astype("timedelta64[m]")
    meters = {device.station: (start + minutes, np.array([100.0, 101.0, 101.25]))}
    drawn = metered_kw(TOWN, meters, HORIZON)
    assert drawn[3, :6].tolist() == pytest.approx([0, 0, 6, 6, 3, 0])
    assert drawn.sum() / 12 == pytest.approx(1.25)
    assert metered_kw(TOWN, {}, HORIZON).sum() == 0


def test_a_result_is_one_screen_and_json() -> None:
    managed: DayFigures = figures(TOWN, 0, NOTHING, [Done(TOWN.visits(0)[0], 0.0)], opt_outs=2)
    result = DayResult.of(TOWN, 0, managed)
    text = result.text()
    assert text.splitlines()[0] == "Day 1, from 2026-01-13 12:00; the feeder carries 1,188 kW"
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) <= 20
    told = json.loads(json.dumps(result.to_json()))
    assert told["managed"]["cars_short"] == 1
    assert told["managed"]["opt_outs"] == 2
    assert told["unmanaged"]["transformers_over"] == result.unmanaged.transformers_over > 0
    assert told["unmanaged"]["overloads"][0]["node"] == result.unmanaged.overloads[0].node
    assert told["start"] == "2026-01-13T11:00:00+00:00"
