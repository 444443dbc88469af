"""The pages of OCPP use cases, made of docs/conformance/use-cases.yaml and the names of the tests.

`tools/conformance.py` writes docs/conformance/*.md; `--check` writes nothing and exits 1 where a page is stale, where a
test names a use case nobody lists, or where a use case has neither a test nor a plan nor a reason.

A test says what it is evidence for in the first words of its name: `test_b01_...` for a use case of OCPP 2.0.1,
`test_k01_fr_22_...` for a numbered requirement of one, `test_16_4_2_...` for a section of the 1.6 text,
`test_16_a01_...` for a use case of the 1.6 security paper; several are joined by `and`, `e01_to_e03` is a row of them.
"""

import argparse
import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
USE_CASE = re.compile(r"[a-p]\d\d")
REQUIREMENT = re.compile(r"\d{2,3}")
MADE = "<!-- Made by tools/conformance.py from docs/conformance/use-cases.yaml and the names of tests. Do not edit. -->"


class Status(StrEnum):
    """How far a use case is."""

    TESTED = "tested"
    PARTLY = "partly"
    LATER = "later"
    NOT_OURS = "not ours"


@dataclass(frozen=True)
class Mention:
    """What one test name names: a use case of a version, and perhaps one requirement of it."""

    version: str
    use_case: str
    requirement: str = ""


@dataclass
class Evidence:
    """Tests, as their file below tests/ and the sentence in their names, and requirements named by them."""

    tests: set[tuple[str, str]] = field(default_factory=set)
    requirements: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class UseCase:
    """One use case: what it is, and why no test or no full support is to be expected.

    ``left`` says what is missing though there are tests, ``later`` names the part of the plan, ``not_ours`` the reason
    why a server has nothing to do in it.
    """

    version: str
    number: str
    block: str
    name: str
    left: str = ""
    later: str = ""
    not_ours: str = ""

    def status(self, tested: bool) -> Status:
        """The status, given whether there are tests."""
        if tested:
            return Status.PARTLY if self.left else Status.TESTED
        return Status.NOT_OURS if self.not_ours else Status.LATER


Found = dict[tuple[str, str], Evidence]
"""Evidence by version and number of the use case."""


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something is wrong")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    folder = chosen.root / "docs" / "conformance"
    document = yaml.safe_load((folder / "use-cases.yaml").read_text(encoding="utf-8"))
    found = evidence_in(chosen.root / "tests", document["tests"])
    faults = faults_of(document, found)
    if not faults:
        for name, text in pages_of(document, found).items():
            page = folder / name
            stale = not page.exists() or page.read_text(encoding="utf-8") != text
            if stale and chosen.check:
                faults.append(f"docs/conformance/{name} is stale; run tools/conformance.py")
            elif stale:
                page.write_text(text, encoding="utf-8")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


# what tests name


def evidence_in(folder: Path, patterns: Iterable[str]) -> Found:
    """Read the names of the tests in the files below ``folder`` that fit a pattern."""
    found: Found = {}
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        where = path.relative_to(folder).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            named, sentence = mentions(node.name)
            for mention in named:
                evidence = found.setdefault((mention.version, mention.use_case), Evidence())
                evidence.tests.add((where, sentence))
                if mention.requirement:
                    evidence.requirements.add(mention.requirement)
    return found


def mentions(name: str) -> tuple[list[Mention], str]:
    """What the first words of a test's name name, and the sentence after them."""
    found: list[Mention] = []
    head, *words = name.split("_")
    while head == "test" and words:
        rest = words[1:] if found and words[0] == "and" else words
        taken, more = _mention(rest, found)
        if not taken:
            break
        found, words = found + more, rest[taken:]
    return found, " ".join(words)


def _mention(words: list[str], before: list[Mention]) -> tuple[int, list[Mention]]:
    """What the next words name, and how many words that took; none where the sentence begins."""
    match words:
        case [first, "to", last, *_] if USE_CASE.fullmatch(first) and USE_CASE.fullmatch(last):
            numbers = range(int(first[1:]), int(last[1:]) + 1)
            return 3, [Mention("2.0.1", f"{first[0].upper()}{number:02d}") for number in numbers]
        case [word, *_] if USE_CASE.fullmatch(word):
            return 1, [Mention("2.0.1", word.upper())]
        case ["16", word, *_] if USE_CASE.fullmatch(word):
            return 2, [Mention("1.6", word.upper())]
        case ["16", chapter, section, *_] if chapter in {"3", "4", "5"} and section.isdecimal():
            return 3, [Mention("1.6", f"{chapter}.{section}")]
        case ["fr", number, *_] if before and REQUIREMENT.fullmatch(number):
            of = before[-1]
            return 2, [Mention(of.version, of.use_case, f"{of.use_case}.FR.{number}")]
    return 0, []


