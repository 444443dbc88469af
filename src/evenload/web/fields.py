"""What resources are made of: their base, names, instants and quantities with units and bounds."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict, JsonValue

from evenload.base.instants import as_utc

NAME_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.:@+=*|~-]{0,63}$"
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
NameOrNone = Annotated[str, Field(max_length=64, pattern=rf"^$|{NAME_PATTERN}")]
NameInPath = Annotated[str, Path(pattern=NAME_PATTERN, min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=200)]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_text),
    AfterValidator(_sane),
    Field(description="ISO 8601 with an offset; answers are in UTC."),
]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["07:00"])]
PowerKw = Annotated[float, Field(strict=True, ge=0, le=1e6)]
SignedPowerKw = Annotated[float, Field(strict=True, ge=-1e7, le=1e7)]
EnergyKwh = Annotated[float, Field(strict=True, ge=0, le=2000)]
Switch = Annotated[bool, Field(strict=True)]
DurationS = Annotated[float, Field(strict=True, ge=1, le=31 * 86400)]
Price = Annotated[float, Field(strict=True, ge=-1000, le=1000)]
