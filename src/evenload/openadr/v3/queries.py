"""Parameters of a search, checked as openadr3.yaml has them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from evenload.openadr.v3.faults import RefusalError
from evenload.openadr.v3.objects import PAGE_MAX, Asked
from evenload.openadr.v3.parts import ObjectType

_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_LENGTH_MAX: Final = 128
_FIELDS_MAX: Final = 1000
_TAKEN: Final = {
    ObjectType.PROGRAM: "targets skip limit",
    ObjectType.EVENT: "programID targets skip limit active",
    ObjectType.REPORT: "programID eventID clientName skip limit",
    ObjectType.SUBSCRIPTION: "programID clientName objects skip limit",
    ObjectType.VEN: "venName targets skip limit",
    ObjectType.RESOURCE: "resourceName venID targets skip limit",
}


@dataclass(frozen=True, slots=True)
class Search:
    """What a search asks for; ``targets`` is ``None`` where it names none, ``objects`` are those of subscriptions."""

    asked: Asked
    targets: frozenset[str] | None = None
    objects: frozenset[ObjectType] = frozenset()


def read_search(kind: ObjectType, query: str, now: datetime) -> Search:
    """The parameters of a query string; ``RefusalError`` (400) names the one that cannot be. Others are ignored."""
    told = _fields(query)
    taken = _TAKEN[kind].split()
    found = {name: values for name, values in told.items() if name in taken}
    named = "venName" if kind is ObjectType.VEN else "resourceName"
    targets = tuple(_text("targets", one) for one in found.get("targets", ()))
    return Search(
        Asked(
            kind,
            program_id=_id(found, "programID"),
            parent_id=_id(found, "eventID") or _id(found, "venID"),
            client_name=_one(found, "clientName"),
            name=_one(found, named),
            active_at=now if _flag(found, "active") else None,
            skip=_whole(found, "skip", 0, 2**31 - 1),
            count=_whole(found, "limit", PAGE_MAX, PAGE_MAX),
        ),
        frozenset(targets) if "targets" in found else None,
        frozenset(_object(one) for one in found.get("objects", ())),
    )


def _fields(query: str) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    try:
        listed = parse_qsl(query, keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise RefusalError(400, f"the query is not understood: {error}") from error
    for name, value in listed:
        told.setdefault(name, []).append(value)
    return told


def _single(found: dict[str, list[str]], name: str) -> str | None:
    values: Sequence[str] = found.get(name, ())
    if len(values) > 1:
        raise RefusalError(400, f"{name}: given {len(values)} times")
    return values[0] if values else None


def _one(found: dict[str, list[str]], name: str) -> str:
    value = _single(found, name)
    return "" if value is None else _text(name, value)


def _text(name: str, value: str) -> str:
    if not 1 <= len(value) <= _LENGTH_MAX:
        raise RefusalError(400, f"{name}: must have 1 to {_LENGTH_MAX} characters")
    return value


def _id(found: dict[str, list[str]], name: str) -> str:
    value = _single(found, name)
    if value is not None and not _ID.fullmatch(value):
        raise RefusalError(400, f"{name}: must be an id of letters, digits, _ and -")
    return value or ""


def _whole(found: dict[str, list[str]], name: str, default: int, most: int) -> int:
    value = _single(found, name)
    if value is None:
        return default
    if not _WHOLE.fullmatch(value) or int(value) > most:
        raise RefusalError(400, f"{name}: must be a whole number from 0 to {most}")
    return int(value)


def _flag(found: dict[str, list[str]], name: str) -> bool:
    value = _single(found, name)
    if value not in (None, "true", "false"):
        raise RefusalError(400, f"{name}: must be true or false")
    return value == "true"


def _object(value: str) -> ObjectType:
    try:
        return ObjectType(value)
    except ValueError as error:
        raise RefusalError(400, f"objects: must be of {', '.join(ObjectType)}") from error