# what is listed


def use_cases_of(document: dict[str, Any]) -> list[UseCase]:
    """The use cases of the data file, in its order."""
    return [
        UseCase(version, str(number), block, **(entry if isinstance(entry, dict) else {"name": entry}))
        for version, page in document["versions"].items()
        for block, entries in page["blocks"].items()
        for number, entry in entries.items()
    ]


def faults_of(document: dict[str, Any], found: Found) -> list[str]:
    """What is wrong with the data or with names of tests, one sentence each."""
    known = use_cases_of(document)
    listed = Counter((one.version, one.number) for one in known)
    faults = [f"{number} of OCPP {version} is listed twice" for (version, number), count in listed.items() if count > 1]
    for one in known:
        tested = (one.version, one.number) in found
        if one.later and one.later not in document["parts"]:
            faults.append(
                f"{one.number} of OCPP {one.version} is planned in {one.later!r}, which is no part of the plan"
            )
        if one.not_ours and (tested or one.later):
            faults.append(f"{one.number} of OCPP {one.version} is not ours, yet a test or a plan claims it")
        if not (tested or one.later or one.not_ours):
            faults.append(f"{one.number} of OCPP {one.version} has neither a test nor a plan nor a reason")
    for (version, number), evidence in sorted(found.items()):
        if (version, number) not in listed:
            faults.append(f"{': '.join(min(evidence.tests))}: names {number} of OCPP {version}, which is not listed")
    return faults


# pages


def pages_of(document: dict[str, Any], found: Found) -> dict[str, str]:
    """All pages in Markdown, by name."""
    known = use_cases_of(document)
    pages = {"index.md": _index(document, known, found)}
    for version, page in document["versions"].items():
        mine = [one for one in known if one.version == version]
        pages[page["file"]] = _page(page, mine, found)
    return pages


def _index(document: dict[str, Any], known: list[UseCase], found: Found) -> str:
    head = " | ".join(Status)
    lines = [f"| | {head} |", "|---" * (len(Status) + 1) + "|"]
    for version, page in document["versions"].items():
        counts = _counts([one for one in known if one.version == version], found)
        cells = " | ".join(str(counts[status]) for status in Status)
        lines.append(f"| [{page['title']}]({page['file']}) | {cells} |")
    return "\n".join(
        [
            "---",
            "hide: [toc]",
            "---",
            "",
            "# Conformance",
            "",
            MADE,
            "",
            document["introduction"].strip(),
            "",
            *lines,
            "",
        ]
    )


def _counts(use_cases: list[UseCase], found: Found) -> Counter[Status]:
    return Counter(one.status((one.version, one.number) in found) for one in use_cases)


def _page(page: dict[str, Any], use_cases: list[UseCase], found: Found) -> str:
    counts = _counts(use_cases, found)
    total = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    parts = ["---\nhide: [toc]\n---\n", f"# {page['title']}\n", MADE + "\n", page["introduction"].strip() + "\n"]
    parts.append(f"**{total}, of {len(use_cases)}.**\n")
    for block in dict.fromkeys(one.block for one in use_cases):
        rows = [_row(one, found.get((one.version, one.number))) for one in use_cases if one.block == block]
        parts.append(
            "\n".join([f"## {block}\n", "| | Use case | Status | Evidence |", "|---|---|---|---|", *rows]) + "\n"
        )
    return "\n".join(parts)


def _row(one: UseCase, evidence: Evidence | None) -> str:
    status = one.status(evidence is not None)
    words = {Status.PARTLY: one.left, Status.LATER: one.later, Status.NOT_OURS: one.not_ours}.get(status, "")
    shown = f"{status}: {words}" if words else str(status)
    return f"| {one.number} | {one.name} | {shown} | {_evidence_text(evidence) if evidence else ''} |"


def _evidence_text(evidence: Evidence) -> str:
    by_file: dict[str, list[str]] = {}
    for path, sentence in sorted(evidence.tests):
        by_file.setdefault(path, []).append(sentence)
    lines = [f"`{path}`: {'; '.join(sentences)}" for path, sentences in by_file.items()]
    named = [", ".join(sorted(evidence.requirements))] if evidence.requirements else []
    return "<br>".join(named + lines)


if __name__ == "__main__":
    sys.exit(main())
