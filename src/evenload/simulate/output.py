"""Results on disk: Parquet frames, a summary, tables as CSV, figures and one HTML report."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

import evenload
from evenload.files.replacing import replacing
from evenload.report.figures import figures
from evenload.report.hosting_capacity import supported
from evenload.report.information import value_of_information
from evenload.report.page import render
from evenload.report.results import StudyResults

_FRAMES = ("runs", "circuits", "profiles", "heat", "closeup", "hosting")


def write_results(results: StudyResults, out: Path) -> Path:
    """Write everything below ``out`` and return the path of the report; each file appears whole or not at all."""
    for name in ("tables", "figures"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for name in ("runs", "circuits"):
        with replacing(out / f"{name}.parquet") as path:
            getattr(results, name).to_parquet(path, index=False)
    for name in _FRAMES:
        with replacing(out / "tables" / f"{name}.csv") as path:
            getattr(results, name).to_csv(path, index=False, lineterminator="\n")
    _write_text(out / "summary.json", json.dumps(summary(results), indent=2, ensure_ascii=False) + "\n")
    drawn = {f"{name}.svg": svg for name, svg in figures(results).items()}
    for stale in (out / "figures").glob("*.svg"):
        if stale.name not in drawn:
            stale.unlink()  # of an earlier study in the same folder
    for name, svg in drawn.items():
        _write_text(out / "figures" / name, svg)
    _write_text(out / "report.html", render(results))
    return out / "report.html"


def summary(results: StudyResults) -> dict[str, Any]:
    """The findings of a study as plain data (published JSON Schema: ``evenload schema summary``)."""
    runs = results.runs
    case = ["strategy", "base_load", "behaviour", "penetration"]
    numbers = [name for name in runs.columns if name not in {*case, "seed"} and runs[name].dtype.kind in "if"]
    mean = runs.groupby(case, sort=False)[numbers].mean().reset_index()
    case = ["strategy", "base_load", "behaviour"]
    capacity = [
        dict(zip(case, key, strict=True))
        | {name: supported(group["capacity"].tolist(), share) for name, share in (("p50", 0.5), ("p90", 0.9))}
        for key, group in results.hosting.groupby(case, sort=False)
    ]
    return {
        "evenload": evenload.__version__,
        "title": results.title,
        "question": results.question,
        "period": results.period,
        "currency": results.currency,
        "criterion": results.criterion,
        "reference": {
            "penetration": results.reference.penetration,
            "base_load": results.reference.base_load,
            "behaviour": results.reference.behaviour,
            "seed": results.reference.seed,
        },
        "facts": dict(results.facts),
        "means_over_seeds": _records(mean),
        "hosting_capacity": capacity,
        "value_of_information": _records(value_of_information(results)),
        "comparisons": [
            {"statement": c.statement, "published": c.published, "here": c.here, "agrees": c.agrees, "why": c.why}
            for c in results.comparisons
        ],
        "assumptions": list(results.assumptions),
        "attribution": list(results.attribution),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain data; what is not a finite number is null, since JSON has no word for it."""
    return [
        {
            str(key): None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in frame.to_dict(orient="records")
    ]


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")
