"""JSON that may hold anything: what is not of the kind wanted is not there, and never an error."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Final

import msgspec

from evenload.base.errors import InstantError
from evenload.base.instants import parse_instant

Document = Mapping[str, object]
_NOTHING: Final[Document] = {}
_MILLISECONDS_FROM: Final = 1e11
"""Counts since 1970 above this are milliseconds: as seconds it would be the year 5138."""


def document_of(body: bytes) -> Document | None:
    """The JSON object of a body, ``None`` where it is none."""
    found = json_of(body)
    return found if isinstance(found, Mapping) else None


def json_of(body: bytes) -> object:
    """The JSON of a body, ``None`` where it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the last of what is nested too deep
        return None


def body_of(document: object) -> bytes:
    """A document as the body of a request."""
    return msgspec.json.encode(document)


def at(document: object, *path: str) -> object:
    """What is found along a path of names, ``None`` where it ends before."""
    for name in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def part(document: object, *path: str) -> Document:
    """The object along a path, empty where there is none."""
    found = at(document, *path)
    return found if isinstance(found, Mapping) else _NOTHING


def rows(document: object, *path: str) -> Sequence[Document]:
    """The objects in the list along a path."""
    found = at(document, *path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def text(document: object, *path: str) -> str:
    """The text along a path, ``""`` where there is none; whole numbers count as text, ids are often such."""
    found = at(document, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found.strip() if isinstance(found, str) else ""


def number(document: object, *path: str) -> float | None:
    """The finite number along a path, also where it is written as text."""
    found = at(document, *path)
    if isinstance(found, bool):
        return None
    if isinstance(found, str):
        try:
            found = float(found)
        except ValueError:
            return None
    try:
        return float(found) if isinstance(found, int | float) and isfinite(found) else None
    except OverflowError:
        return None


def flag(document: object, *path: str) -> bool | None:
    """The truth along a path, also where it is written as text."""
    found = at(document, *path)
    if isinstance(found, str):
        return {"true": True, "false": False}.get(found.casefold())
    return found if isinstance(found, bool) else None


def instant(document: object, *path: str) -> datetime | None:
    """The instant along a path: ISO 8601 with an offset, or seconds or milliseconds since 1970."""
    found = at(document, *path)
    if isinstance(found, str) and not found.isdecimal():
        try:
            return parse_instant(found)
        except InstantError:
            return None
    counted = number(document, *path)
    if counted is None or counted <= 0:
        return None
    seconds = counted / 1000 if counted > _MILLISECONDS_FROM else counted
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
