"""Values of a message's fields: checked when it is queued, shown in the reader's language and time when it is sent."""

from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from evenload.base.errors import InputError, did_you_mean
from evenload.base.instants import as_utc, parse_instant
from evenload.service.messages.kinds import SPECS, FieldKind
from evenload.service.people_rows import MessageKind

TEXT_LENGTH_MAX: Final = 300
_CURRENCY_LENGTH: Final = 3
Shown = Callable[[datetime, ZoneInfo], str]


def encoded(kind: MessageKind, fields: Mapping[str, object]) -> str:
    """Fields as they are kept. ``InputError`` where one is missing, unknown or not what it should be."""
    spec = SPECS[kind].fields
    for name in fields:
        if name not in spec:
            raise InputError(f"{kind} has no field {name!r}.{did_you_mean(name, spec)} It has {', '.join(spec)}")
    if missing := [name for name in spec if name not in fields]:
        raise InputError(f"{kind} needs {', '.join(missing)} too")
    told = {name: _CHECKS[what](f"{kind}: {name}", fields[name]) for name, what in spec.items()}
    if "start" in told and str(told["end"]) <= str(told["start"]):  # both in UTC
        raise InputError(f"{kind}: end must be later than start")
    return msgspec.json.encode(told).decode()


def decoded(row_fields: str) -> dict[str, Any]:
    """Fields as they were kept."""
    found: dict[str, Any] = msgspec.json.decode(row_fields)
    return found


def without_links(kind: MessageKind, row_fields: str) -> str:
    """The same without links: they hold secrets, and are of no use once a message is gone."""
    spec = SPECS[kind].fields
    if FieldKind.LINK not in spec.values():
        return row_fields
    told = decoded(row_fields)
    kept = {name: "" if spec.get(name) is FieldKind.LINK else value for name, value in told.items()}
    return msgspec.json.encode(kept).decode()


def shown(kind: MessageKind, row_fields: str, instant: Shown, zone: ZoneInfo) -> dict[str, str]:
    """Fields as they are read: instants in a zone, numbers with their units."""
    told = decoded(row_fields)
    return {name: _shown(what, told.get(name, ""), instant, zone) for name, what in SPECS[kind].fields.items()}


def _shown(what: FieldKind, value: Any, instant: Shown, zone: ZoneInfo) -> str:  # noqa: ANN401 - of JSON
    if value == "":
        return "-"
    match what:
        case FieldKind.INSTANT:
            return instant(parse_instant(str(value)), zone)
        case FieldKind.ENERGY_KWH:
            return f"{float(value):.1f} kWh"
        case FieldKind.SHARE:
            return f"{float(value):.0%}".replace("%", " %")
        case _:
            return str(value)


def _instant(place: str, value: object) -> str:
    if not isinstance(value, datetime):
        try:
            value = parse_instant(str(value))
        except InputError as error:
            raise InputError(f"{place}: {error}") from error
    return as_utc(value).replace(microsecond=0).isoformat()


def _number(place: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError as error:
        raise InputError(f"{place} is a number, not {value!r}") from error
    if not isfinite(number):
        raise InputError(f"{place} is a number, not {value!r}")
    return number


def _share(place: str, value: object) -> float:
    number = _number(place, value)
    if not 0 <= number <= 1:
        raise InputError(f"{place} is a share of 1, as in 0.25; it is {number:g}")
    return number


def _money(place: str, value: object) -> str:
    amount, _, currency = str(value).strip().partition(" ")
    number = _number(place, amount)
    if len(currency) != _CURRENCY_LENGTH or not currency.isupper():
        raise InputError(f"{place} is an amount and a currency, as in 3.20 EUR; it is {value!r}")
    return f"{number:.2f} {currency}"


def _text(place: str, value: object) -> str:
    """On one line, without what could become part of something else than the text."""
    text = " ".join("".join(one if one.isprintable() else " " for one in str(value)).split())
    if not text or len(text) > TEXT_LENGTH_MAX:
        raise InputError(f"{place} has 1 to {TEXT_LENGTH_MAX} characters")
    return text


_CHECKS: Final[Mapping[FieldKind, Callable[[str, object], object]]] = {
    FieldKind.INSTANT: _instant,
    FieldKind.ENERGY_KWH: _number,
    FieldKind.MONEY: _money,
    FieldKind.SHARE: _share,
    FieldKind.TEXT: _text,
    FieldKind.LINK: _text,
}
