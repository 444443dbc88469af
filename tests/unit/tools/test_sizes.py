import ast
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Load = Callable[[str], ModuleType]


def function_of(lines: int, docstring_lines: int = 0) -> str:
    """Source of a function of so many lines besides its docstring, the ``def`` included."""
    docstring = ['    """' + "\n".join(["words"] * docstring_lines) + '"""'] if docstring_lines else []
    return "\n".join(["def f():", *docstring, *["    x = 1"] * (lines - 1)]) + "\n"


@pytest.mark.parametrize("docstring_lines", [0, 1, 40])
def test_a_docstring_does_not_count(load_tool: Load, docstring_lines: int) -> None:
    tree = ast.parse(function_of(9, docstring_lines))
    assert list(load_tool("sizes").functions_of(tree)) == [("f", 1, 9)]


def test_percentiles_by_hand(load_tool: Load) -> None:
    summary_of = load_tool("sizes").summary_of
    assert summary_of(list(range(1, 101))).split() == ["100", "median", "50", "p95", "95", "max", "100", "lines"]
    assert summary_of([7]).split() == ["1", "median", "7", "p95", "7", "max", "7", "lines"]
    assert summary_of([]) == "none"


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("long.py", function_of(70, 60), ""),
        ("long.py", "x = 1\n" + function_of(71), "long.py:2 f has 71 lines; 70 at the most"),
        ("large.py", "x = 1\n" * 600, ""),
        ("large.py", "x = 1\n" * 601, "large.py has 601 lines; 600 at the most"),
        ("plan_utils.py", "", "plan_utils.py: 'utils' is a name that says nothing"),
        ("misc/plan.py", "", "misc/plan.py: 'misc' is a name that says nothing"),
        ("commonest.py", "", ""),
    ],
)
def test_ceilings_and_names(
    load_tool: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, fault: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert load_tool("sizes").main([str(tmp_path)]) == (1 if fault else 0)
    assert capsys.readouterr().out.splitlines()[2:] == ([fault] if fault else [])
