"""The packaged catalogue of programs, makers of chargers and networks.

Source: "The State of Managed Charging in 2021", Smart Electric Power Alliance; its facts, in words of our own.
"""

import csv
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

from evenload.base.errors import InputError
from evenload.program.catalog import Catalog, CatalogMaker, CatalogNetwork, CatalogProgram
from evenload.program.missing import missing_terms

_FOLDER: Final = resources.files("evenload.files") / "data" / "catalog"
Record = TypeVar("Record", CatalogProgram, CatalogMaker, CatalogNetwork)


@cache
def packaged_catalog() -> Catalog:
    """All records that come with evenload."""
    return Catalog(
        _records("programs.csv", CatalogProgram),
        _records("evse_manufacturers.csv", CatalogMaker),
        _records("network_service_providers.csv", CatalogNetwork),
    )


def document_text(record_id: str) -> str:
    """The program document of a catalogue program, YAML; where there is none ``InputError`` names what is lacking."""
    program = packaged_catalog().program(record_id)
    if missing := missing_terms(program):
        raise InputError(
            f"{program.id} ({program.utility}, {program.program_name}) is incomplete: [{', '.join(missing)}]; the "
            "catalogue does not tell these, and nothing is assumed for them"
        )
    return (_FOLDER / "documents" / f"{program.id}.yaml").read_text(encoding="utf-8")


def _records(name: str, of: type[Record]) -> tuple[Record, ...]:
    readers = {field.name: _READERS[field.type] for field in fields(of)}
    rows = csv.DictReader((_FOLDER / name).read_text(encoding="utf-8").splitlines())
    return tuple(of(**{key: readers[key](row[key]) for key in readers}) for row in rows)


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _range(cell: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(part) for part in cell.split("-")) if cell else ()


def _flag(cell: str) -> bool | None:
    return {"true": True, "false": False}.get(cell)


_READERS: Final[dict[Any, Callable[[str], Any]]] = {
    str: str,
    tuple[str, ...]: _list,
    tuple[Decimal, ...]: _range,
    Decimal | None: lambda cell: Decimal(cell) if cell else None,
    int | None: lambda cell: int(cell) if cell else None,
    bool | None: _flag,
}
