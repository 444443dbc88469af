"""The station's own time: taken where it is plausible, replaced by the time of arrival where it is not."""

from datetime import UTC, datetime, timedelta
from typing import Final

_FIRST: Final = datetime(2015, 1, 1, tzinfo=UTC)
_AHEAD_MAX: Final = timedelta(hours=1)


def station_time(given: datetime | None, now: datetime) -> datetime:
    """When something happened: as the station says unless it says nothing, a time before OCPP 1.6, or the future.

    A station without a clock starts in 1970 or 2000; messages it queued offline are rightly old.
    """
    if given is None or not plausible(given, now):
        return now
    return given if given.tzinfo is UTC else given.astimezone(UTC)


def plausible(given: datetime, now: datetime) -> bool:
    """Whether a station's time can be what it says."""
    return _FIRST <= given <= now + _AHEAD_MAX
