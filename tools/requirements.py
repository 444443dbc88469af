"""The page of numbered requirements, made of docs/requirements.yaml and the marks on the tests.

`tools/requirements.py` writes docs/requirements.md; `--check` writes nothing and exits 1 where the page is stale or
where a number is missing, unknown, or has neither a test nor a plan nor a reasoned refusal.
"""

import argparse
import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = tuple(f"R{number}" for number in range(1, 151))
HEAD = """\
---
hide: [toc]
---

# Requirements

<!-- Made by tools/requirements.py from docs/requirements.yaml and the marks on the tests. Do not edit. -->

The 2021 report *The State of Managed Charging* (SEPA) describes what a managed charging system does. Read closely, it
holds 150 requirements; here they are in our words, each with the tests that give evidence for it, or the part of the
roadmap it is planned in, or the date and reason it was refused.

*Tested* means that the tests named are evidence for what exists today; it does not say that nothing is left to do.
"""


@dataclass(frozen=True)
class Requirement:
    """One numbered requirement: what it asks and what is intended."""

    number: str
    title: str
    topic: str
    plan: str = ""
    refused_on: str = ""
    refused_because: str = ""


Evidence = dict[str, list[str]]
"""Tests by requirement number, as `file::test` relative to tests/, sorted."""


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with `--check` compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something is wrong")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    source, page = chosen.root / "docs" / "requirements.yaml", chosen.root / "docs" / "requirements.md"
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    evidence = evidence_in(chosen.root / "tests")
    faults = faults_of(document, evidence)
    if not faults:
        text = page_of(requirements_of(document), evidence)
        stale = not page.exists() or page.read_text(encoding="utf-8") != text
        if stale and chosen.check:
            faults.append("docs/requirements.md is stale; run tools/requirements.py")
        elif stale:
            page.write_text(text, encoding="utf-8")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def requirements_of(document: dict[str, Any]) -> list[Requirement]:
    """The requirements of the data file, in its order."""
    found = []
    for topic, entries in document["topics"].items():
        for number, entry in entries.items():
            plan = entry.get("plan", "")
            refused = plan.get("refused", {}) if isinstance(plan, dict) else {}
            found.append(
                Requirement(
                    number, entry.get("title", ""), topic, "" if refused else str(plan or ""),
                    str(refused.get("date", "")), str(refused.get("reason", "")),
                )
            )  # fmt: skip
    return found


def faults_of(document: dict[str, Any], evidence: Evidence) -> list[str]:
    """What is wrong with the data or the marks, one sentence each."""
    known = requirements_of(document)
    listed = [requirement.number for requirement in known]
    faults = [f"{number} is missing from docs/requirements.yaml" for number in NUMBERS if number not in listed]
    faults += [f"{number} is not one of R1 to R150" for number in listed if number not in NUMBERS]
    faults += [f"{number} is listed under two topics" for number in NUMBERS if listed.count(number) > 1]
    for requirement in known:
        faults += _faults_of_one(requirement, document["roadmap"], requirement.number in evidence)
    for number, tests in sorted(evidence.items()):
        if number not in NUMBERS:
            faults.append(f"{tests[0]} is marked with {number}, which is not one of R1 to R150")
    return faults


def _faults_of_one(requirement: Requirement, roadmap: list[str], tested: bool) -> list[str]:
    number = requirement.number
    faults = [] if requirement.title else [f"{number} has no title"]
    if requirement.plan and requirement.plan not in roadmap:
        faults.append(f"{number} is planned in {requirement.plan!r}, which is not on the roadmap")
    if requirement.refused_on or requirement.refused_because:
        if not (_is_date(requirement.refused_on) and requirement.refused_because):
            faults.append(f"{number} is refused without a date (such as 2026-01-31) and a reason")
        if tested:
            faults.append(f"{number} is refused, yet a test claims it")
    elif not (requirement.plan or tested):
        faults.append(f"{number} has neither a test nor a plan nor a refusal")
    return faults


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def evidence_in(folder: Path) -> Evidence:
    """Read the requirement marks of every test file below ``folder``: on modules, classes and functions."""
    tests: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        where = path.relative_to(folder).as_posix()
        for name, numbers in _marked(tree, frozenset()):
            for number in numbers:
                tests.setdefault(number, set()).add(f"{where}::{name}")
    return {number: sorted(names) for number, names in tests.items()}


def _marked(scope: ast.Module | ast.ClassDef, outer: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Tests of a module or class with the numbers that hold for each, those of the scopes around it included."""
    here = outer | _numbers_of_pytestmark(scope)
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node.name, here.union(*map(_numbers, node.decorator_list))
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            inner = here.union(*map(_numbers, node.decorator_list))
            names = list(_marked(node, inner))
            if not names:  # a contract suite inherited from evenload.testing: its tests stand elsewhere
                yield node.name, inner | _numbers_of_pytestmark(node)
            yield from ((f"{node.name}::{name}", numbers) for name, numbers in names)


def _numbers_of_pytestmark(scope: ast.Module | ast.ClassDef) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for node in scope.body:
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in node.targets):
            found |= _numbers(node.value)
    return found


def _numbers(expression: ast.expr) -> frozenset[str]:
    """Every string argument of every `...requirement("R1", ...)` call inside an expression."""
    found: set[str] = set()
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement":
            values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            found.update(value for value in values if isinstance(value, str))
    return frozenset(found)


def page_of(requirements: list[Requirement], evidence: Evidence) -> str:
    """The page in Markdown."""
    tested = sum(requirement.number in evidence for requirement in requirements)
    refused = sum(bool(requirement.refused_on) for requirement in requirements)
    planned = len(requirements) - tested - refused
    parts = [HEAD, f"**{tested} tested, {planned} planned, {refused} refused, of {len(requirements)}.**\n"]
    topics = list(dict.fromkeys(requirement.topic for requirement in requirements))
    for topic in topics:
        mine = [requirement for requirement in requirements if requirement.topic == topic]
        counted = sum(requirement.number in evidence for requirement in mine)
        parts.append(f"## {topic}\n\n{counted} of {len(mine)} tested.\n")
        rows = [_row(requirement, evidence.get(requirement.number, [])) for requirement in mine]
        parts.append("\n".join(["| | Requirement | Status |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _row(requirement: Requirement, tests: list[str]) -> str:
    if tests:
        status = f"tested: {_tests_text(tests)}"
    elif requirement.refused_on:
        status = f"refused {requirement.refused_on}: {requirement.refused_because}"
    else:
        status = f"planned: {requirement.plan}"
    return f"| {requirement.number} | {requirement.title} | {status} |"


def _tests_text(tests: list[str]) -> str:
    by_file: dict[str, list[str]] = {}
    for test in tests:
        path, _, name = test.partition("::")
        by_file.setdefault(path, []).append(name.replace("::", "."))
    return "<br>".join(f"`{path}` {', '.join(f'`{name}`' for name in names)}" for path, names in by_file.items())


if __name__ == "__main__":
    sys.exit(main())
