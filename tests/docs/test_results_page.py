"""docs/reference/results.md lists exactly the columns and files that a study yields."""

import re
from pathlib import Path

import pytest

from evenload.report.results import CIRCUITS, CLOSEUP, HEAT, HOSTING, PROFILES, RUNS
from evenload.simulate.api import study
from evenload.simulate.examples import example_text
from evenload.simulate.study_file import parse_study

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "results.md"
FRAMES = {
    "runs": RUNS,
    "circuits": CIRCUITS,
    "profiles": PROFILES,
    "heat": HEAT,
    "closeup": CLOSEUP,
    "hosting": HOSTING,
}
TYPES = {"text": "str", "integer": "int64", "number": "float64"}


def section(name: str) -> str:
    """The text of the page below a heading, up to the next one."""
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{PAGE.name} has no section {name}"
    return found[1]


def rows_of(text: str) -> list[list[str]]:
    """Cells of each row of a section's table, without the heading and the rule."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("name", FRAMES)
def test_every_column_is_on_the_page_and_every_column_of_the_page_exists(name: str) -> None:
    shown = {column.strip("`"): TYPES[kind] for column, kind, _, _ in rows_of(section(name))}
    assert list(shown.items()) == list(FRAMES[name].items())


@pytest.mark.parametrize("name", FRAMES)
def test_every_column_says_what_it_means_and_every_number_its_unit(name: str) -> None:
    for column, kind, unit, meaning in rows_of(section(name)):
        assert meaning, f"{column} has no meaning"
        assert unit or kind == "text" or column == "`seed`", f"{column} has no unit"


def test_every_frame_of_a_study_has_a_section() -> None:
    headings = re.findall(r"^## (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Conventions", *FRAMES]


@pytest.mark.slow
def test_a_study_writes_the_files_on_the_page_and_no_others(tmp_path: Path) -> None:
    chosen = parse_study(example_text("one-street"), "one-street")
    study(chosen.model_copy(update={"seeds": 1}), out=tmp_path)
    files = PAGE.read_text(encoding="utf-8").split("| file | holds |", 1)[1].split("\n\n", 1)[0]
    shown = re.findall(r"^\| `([^`]+)` \|", files, re.MULTILINE)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({name.split("/")[0] for name in shown})
    tables = re.findall(r"`(\w+\.csv)`", files)
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == sorted(tables)
    listed = re.search(r"^\| `figures/\*\.svg` \|(.*)\|$", files, re.MULTILINE)
    assert listed
    names = [name.replace("...", "") for name in re.findall(r"`([\w.-]+)`", listed[1])]
    drawn = [path.stem for path in (tmp_path / "figures").iterdir()]
    assert {name for name in names if not any(stem.startswith(name) for stem in drawn)} == set()
    assert {stem for stem in drawn if not stem.startswith(tuple(names))} == set()
