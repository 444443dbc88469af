"""What parts of the problem file are made of: strict keys, amounts, instants with an offset."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from evenload.base.errors import InstantError
from evenload.base.instants import parse_instant


class Part(BaseModel):
    """Keys that are listed, and no others; numbers are not read out of texts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _instant(value: object) -> datetime:
    """An instant with an offset; YAML reads some of them by itself."""
    with suppress(InstantError):
        return parse_instant(value.isoformat() if isinstance(value, datetime) else str(value))
    raise ValueError(f"{value} is not an instant with an offset, such as 2025-01-13T17:00:00+01:00")


Amount = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
