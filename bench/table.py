"""What a bench measured, beside its targets."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Something measured, and what it should not exceed."""

    name: str
    value: float
    unit: str
    target: float | None = None


def show(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows, for people or as JSON."""
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        verdict = "" if row.target is None else f"   {'within' if row.value <= row.target else 'ABOVE'} {row.target:g}"
        print(f"{row.name:{width}s} {row.value:11.3f} {row.unit}{verdict}")
