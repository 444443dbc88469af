import re
from pathlib import Path

import numpy as np
import pytest

from evenload.domain import history, session
from evenload.domain.circuit import Circuit
from evenload.files.columns import Column, TableSpec
from evenload.files.specs import GRID, HISTORY, SESSIONS, SPECS

DESIGN = Path(__file__).resolve().parents[4] / "shared" / "DESIGN.md"

ADDED = {"sessions": ["group", "opted_out_of", "dwell_minutes", "commands_max", "link", "fallback_verified",
                      "measured_kw", "weight"],
         "load": ["load_kw_p10", "load_kw_p50", "load_kw_p90"]}  # fmt: skip
"""Optional columns that came later."""


def columns_in_design() -> dict[str, tuple[list[str], list[str]]]:
    """Every column, and the bold ones, of each file in the table of section 6."""
    found = {}
    section = DESIGN.read_text(encoding="utf-8").partition("## 6.")[2].partition("## 7.")[0]
    for line in section.splitlines():
        row = re.match(r"\| (\w+)(?: \(out\))? \| (.*) \|$", line)
        if row and row[1] != "file":
            cells = re.split(r"[:;.] |\. An", re.sub(r"\([^)]*\)", "", row[2]))[0]
            names = [name.strip() for name in cells.replace("**", "").split(",")]
            bold = [name.strip() for part in re.findall(r"\*\*([^*]+)\*\*", cells) for name in part.split(",")]
            found[row[1]] = ([re.match(r"\w+", name)[0] for name in names], bold)  # type: ignore[index]
    return found


@pytest.mark.shared_data
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_columns_are_those_of_the_design(spec: TableSpec) -> None:
    names, bold = columns_in_design()[spec.name]
    assert list(spec.names) == names + ADDED.get(spec.name, [])
    assert spec.name == "plan" or list(spec.required) == bold


def test_every_file_of_the_design_has_a_spec() -> None:
    names = [spec.name for spec in SPECS]
    assert names == ["sessions", "history", "grid", "limits", "load", "signal", "events", "plan", "readings"]


def same(column: Column, value: object) -> bool:
    return bool(np.array_equal(np.array([column.blank]), np.array([value]), equal_nan=not isinstance(value, str)))


def test_blanks_mean_what_the_domain_says() -> None:
    for spec, defaults in ((SESSIONS, session.DEFAULTS), (HISTORY, history.DEFAULTS)):
        for column in spec.columns:
            if not column.required:
                assert same(column, defaults[column.name]), column.name


def test_blank_circuit_limits_mean_what_the_domain_says() -> None:
    fields = Circuit.__dataclass_fields__
    for column in GRID.columns:
        if column.blank not in {None, ""} and column.name != "emergency_limit_kw":
            assert same(column, fields[column.name].default), column.name


def test_the_columns_of_the_domain_are_those_of_the_files() -> None:
    assert session.Sessions.names() == SESSIONS.names
    assert history.History.names() == HISTORY.names
    assert tuple(Circuit.__dataclass_fields__) == GRID.names
