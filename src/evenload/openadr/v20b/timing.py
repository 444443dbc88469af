"""When an event is what: its status, its own start after chance, and where it ends."""

from datetime import datetime, timedelta

from evenload.openadr.v20b.events import Event, Status

NEVER_LESS: timedelta = timedelta(0)


def end_of(event: Event, delay: timedelta = NEVER_LESS) -> datetime | None:
    """When an event ends if it starts ``delay`` late; ``None`` where it has no end (a duration of 0)."""
    if not event.duration:
        return None
    try:
        return event.start + delay + event.duration
    except OverflowError:
        return None


def drawn_delay(event: Event, chance: float) -> timedelta:
    """How much later a VEN starts: ``chance`` from 0 to 1 of the most it may be late, never sooner."""
    return (event.start_after or NEVER_LESS) * min(max(chance, 0.0), 1.0)


def status_at(event: Event, now: datetime, delay: timedelta = NEVER_LESS) -> Status:
    """What an event is at an instant: near within its ramp-up, active from its start, completed at its end."""
    if event.status is Status.CANCELLED:
        return Status.CANCELLED
    start, end = event.start + delay, end_of(event, delay)
    if end is not None and now >= end:
        return Status.COMPLETED
    if now >= start:
        return Status.ACTIVE
    return Status.NEAR if now >= start - (event.ramp_up or NEVER_LESS) else Status.FAR


def is_over(event: Event, now: datetime) -> bool:
    """Whether its time is over for all who were told, called off or not: one may have started late by all there is."""
    end = end_of(event, event.start_after or NEVER_LESS)
    return end is not None and now >= end
