from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml

from evenload.base.errors import CircuitError, InputError
from evenload.domain.circuit import CircuitTree
from evenload.files.problem_file import ProblemFile, read_problem_file, terms_in
from evenload.schedule.batteries import Taper

Write = Callable[[str, str], Path]
WHOLE = """\
circuits:
  - {node: F, peak_per_kw: 0.4, peak_kw_so_far: 120}
  - node: T1
    smoothing_per_kw2h: 0.001
  - {node: F, smoothing_per_kw2h: 2}
wear_per_kwh: 0.05
taper: {knee_soc: 0.7, full_soc: 1.05}
"""


@pytest.mark.requirement("R104", "R106")
def test_what_the_file_says_is_what_the_problem_gets(write: Write, tree: CircuitTree) -> None:
    path = write("problem.yaml", WHOLE)
    asked = read_problem_file(path)
    assert (asked.wear_per_kwh, asked.taper_of()) == (0.05, Taper(0.7, 1.05))
    terms = terms_in(path, asked, tree)
    assert terms is not None
    assert terms.node.tolist() == [tree.index["F"], tree.index["T1"], tree.index["F"]]
    assert terms.smoothing_per_kw2h.tolist() == [0.0, 0.001, 2.0]
    assert terms.peak_per_kw.tolist() == [0.4, 0, 0]
    assert terms.peak_kw_so_far.tolist() == [120, -np.inf, -np.inf]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "circuits: []\n"])
def test_an_empty_file_asks_for_nothing(write: Write, tree: CircuitTree, text: str) -> None:
    asked = read_problem_file(write("problem.yaml", text))
    assert asked == ProblemFile()
    assert (asked.terms(tree), asked.taper_of(), asked.wear_per_kwh) == (None, None, 0.0)


def test_a_taper_has_usual_values(write: Write) -> None:
    assert read_problem_file(write("problem.yaml", "taper: {}\n")).taper_of() == Taper(0.8, 1.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "wear_kwh: 1\n",
            "wear_kwh is not a key of a problem file. Did you mean 'wear_per_kwh'? There are: circuits, wear_per",
        ),
        ("storage: {}\n", "storage is not a key of a problem file. It is one of sites. There are: circ"),
        ("demand_charges: []\n", "demand_charges is not a key of a problem file. It is one of sites. There are"),
        (
            "taper: {knee: 0.8}\n",
            "taper.knee is not a key of taper. Did you mean 'knee_soc'? There are: knee_soc, full",
        ),
        (
            "circuits: [{node: F, peak_per_kwh: 1}]\n",
            "circuits.0.peak_per_kwh is not a key of circuits. Did you mean 'peak_per_kw'?",
        ),
        ("circuits: [{peak_per_kw: 1}]\n", "circuits.0.node is missing"),
        ("circuits: [{node: F}]\n", "circuits.0: F: give smoothing_per_kw2h or peak_per_kw above 0, or leave the circ"),
        (
            "circuits: [{node: F, smoothing_per_kw2h: 1, peak_kw_so_far: 3}]\n",
            "circuits.0: F: peak_kw_so_far is of no effect without peak_per_kw",
        ),
        (
            "circuits: [{node: F, peak_per_kw: -1}]\n",
            "circuits.0.peak_per_kw = -1: should be greater than or equal to 0",
        ),
        (
            "circuits: [{node: 7, peak_per_kw: 1}]\n",
            "circuits.0.node = 7: should be a text, in quotes where it looks like a number",
        ),
        ("circuits: {node: F}\n", "circuits: should be a list"),
        ("circuits: F\n", "circuits = 'F': should be a list"),
        ("circuits: [F]\n", "circuits.0 = 'F': should be keys with values in braces, or indented"),
        ("taper: 0.8\n", "taper = 0.8: should be keys with values in braces, or indented"),
        ("wear_per_kwh:\n", "wear_per_kwh = blank: should be a number, such as 0.05"),
        ("wear_per_kwh: 1e-3\n", "wear_per_kwh = '1e-3': should be a number, such as 0.05 or 1.0e-3, not in quotes"),
        ("wear_per_kwh: 0,05\n", "wear_per_kwh = '0,05': should be a number, such as 0.05"),
        ("2: 3\n", "2 = 2: should be a word"),
        ("wear_per_kwh: .nan\n", "wear_per_kwh = nan: should be"),
        ("wear_per_kwh: .inf\n", "wear_per_kwh = inf: should be"),
        ("wear_per_kwh: '0.05'\n", "wear_per_kwh = '0.05': should be a number"),
        ("wear_per_kwh: yes\n", "wear_per_kwh = True: should be a number"),
        ("taper: {knee_soc: 80}\n", "taper.knee_soc = 80: should be less than 1"),
        ("taper: {knee_soc: 0.9, full_soc: 0.9}\n", "taper: full_soc 0.9 must be above knee_soc 0.9"),
        ("wear_per_kwh: 1\nwear_per_kwh: 2\n", "is not YAML: the key 'wear_per_kwh' stands twice"),
        ("- F\n", "holds no keys with values"),
        ("circuits: [\n", "is not YAML: "),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_key(write: Write, text: str, sentence: str) -> None:
    path = write("problem.yaml", text)
    with pytest.raises(InputError) as refused:
        read_problem_file(path)
    assert str(refused.value).startswith(str(path))
    assert sentence in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml does not exist"):
        read_problem_file(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"taper: \xe9\n")
    with pytest.raises(InputError, match="cannot be read as UTF-8 text"):
        read_problem_file(tmp_path / "latin.yaml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_problem_file(tmp_path)


def test_a_circuit_that_is_not_in_the_grid_is_refused_with_the_file(write: Write, tree: CircuitTree) -> None:
    path = write("problem.yaml", "circuits: [{node: T11, peak_per_kw: 1}]\n")
    with pytest.raises(CircuitError, match=r"problem\.yaml: node 'T11' is not in the grid\. Did you mean 'T1'"):
        terms_in(path, read_problem_file(path), tree)


def test_the_schema_takes_what_the_reader_takes_and_explains_every_key() -> None:
    schema = ProblemFile.model_json_schema()
    jsonschema.validate(yaml.safe_load(WHOLE), schema)
    for wrong in ({"storage": 1}, {"circuits": [{"peak_per_kw": 1}]}, {"wear_per_kwh": -1}, {"taper": {"knee_soc": 1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
    parts = [schema, *schema["$defs"].values()]
    assert [key for part in parts for key, value in part["properties"].items() if "description" not in value] == []
