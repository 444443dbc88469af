"""What strategies of a study know from the past: counted where the study says, refused where it cannot be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.domain.history import History
from evenload.files.history import write_history
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.strategies.optimised import Optimised
from evenload.simulate.inputs import load_inputs
from evenload.simulate.parts import fingerprint
from evenload.simulate.results import _settings
from evenload.simulate.study_file import Study, StudyFileError, study_of
from evenload.simulate.world import Run, Unit, draw_cars, runs_of

UNIT = Unit(1, 1.0, "declared")


def with_strategies(study: Study, *settings: dict[str, Any]) -> Study:
    entries = [{"strategy": "optimised", "label": f"o{k}", **each} for k, each in enumerate(settings)]
    one_load = {"base_load": {"kw_peak_per_home": [2.0]}}
    return study_of(study.model_dump(mode="json") | one_load | {"strategies": entries, "penetrations": [1.0]})


def runs(study: Study, folder: Path) -> list[Run]:
    inputs = load_inputs(study, folder)
    return list(runs_of(study, inputs, UNIT, draw_cars(study, inputs, UNIT)))


def past(declares: bool = True, user: str = "ann") -> History:
    """Ten days of one car: it says eight hours and leaves after seven; 14 kWh at 7 kW from 18:00 in Oslo."""
    plugged = np.datetime64("2019-11-04T17:00", "s") + np.arange(10) * np.timedelta64(1, "D")
    declared = {"departs_at_declared": plugged + np.timedelta64(8, "h")} if declares else {}
    return History.of(
        session_id=np.array([f"p{i}" for i in range(10)]), plugged_at=plugged,
        unplugged_at=plugged + np.timedelta64(7, "h"), energy_kwh_metered=np.full(10, 14.0),
        power_kw_max=np.full(10, 7.0), user_id=np.full(10, user), **declared,
    )  # fmt: skip


@pytest.mark.requirement("R40")
def test_caution_is_counted_on_a_history(small_study: Study, tmp_path: Path) -> None:
    write_history(tmp_path / "past.csv", past())
    study = with_strategies(small_study, {"caution": {"history": "past.csv", "value_per_kwh": 0.3}})
    (run,) = runs(study, tmp_path)
    assert isinstance(run.choice.strategy, Optimised)
    caution, known = run.choice.strategy.caution, past()
    assert caution is not None
    assert caution.risk == DepartureRisk.fit(known.departs_at_declared, known.unplugged_at, known.plugged_at)
    assert (caution.value_per_kwh, caution.share_there) == (0.3, 0.0)
    assert _settings(study.choices()[0]) == "caution, value per kwh 0.3"
    before = fingerprint(study, tmp_path)
    write_history(tmp_path / "past.csv", past().take(np.arange(9)))
    assert fingerprint(study, tmp_path) != before


@pytest.mark.requirement("R40")
def test_without_a_history_it_is_counted_on_other_cars_that_behave_alike(small_study: Study, tmp_path: Path) -> None:
    study = with_strategies(small_study, {"caution": {"share_there": 0.9}}, {})
    cautious, plain = runs(study, tmp_path)
    assert isinstance(cautious.choice.strategy, Optimised)
    assert isinstance(plain.choice.strategy, Optimised)
    assert plain.choice.strategy.caution is None
    caution = cautious.choice.strategy.caution
    assert caution is not None
    early = 1.0 - caution.risk.there(np.array([0]), np.array([[30.0]]))[0, 0]
    assert 0.1 < early < 0.5  # a quarter of the drivers behaviour is made of left more than half an hour early
    short = [run.problem.energy_kwh.sum() - run.problem.delivered_kwh(run.power_kw).sum() for run in (cautious, plain)]
    assert short[0] < short[1]


@pytest.mark.requirement("R40")
def test_arrivals_are_as_many_as_cars_of_the_case_would_make(small_study: Study, tmp_path: Path) -> None:
    write_history(tmp_path / "past.csv", past(declares=False))
    study = with_strategies(small_study, {"arrivals": {"history": "past.csv"}}, {"arrivals": {"quantile": 0.9}})
    counted, drawn = (run.choice.strategy for run in runs(study, tmp_path))
    assert isinstance(counted, Optimised)
    assert isinstance(drawn, Optimised)
    assert counted.arrivals is not None
    usual = [one for one in counted.arrivals.usual if not one.weekend]
    # one car on record makes 14 kWh a day; 30 cars of the case make thirty times that, at the feeder above them all
    assert [(one.minute_of_day, one.stay_minutes) for one in usual] == [(18 * 60 + 30, 420.0)]
    assert [usual[0].energy_kwh, usual[0].power_kw] == pytest.approx([30 * 14, 30 * 7])
    assert load_inputs(study, tmp_path).grid.tree.circuits[1].node == usual[0].node
    assert drawn.arrivals is not None
    day = sum(one.energy_kwh for one in drawn.arrivals.usual if not one.weekend)
    assert 30 * 2 < day < 30 * 30


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"caution": {}}, "optimised: caution: give value_per_kwh, such as 0.3, or share_there, such as 0.9"),
    ({"caution": {"value_per_kw": 1}}, r"caution has no key 'value_per_kw'. Did you mean 'value_per_kwh'\?"),
    ({"caution": {"value_per_kwh": -1}}, "caution.value_per_kwh = -1: should be greater than or equal to 0"),
    ({"caution": {"share_there": 1.0}}, "caution.share_there = 1.0: should be less than 1"),
    ({"caution": 0.3}, "caution = 0.3: give keys with values, of history, value_per_kwh, share_there"),
    ({"arrivals": {"quantile": 90}}, "arrivals.quantile = 90: should be less than or equal to 1"),
    ({"arrivals": True}, "arrivals = True: give keys with values, of history, quantile"),
]


@pytest.mark.parametrize(("settings", "words"), WRONG)
def test_what_cannot_be_known_is_refused(small_study: Study, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyFileError, match=words):
        with_strategies(small_study, settings)


def test_other_strategies_know_nothing_of_the_past(small_study: Study) -> None:
    content = small_study.model_dump(mode="json") | {"strategies": [{"strategy": "valley", "caution": {}}]}
    with pytest.raises(StudyFileError, match="strategy valley has no setting 'caution'"):
        study_of(content)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"caution": {"history": "past.csv", "value_per_kwh": 0.3}}, "past.csv: no row has departs_at_declared"),
        ({"arrivals": {"history": "past.csv"}}, "past.csv: no row has a user_id"),
        ({"arrivals": {"history": "none.csv"}}, "none.csv does not exist"),
    ],
)
def test_a_history_that_does_not_say_it_is_refused_before_anything_runs(
    small_study: Study, tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    write_history(tmp_path / "past.csv", past(declares=False, user=""))
    with pytest.raises(InputError, match=words):
        load_inputs(with_strategies(small_study, settings), tmp_path)
