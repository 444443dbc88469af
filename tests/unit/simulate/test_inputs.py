"""What a study may name: packaged feeders, files of one's own, calibrated presets."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError, SignalError
from evenload.domain.circuit import CircuitKind
from evenload.simulate.inputs import load_inputs
from evenload.simulate.study_file import Study, study_of
from evenload.simulate.world import Unit, draw_cars, runs_of


def changed(study: Study, **parts: Any) -> Study:
    return study_of(study.model_dump(mode="json") | parts)


@pytest.mark.requirement("R41")
def test_the_packaged_feeder_brings_its_transformers_and_customers(small_study: Study) -> None:
    study = changed(small_study, grid={"source": "packaged", "feeder": "feeder-epri-ckt5"})
    grid = load_inputs(study, Path()).grid
    assert grid.tree.of_kind(CircuitKind.TRANSFORMER).size == 591
    assert grid.homes == 1379


def test_grid_and_load_of_ones_own_are_taken_from_files_beside_the_study(small_study: Study, tmp_path: Path) -> None:
    (tmp_path / "grid.csv").write_text(
        "node,parent,kind,limit_kw\nsub,,substation,\nT1,sub,transformer,40\nT2,sub,transformer,40\n"
    )
    hours = [f"2020-01-{day:02d}T{hour:02d}:00:00+01:00" for day in range(10, 17) for hour in range(24)]
    rows = [f"{node},{stamp},{kw}" for node, kw in (("T1", 3), ("T2", 5)) for stamp in hours]
    (tmp_path / "load.csv").write_text("node,timestamp,load_kw\n" + "\n".join(rows) + "\n")
    study = changed(
        small_study,
        grid={"source": "file", "path": "grid.csv", "homes_per_transformer": 4},
        base_load={"path": "load.csv"},
    )
    inputs = load_inputs(study, tmp_path)
    assert inputs.load_kw is not None
    assert inputs.load_kw[:, 0].tolist() == [8.0, 3.0, 5.0]
    unit = Unit(1, 1.0, "actual")
    runs = list(runs_of(study, inputs, unit, draw_cars(study, inputs, unit)))
    assert {run.base_load for run in runs} == {"load.csv"}


def test_a_signal_file_shorter_than_the_study_is_refused(small_study: Study, tmp_path: Path) -> None:
    stamps = [f"2020-01-10T{hour:02d}:00:00+01:00,0.2,EUR" for hour in range(24)]
    (tmp_path / "signal.csv").write_text("timestamp,price_per_kwh,currency\n" + "\n".join(stamps) + "\n")
    study = changed(small_study, signal={"price": {"path": "signal.csv"}})
    with pytest.raises(SignalError, match="the horizon needs 2020-01-10T11:00:00"):
        load_inputs(study, tmp_path)


@pytest.mark.requirement("R102")
def test_preset_cars_can_be_brought_to_a_stated_energy(small_study: Study) -> None:
    cars = {"source": "preset", "preset": "residential-2020", "energy_kwh_per_day": 11}
    span = {"start": "2020-01-06T12:00:00+01:00", "end": "2020-03-02T12:00:00+01:00", "timezone": "Europe/Oslo"}
    study = changed(small_study, cars=cars, span=span)
    inputs = load_inputs(study, Path())
    drawn = inputs.draw_cars(300, inputs.horizon.start, inputs.horizon.end, np.random.default_rng(1))
    assert drawn.energy_kwh_metered.sum() / 300 / 56 == pytest.approx(11, rel=0.1)  # winter weeks of a yearly mean


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"cars": {"source": "history", "dataset": "residential-norwey"}}, "Did you mean 'residential-norway'"),
        ({"cars": {"source": "preset", "preset": "publik"}}, "Did you mean 'public'"),
        ({"grid": {"source": "packaged", "feeder": "day-ahead-nl"}}, "is of kind signal, not feeder"),
        ({"base_load": {"dataset": "households"}}, "has no packaged data set 'households'"),
        ({"signal": {"price": {"dataset": "carbon-avert"}}}, "price_per_kwh"),
        ({"signal": {"price": {"dataset": "day-ahead-nl"}}}, "price_per_kwh runs from 2020-12-31T23:00:00"),
        ({"cars": {"source": "history", "path": "none.csv"}}, "none.csv"),
    ],
)
def test_what_is_not_there_is_refused_by_name(small_study: Study, parts: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_inputs(changed(small_study, **parts), Path())


def test_a_load_in_watts_is_noticed_by_the_limits(small_study: Study, tmp_path: Path) -> None:
    (tmp_path / "grid.csv").write_text("node,parent,kind,limit_kw\nsub,,substation,\nT1,sub,transformer,40\n")
    rows = [f"T1,2020-01-{day:02d}T{hour:02d}:00:00+01:00,3000" for day in range(10, 17) for hour in range(24)]
    (tmp_path / "load.csv").write_text("node,timestamp,load_kw\n" + "\n".join(rows) + "\n")
    study = changed(small_study, grid={"source": "file", "path": "grid.csv"}, base_load={"path": "load.csv"})
    with pytest.raises(InputError, match="base load reaches 3000 kW at T1, 75 times its limit of 40 kW; is it in W"):
        load_inputs(study, tmp_path)


@pytest.mark.requirement("R141")
def test_what_a_history_does_not_say_is_noted_for_the_report(small_study: Study, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(
        "session_id,plugged_at,unplugged_at,energy_kwh_metered,user_id,node\n"
        "a,2020-01-11T18:00:00+01:00,2020-01-12T07:00:00+01:00,10,anna,T1\n"
        "b,2020-01-12T18:00:00+01:00,2020-01-13T07:00:00+01:00,10,anna,T1\n"
    )
    notes = load_inputs(changed(small_study, cars={"source": "history", "path": "history.csv"}), tmp_path).notes
    assert any("charging power of 2 of 2 sessions is not known" in note for note in notes)
    assert any("the column node is not used" in note for note in notes)
    assert any("perfect forecast" in note for note in notes)


def test_a_history_without_drivers_is_refused(small_study: Study, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(
        "session_id,plugged_at,unplugged_at,energy_kwh_metered\n"
        "a,2020-01-11T18:00:00+01:00,2020-01-12T07:00:00+01:00,10\n"
    )
    with pytest.raises(InputError, match="no row has a user_id"):
        load_inputs(changed(small_study, cars={"source": "history", "path": "history.csv"}), tmp_path)
