"""One unit of a study from drawing its cars to the frames of its results."""

from itertools import groupby
from pathlib import Path

import pandas as pd

from evenload.report.results import CIRCUITS, CLOSEUP, HEAT, PROFILES, RUNS, Reference
from evenload.simulate.details import closeup_frame, heat_frame, profile_frame
from evenload.simulate.inputs import load_inputs
from evenload.simulate.measures import Nights, Scene, circuit_rows, run_row
from evenload.simulate.study_file import Study
from evenload.simulate.world import Unit, draw_cars, runs_of

FRAMES = {"runs": RUNS, "circuits": CIRCUITS, "profiles": PROFILES, "heat": HEAT, "closeup": CLOSEUP}
"""Names of the frames a unit yields, with their columns."""

Frames = dict[str, pd.DataFrame]


def run_unit(study: Study, folder: Path, unit: Unit) -> Frames:
    """Run one unit; frames the unit has nothing for are empty."""
    inputs = load_inputs(study, folder)
    scene = Scene(study, inputs, unit, draw_cars(study, inputs, unit), Nights.of(inputs, study.span.settle_days))
    shown = reference(study)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in FRAMES}
    for base_load, group in groupby(runs_of(study, inputs, unit, scene.cars), key=lambda run: run.base_load):
        looked_at = (unit.seed, unit.penetration) == (shown.seed, shown.penetration)
        runs = []
        for run in group:
            parts["runs"].append(pd.DataFrame([run_row(scene, run)]))
            parts["circuits"].append(pd.DataFrame(circuit_rows(scene, run)))
            if looked_at:
                runs.append(run)
        if not looked_at:
            continue
        parts["profiles"].append(profile_frame(scene, runs))
        if unit.behaviour == shown.behaviour:
            parts["heat"].append(heat_frame(scene, runs))
            if base_load == shown.base_load:
                parts["closeup"].append(closeup_frame(scene, runs))
    return {name: _framed(parts[name], columns) for name, columns in FRAMES.items()}


def reference(study: Study) -> Reference:
    """The case the report's large pictures show."""
    levels = study.base_load.labels()
    chosen = study.shown
    return Reference(
        penetration=chosen.penetration or max(study.penetrations),
        base_load=chosen.base_load or levels[len(levels) // 2],
        behaviour=chosen.behaviour or next(iter(study.behaviours)),
        seed=study.first_seed,
    )


def _framed(frames: list[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    """The frames joined, with exactly the columns and types promised."""
    joined = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(columns))
    return joined[list(columns)].astype(columns)
