"""Write a study export: sessions and groups as CSV, and a page of facts as JSON that says what was left out and why."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from evenload.base.errors import InputError
from evenload.service.people.study import CUSTOMERS_MIN, SHARE_MAX, Fate, Group, Published, Study

NAMES: Final = ("sessions.csv", "groups.csv", "study.json")
_DIGITS: Final = 4


def write_study(folder: Path, made: Study) -> None:
    """Write the files of an export to a folder, which is made; ``InputError`` where one of them is there already."""
    if there := [name for name in NAMES if (folder / name).exists()]:
        raise InputError(f"{folder / there[0]} is there already: name another folder, so that exports are not mixed")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / NAMES[0], [one.name for one in fields(Published)], map(_session, made.sessions))
        _write(folder / NAMES[1], [one.name for one in fields(Group)], map(_group, made.groups))
        text = json.dumps(_facts(made), indent=2, ensure_ascii=False)
        (folder / NAMES[2]).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"the export cannot be written to {folder}: {error.strerror}") from error


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _session(row: Published) -> list[Any]:
    return [_cell(value) for value in asdict(row).values()]


def _group(row: Group) -> list[Any]:
    cells = asdict(row)
    if row.fate is not Fate.PUBLISHED:
        cells |= dict.fromkeys(("customers", "sessions", "energy_kwh", "share_max"), "")
    return [_cell(value) for value in cells.values()]


def _cell(value: Any) -> Any:  # noqa: ANN401 - of a row
    if isinstance(value, datetime):
        return value.isoformat()
    return round(value, _DIGITS) if isinstance(value, float) else value


def _facts(made: Study) -> dict[str, Any]:
    return {
        "start": made.window.start.isoformat(),
        "end": made.window.end.isoformat(),
        "rule": f"at least {CUSTOMERS_MIN} customers in a group and none above {SHARE_MAX:.0%} of its load",
        "sessions_published": len(made.sessions),
        "sessions_withheld_by_rule": made.withheld,
        "sessions_without_consent_to_research": made.without_consent,
        "sessions_of_nobody_known": made.without_person,
        "ids": "HMAC-SHA256 with a salt that was drawn for this export and not kept",
    }
