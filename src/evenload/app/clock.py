"""The wall clock: the one place that reads it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This instant."""
    return datetime.now(UTC)  # noqa: TID251  # this is the clock that others take
