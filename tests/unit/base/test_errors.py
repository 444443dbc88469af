import ast
import re
import subprocess
import sys
from pathlib import Path

from evenload.base import errors
from evenload.base.errors import did_you_mean

DRAWN = re.compile(r"^ {4}(?P<branch>[│├└─ ]*)(?P<name>\w+Error)\b(?:\s+exit code (?P<code>\d+))?")


def drawn_tree() -> dict[str, tuple[str, int | None]]:
    """Parent and exit code of every class drawn in the docstring of base/errors.py."""
    drawn: dict[str, tuple[str, int | None]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := DRAWN.match(line):
            depth = len(found["branch"]) // 4
            above = [*above[:depth], found["name"]]
            drawn[found["name"]] = (above[-2] if depth else "", int(found["code"]) if found["code"] else None)
    return drawn


def written_tree() -> dict[str, tuple[str, int | None]]:
    """Parent and own exit code of every class of the tree, wherever in the package it is written."""
    written: dict[str, tuple[str, int | None]] = {}
    for path in sorted(Path(errors.__file__).parent.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                written[node.name] = (ast.unparse(node.bases[0]), own_exit_code(node))
    return {name: entry for name, entry in written.items() if "EvenloadError" in ancestors(name, written)}


def own_exit_code(node: ast.ClassDef) -> int | None:
    codes = [s.value for s in node.body if isinstance(s, ast.AnnAssign) and ast.unparse(s.target) == "exit_code"]
    return ast.literal_eval(codes[0]) if codes and codes[0] else None


def ancestors(name: str, written: dict[str, tuple[str, int | None]]) -> list[str]:
    """The class itself and what it inherits, as far as the package defines it."""
    return [name, *ancestors(written[name][0], written)] if name in written else []


def test_the_drawn_tree_is_the_tree_that_is_written() -> None:
    drawn, written = drawn_tree(), written_tree()
    assert len(written) >= 10
    assert {name: parent for name, (parent, _) in drawn.items() if parent} == {
        name: parent for name, (parent, _) in written.items() if name != "EvenloadError"
    }


def test_the_exit_codes_drawn_are_those_that_are_written() -> None:
    drawn, written = drawn_tree(), written_tree()
    for name in drawn:
        if name != "EvenloadError":
            own = next(written[above][1] for above in ancestors(name, written) if written[above][1] is not None)
            expected = next(drawn[above][1] for above in ancestors(name, drawn) if drawn[above][1] is not None)
            assert own == expected, name


def test_a_near_miss_is_suggested_in_any_case_and_as_it_is_spelled() -> None:
    assert did_you_mean("VALEY", ["price", "valley"]) == " Did you mean 'valley'?"
    assert did_you_mean("f12", ["F12", "T7"]) == " Did you mean 'F12'?"
    assert did_you_mean("zebra", ["price", "valley"]) == ""
    assert did_you_mean("anything", []) == ""


def test_importing_evenload_takes_no_heavy_library() -> None:
    heavy = ["pandas", "numba", "pyarrow", "matplotlib", "pydantic"]
    program = f"import sys, evenload; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
