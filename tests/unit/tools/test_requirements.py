from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

Load = Callable[[str], ModuleType]

MARKED = """
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R1")]


@pytest.mark.requirement("R2", "R3")
def test_function(): ...


def not_a_test(): ...


@pytest.mark.requirement("R4")
class TestClass:
    pytestmark = pytest.mark.requirement("R5")

    @pytest.mark.requirement("R6")
    def test_method(self): ...


@pytest.mark.requirement("R7")
class TestContract(StrategyContract): ...


async def test_later(): ...
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of 150 planned requirements and one test file."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    (tmp_path / "tests" / "unit" / "test_marked.py").write_text(MARKED, encoding="utf-8")
    write(tmp_path, document())
    return tmp_path


def document() -> dict[str, Any]:
    entries = {f"R{i}": {"title": f"Title {i}", "plan": "money"} for i in range(1, 151)}
    first = {number: entries.pop(number) for number in ("R1", "R2", "R3")}
    return {"roadmap": ["money"], "topics": {"First": first, "Rest": entries}}


def write(project: Path, content: dict[str, Any]) -> None:
    (project / "docs" / "requirements.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def test_marks_are_read_on_modules_classes_functions_and_inherited_suites(load_tool: Load, project: Path) -> None:
    found = load_tool("requirements").evidence_in(project / "tests")
    function, method = "unit/test_marked.py::test_function", "unit/test_marked.py::TestClass::test_method"
    contract, later = "unit/test_marked.py::TestContract", "unit/test_marked.py::test_later"
    assert found == {
        "R1": sorted([function, method, contract, later]),
        "R2": [function],
        "R3": [function],
        "R4": [method],
        "R5": [method],
        "R6": [method],
        "R7": [contract],
    }


def test_the_page_is_written_then_found_fresh_then_stale(
    load_tool: Load, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool, page = load_tool("requirements"), project / "docs" / "requirements.md"
    check = ["--check", "--root", str(project)]
    assert tool.main(check) == 1
    assert not page.exists()
    assert tool.main(["--root", str(project)]) == 0
    assert tool.main(check) == 0
    assert capsys.readouterr().out == "docs/requirements.md is stale; run tools/requirements.py\n"
    (project / "tests" / "unit" / "test_marked.py").write_text(MARKED.replace("R6", "R8"), encoding="utf-8")
    assert tool.main(check) == 1


def test_the_page_counts_and_names_what_is_tested_planned_and_refused(load_tool: Load, project: Path) -> None:
    content = document()
    content["topics"]["Rest"]["R9"]["plan"] = {"refused": {"date": "2026-01-31", "reason": "nobody sells it"}}
    write(project, content)
    assert load_tool("requirements").main(["--root", str(project)]) == 0
    text = (project / "docs" / "requirements.md").read_text(encoding="utf-8")
    assert "**7 tested, 142 planned, 1 refused, of 150.**" in text
    assert "## First\n\n3 of 3 tested." in text
    assert "| R4 | Title 4 | tested: `unit/test_marked.py` `TestClass.test_method` |" in text
    assert "| R9 | Title 9 | refused 2026-01-31: nobody sells it |" in text
    assert "| R10 | Title 10 | planned: money |" in text


def without_r100(content: dict[str, Any]) -> None:
    del content["topics"]["Rest"]["R100"]


def with_r151(content: dict[str, Any]) -> None:
    content["topics"]["Rest"]["R151"] = {"title": "One too many", "plan": "money"}


def twice(content: dict[str, Any]) -> None:
    content["topics"]["First"]["R100"] = {"title": "Again", "plan": "money"}


def changed(number: str, **fields: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["topics"]["Rest"][number] |= fields

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without_r100, "R100 is missing from docs/requirements.yaml"),
        (with_r151, "R151 is not one of R1 to R150"),
        (twice, "R100 is listed under two topics"),
        (changed("R100", plan=None), "R100 has neither a test nor a plan nor a refusal"),
        (changed("R100", plan="someday"), "R100 is planned in 'someday', which is not on the roadmap"),
        (changed("R100", title=""), "R100 has no title"),
        (changed("R100", plan={"refused": {"date": "soon", "reason": "x"}}), "R100 is refused without a date"),
        (changed("R100", plan={"refused": {"date": "2026-01-31"}}), "R100 is refused without a date"),
        (
            changed("R4", plan={"refused": {"date": "2026-01-31", "reason": "x"}}),
            "R4 is refused, yet a test claims it",
        ),
    ],
)
def test_a_fault_is_named_and_nothing_is_written(
    load_tool: Load,
    project: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], None],
    sentence: str,
) -> None:
    content = document()
    change(content)
    write(project, content)
    assert load_tool("requirements").main(["--root", str(project)]) == 1
    assert sentence in capsys.readouterr().out
    assert not (project / "docs" / "requirements.md").exists()


def test_a_test_that_names_an_unknown_number_is_named(
    load_tool: Load, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "tests" / "unit" / "test_marked.py").write_text(MARKED.replace("R7", "R700"), encoding="utf-8")
    assert load_tool("requirements").main(["--check", "--root", str(project)]) == 1
    assert "TestContract is marked with R700, which is not one of R1 to R150" in capsys.readouterr().out


def test_a_tested_requirement_needs_no_plan(load_tool: Load, project: Path) -> None:
    content = document()
    del content["topics"]["First"]["R1"]["plan"]
    write(project, content)
    assert load_tool("requirements").main(["--root", str(project)]) == 0
