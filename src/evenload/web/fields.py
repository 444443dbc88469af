"""What resources are made of: their base, names, instants and quantities with units and bounds."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict, JsonValue

from evenload.base.instants import as_utc
from evenload.service.signals import PRICE_MAX
from evenload.web.hub import Topic

NAME_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.:@+=*|~-]{0,63}$"
NAME_OR_NONE: Final = rf"^$|{NAME_PATTERN}"
IDENTITY_PATTERN: Final = r"^[A-Za-z0-9*\-_=+|@][A-Za-z0-9*\-_=+|@.]{0,47}$"
STATION_PATTERN: Final = rf"^(?:car|ems):[A-Za-z0-9_][A-Za-z0-9_.@+=*|~-]{{0,43}}$|{IDENTITY_PATTERN}"
CLOCK_PATTERN: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
CLOCK_OR_NONE: Final = r"^(|([01]\d|2[0-3]):[0-5]\d)$"
CURRENCY_PATTERN: Final = r"^(|[A-Z]{3})$"
EMAIL_PATTERN: Final = r"^[^@\s]+@[^@\s]+$"
METER_PATTERN: Final = r"^(|rest|ocpp:[^\s/]{1,48}|modbus:\S{1,200})$"
PHASES_PATTERN: Final = r"^(|A|B|C|AB|BC|AC|ABC)$"
_TOPIC: Final = f"({'|'.join(Topic)})"
TOPICS_PATTERN: Final = f"^{_TOPIC}(,{_TOPIC})*$"
_NAME_WORDS: Final = "must be a name: 1 to 64 letters, digits and _.:@+=*|~-, the first a letter, a digit or _"
PATTERN_WORDS: Final = {
    NAME_PATTERN: _NAME_WORDS,
    NAME_OR_NONE: _NAME_WORDS,
    IDENTITY_PATTERN: "must be a station's name: 1 to 48 letters, digits and *-_=+|@., the first no dot",
    STATION_PATTERN: "must be a station's name: 1 to 48 letters, digits and *-_=+|@., the first no dot",
    CLOCK_PATTERN: "must be a time of day such as 07:00",
    CLOCK_OR_NONE: "must be a time of day such as 07:00, or empty",
    CURRENCY_PATTERN: "must be a currency by its three capital letters, such as EUR",
    EMAIL_PATTERN: "must be an address such as ann@example.org",
    METER_PATTERN: "must say where a meter is: rest, ocpp:IDENTITY, or as in modbus:192.168.1.5:502/1/19026",
    PHASES_PATTERN: "must be the phases it has: A, B, C, AB, BC, AC or ABC",
    TOPICS_PATTERN: f"must be topics with commas between them, of {', '.join(Topic)}",
}
"""What regular expressions ask for, in words."""

_NUMBER: Final = re.compile(r"\s*[-+]?[\d.]+\s*")
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class Resource(BaseModel):
    """Base of what comes in and goes out: nothing unknown, no infinities. Numbers and switches are never converted."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, allow_inf_nan=False)


def example(**fields: JsonValue) -> JsonDict:
    """An example of a resource, for its description."""
    return {"examples": [fields]}


def _text(given: object) -> object:
    if isinstance(given, int | float) or (isinstance(given, str) and _NUMBER.fullmatch(given)):
        raise ValueError("an instant is text such as 2026-01-12T17:00:00+01:00, and no number")
    return given


def _sane(instant: datetime) -> datetime:
    utc = as_utc(instant)
    if not _FIRST <= utc < _LAST:
        raise ValueError(f"{instant.isoformat()} is not within the years 2000 to 2199")
    return utc


Name = Annotated[
    str, Field(pattern=NAME_PATTERN, min_length=1, max_length=64, description="Name, unique within the tenant.")
]
NameOrNone = Annotated[str, Field(max_length=64, pattern=NAME_OR_NONE)]
NameInPath = Annotated[str, Path(pattern=NAME_PATTERN, min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=200)]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_text),
    AfterValidator(_sane),
    Field(description="ISO 8601 with an offset; answers are in UTC."),
]
ClockTime = Annotated[str, Field(pattern=CLOCK_PATTERN, examples=["07:00"])]
PowerKw = Annotated[float, Field(strict=True, ge=0, le=1e6)]
SignedPowerKw = Annotated[float, Field(strict=True, ge=-1e7, le=1e7)]
EnergyKwh = Annotated[float, Field(strict=True, ge=0, le=2000)]
Switch = Annotated[bool, Field(strict=True)]
DurationS = Annotated[float, Field(strict=True, ge=1, le=31 * 86400)]
Price = Annotated[float, Field(strict=True, ge=-PRICE_MAX, le=PRICE_MAX)]
