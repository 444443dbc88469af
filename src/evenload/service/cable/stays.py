"""Stays as each end of a cable tells of them: a charger by its clock, a car by its own and between two looks at it."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from evenload.service.cable_rows import Sample

HELD_MAX: Final = timedelta(minutes=15)
"""So long a power that was told stands for what flows."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened: after ``after`` (``None``: any time before) and not later than ``by``."""

    after: datetime | None
    by: datetime

    @property
    def width_s(self) -> float | None:
        """How far apart both are (s), ``None`` where the earlier one is not known."""
        return None if self.after is None else max((self.by - self.after).total_seconds(), 0.0)


@dataclass(frozen=True)
class ChargerStay:
    """A session of a charger, by its clock. ``vehicle_id`` is whom a token stands for, ``until`` when it last told.

    ``neighbours`` is how many chargers its site has.
    """

    session_id: str
    device_id: str
    site_id: str
    plugged_at: datetime
    unplugged_at: datetime | None = None
    vehicle_id: str = ""
    samples: tuple[Sample, ...] = ()
    until: datetime | None = None
    neighbours: int = 6

    @cached_property
    def _times(self) -> list[datetime]:
        return [one.at for one in self.samples]

    def around(self, at: datetime, tolerance: timedelta) -> tuple[Sample, ...]:
        """What holds at some time near an instant: what was told then, and what was told last before."""
        first = bisect_right(self._times, at - tolerance)
        last = bisect_right(self._times, at + tolerance)
        held = self.samples[first - 1] if first else None
        near = self.samples[first:last]
        if held is not None and at - tolerance - held.at <= HELD_MAX:
            return (held, *near)
        return near


@dataclass(frozen=True)
class CarStay:
    """A stay of a car at some plug, by its own clock. ``is_home``: ``None`` where it is not told.

    ``home_site`` is the site that is the car's home, ``""`` where none is known.
    """

    vehicle_id: str
    plugged: Moment
    unplugged: Moment | None = None
    is_home: bool | None = None
    home_site: str = ""
    battery_kwh: float | None = None
    samples: tuple[Sample, ...] = ()
    known_at: frozenset[str] = field(default_factory=frozenset)
    """Devices at which the car was before."""
