"""Reading a payload the slow way: every violation with its place, and the struct that was meant where that is clear.

The fast way is msgspec's typed decoder; this walk runs only where that one refused or saw a ``null``. It finds a
violation exactly where the typed decoder refuses (and at nulls in place of absent fields, which that one lets pass).
What it mends are the habits of stations in the field: numbers and booleans as text, text as numbers, values in the
wrong case or unknown, nulls and empty strings for "absent", times without an offset, strings that are too long.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from evenload.ocpp.faults import Fault, Violation
from evenload.ocpp.wire import CustomData, Timestamp

_ABSENT: Final = object()
_TRUTHS: Final[dict[object, bool]] = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}
_QUOTED_MAX: Final = 40


def read(value: object, kind: type[msgspec.Struct]) -> tuple[object, list[Violation]]:
    """The struct ``kind`` that plain JSON ``value`` means, and all violations.

    The struct is worth something only where every violation is mended.
    """
    walk = _Walk()
    if not isinstance(value, dict):
        walk.note(Fault.NOT_AN_OBJECT, "$", f"{_shown(value)} is not an object")
        return None, walk.violations
    return walk.value(value, _type_of(kind), "$"), walk.violations


@cache
def _type_of(kind: object) -> inspect.Type:
    return inspect.type_info(kind)


class _Walk:
    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def note(self, fault: Fault, where: str, text: str, *, mended: bool = False) -> None:
        self.violations.append(Violation(fault, where, text, mended))

    def value(self, value: object, kind: inspect.Type, where: str) -> object:
        """What ``value`` means as ``kind``, or ``_ABSENT``."""
        if isinstance(kind, inspect.UnionType):
            return self._optional(value, next(one for one in kind.types if not isinstance(one, _NONE)), where)
        if value is None and not isinstance(kind, inspect.AnyType):
            return self._lost(Fault.NULL_FIELD, where, "null stands for a field that must be there")
        return _READERS[type(kind)](self, value, kind, where)

    def _lost(self, fault: Fault, where: str, text: str) -> object:
        self.note(fault, where, text)
        return _ABSENT

    def _optional(self, value: object, kind: inspect.Type, where: str) -> object:
        if isinstance(kind, inspect.AnyType):
            return value
        if value is None:
            self.note(Fault.NULL_FIELD, where, "null stands for an absent field", mended=True)
            return _ABSENT
        if value == "" and not isinstance(kind, inspect.StrType):
            fault = Fault.NOT_A_VALUE if isinstance(kind, inspect.EnumType) else Fault.WRONG_TYPE
            fault = Fault.NOT_A_TIME if isinstance(kind, inspect.DateTimeType) else fault
            self.note(fault, where, "an empty string stands for an absent field", mended=True)
            return _ABSENT
        return self.value(value, kind, where)

    def struct(self, value: object, kind: inspect.StructType, where: str) -> object:
        if not isinstance(value, dict):
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not an object")
        given = {}
        for field in kind.fields:
            if field.encode_name in value:
                found = self.value(value[field.encode_name], field.type, f"{where}.{field.encode_name}")
                if found is not _ABSENT:
                    given[field.name] = found
            elif field.required:
                self.note(Fault.MISSING_FIELD, f"{where}.{field.encode_name}", f"{field.encode_name} is missing")
        known = {field.encode_name for field in kind.fields}
        for name in value:
            if name not in known:
                self.note(Fault.UNKNOWN_FIELD, f"{where}.{name}", f"{kind.cls.__name__} has no such field", mended=True)
        complete = all(field.name in given for field in kind.fields if field.required)
        return kind.cls(**given) if complete else _ABSENT

    def array(self, value: object, kind: inspect.VarTupleType, where: str) -> object:
        if not isinstance(value, list):
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not an array")
        if len(value) < (kind.min_length or 0):
            self.note(Fault.TOO_FEW_ITEMS, where, f"{len(value)} items, at least {kind.min_length}", mended=True)
        if kind.max_length is not None and len(value) > kind.max_length:
            self.note(Fault.TOO_MANY_ITEMS, where, f"{len(value)} items, at most {kind.max_length}", mended=True)
        items = (self.value(item, kind.item_type, f"{where}[{i}]") for i, item in enumerate(value))
        return tuple(item for item in items if item is not _ABSENT)

    def text(self, value: object, kind: inspect.StrType, where: str) -> object:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not a string")
        if not isinstance(value, str):
            self.note(Fault.WRONG_TYPE, where, f"{value} is a number, not a string", mended=True)
            value = str(value)
        if kind.max_length is not None and len(value) > kind.max_length:
            text = f"{len(value)} characters, at most {kind.max_length}"
            self.note(Fault.TOO_LONG, where, text, mended=True)
        return value

    def whole(self, value: object, kind: inspect.IntType, where: str) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            return self._ranged(value, kind, where)
        number = _number(value)
        if number is None or not number.is_integer():
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not an integer")
        self.note(Fault.WRONG_TYPE, where, f"{_shown(value)} is not written as an integer", mended=True)
        return self._ranged(int(number), kind, where)

    def real(self, value: object, kind: inspect.FloatType, where: str) -> object:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._ranged(float(value), kind, where)
        number = _number(value)
        if number is None:
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not a number")
        self.note(Fault.WRONG_TYPE, where, f"{_shown(value)} is not written as a number", mended=True)
        return self._ranged(number, kind, where)

    def _ranged(self, value: float, kind: inspect.IntType | inspect.FloatType, where: str) -> object:
        low, high = kind.ge, kind.le
        if (low is not None and value < low) or (high is not None and value > high):
            return self._lost(Fault.OUT_OF_RANGE, where, f"{value} is outside {low} to {high}")
        return value

    def truth(self, value: object, _: inspect.BoolType, where: str) -> object:
        if isinstance(value, bool):
            return value
        meant = _TRUTHS.get(value.lower() if isinstance(value, str) else value) if _is_plain(value) else None
        if meant is None:
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not true or false")
        self.note(Fault.WRONG_TYPE, where, f"{_shown(value)} is not written as {str(meant).lower()}", mended=True)
        return meant

    def word(self, value: object, kind: inspect.EnumType, where: str) -> object:
        if not isinstance(value, str):
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not a string")
        words: type[StrEnum] = kind.cls  # type: ignore[assignment]
        if value in words.__members__.values():
            return words(value)
        folded = {member.casefold(): member for member in words}
        self.note(Fault.NOT_A_VALUE, where, f"{_shown(value)} is not one of {words.__name__}", mended=True)
        return folded.get(value.strip().casefold()) or unknown_member(words, value)

    def time(self, value: object, _: inspect.DateTimeType, where: str) -> object:
        if not isinstance(value, str):
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not a string")
        try:
            return msgspec.convert(value, Timestamp)
        except msgspec.ValidationError:
            meant = _loose_time(value)
        if meant is None:
            return self._lost(Fault.NOT_A_TIME, where, f"{_shown(value)} is not an RFC 3339 time")
        text = f"{_shown(value)} is not an RFC 3339 time; read as {meant.isoformat()}"
        self.note(Fault.NOT_A_TIME, where, text, mended=True)
        return meant

    def custom(self, value: object, _: inspect.CustomType, where: str) -> object:
        if not isinstance(value, dict):
            return self._lost(Fault.WRONG_TYPE, where, f"{_shown(value)} is not an object")
        data = CustomData(value)
        if data.fault:
            fault, text = data.fault
            self.note(fault, f"{where}.vendorId", text, mended=True)
        return data

    def any(self, value: object, _: inspect.AnyType, where: str) -> object:  # noqa: ARG002
        return value


def unknown_member(words: type[StrEnum], value: str) -> StrEnum:
    """A value outside an enumeration as one of it that equals no named member, so that nothing is lost or mistaken."""
    member = str.__new__(words, value)
    member._name_ = "UNKNOWN"
    member._value_ = value
    return member


def _number(value: object) -> float | None:
    if isinstance(value, float):
        return value
    if not isinstance(value, str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _loose_time(text: str) -> datetime | None:
    """A time as ISO 8601 allows it; without an offset it is taken as UTC, which OCPP asks for."""
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _QUOTED_MAX else text[:_QUOTED_MAX] + "..."


_NONE: Final = inspect.NoneType
_READERS: Final[dict[type[inspect.Type], Callable[..., Any]]] = {
    inspect.StructType: _Walk.struct,
    inspect.VarTupleType: _Walk.array,
    inspect.StrType: _Walk.text,
    inspect.IntType: _Walk.whole,
    inspect.FloatType: _Walk.real,
    inspect.BoolType: _Walk.truth,
    inspect.EnumType: _Walk.word,
    inspect.DateTimeType: _Walk.time,
    inspect.CustomType: _Walk.custom,
    inspect.AnyType: _Walk.any,
}
