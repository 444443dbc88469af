"""The window of time that a list is of."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Query

from evenload.base.errors import InstantError
from evenload.base.instants import Interval
from evenload.web.fields import Instant
from evenload.web.identity import With

_DAYS_MAX: Final = 366


async def _window(
    services: With,
    start: Annotated[Instant | None, Query(description="First instant. [two days before `end`]")] = None,
    end: Annotated[Instant | None, Query(description="First instant after it. [a day after now]")] = None,
) -> Interval:
    last = end or (start + timedelta(days=2) if start else services.clock() + timedelta(days=1))
    window = Interval(start or last - timedelta(days=2), last)
    if window.hours > 24 * _DAYS_MAX:
        raise InstantError(f"a window has at most {_DAYS_MAX} days")
    return window


Window = Annotated[Interval, Depends(_window)]
"""A day back and a day ahead unless something else is asked for."""
