"""The charging profiles a virtual station holds, and what they let an outlet offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evenload.base.instants import Interval
from evenload.ocpp.composite import Profile, Purpose, Schedules, Step, Supply, Unit


@dataclass(frozen=True, slots=True)
class Held:
    """A profile, its number, and the transaction it is for (``""``: none)."""

    profile_id: int
    profile: Profile
    transaction_id: str = ""


class Shelf:
    """Profiles by number; one more of the same purpose, source, level and EVSE replaces (K01.FR.05; 1.6, 5.16)."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held(self) -> tuple[Held, ...]:
        """What is held."""
        return tuple(self._held.values())

    def put(self, new: Held) -> None:
        """Hold one more."""
        place = _place(new.profile)
        self._held = {number: one for number, one in self._held.items() if _place(one.profile) != place}
        self._held[new.profile_id] = new

    def clear(
        self, profile_id: int | None, evse_id: int | None, purpose: Purpose | None, stack_level: int | None
    ) -> bool:
        """Forget what matches all that is given; whether anything did."""
        gone = [
            number
            for number, one in self._held.items()
            if profile_id in (None, number)
            and evse_id in (None, one.profile.evse_id)
            and purpose in (None, one.profile.purpose)
            and stack_level in (None, one.profile.stack_level)
        ]
        for number in gone:
            del self._held[number]
        return bool(gone)

    def ended(self, evse_id: int) -> None:
        """Forget what was for a transaction that ended."""
        self.clear(None, evse_id, Purpose.TX, None)

    def forget(self) -> None:
        """Forget all."""
        self._held.clear()

    def steps(
        self, sessions: Mapping[int, datetime | None], evse_id: int, window: Interval, unit: Unit, supply: Supply
    ) -> tuple[Step, ...]:
        """The limits of an EVSE over a window, or with ``evse_id`` 0 those of the station."""
        profiles = [one.profile for one in self._held.values()]
        schedules = Schedules(profiles, sessions, unit, supply)
        return schedules.of_evse(evse_id, window) if evse_id else schedules.of_station(window)


def _place(profile: Profile) -> tuple[Purpose, str, int, int]:
    return profile.purpose, profile.source, profile.stack_level, profile.evse_id
