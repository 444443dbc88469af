"""What is peculiar about stations of some makes, as data: a station's habits follow from who it says it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from evenload.domain.station import StationDetails
from evenload.ocpp.composite import Unit
from evenload.ocpp.profiles import Abilities

_NUMBERS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Habits:
    """How a station is to be treated.

    ``measurands`` is what it samples rightly whatever it accepts, ``None`` where its word can be trusted;
    ``probe``: it may be asked for its settings; ``starts_itself``: it begins a transaction without being told;
    ``stop_by_limit``: pause it with a limit of 0, never with a remote stop; ``ask_meter``: it sends no meter values
    unless asked; ``status_tells_cable``: ``Available`` means that nothing is plugged in; ``station_status``: the state
    of connector 0 means something; ``set_heartbeat``: set its heartbeat interval once more after it booted;
    ``set_aligned``: its clock-aligned interval may be changed. ``restart_wait_s`` is how long to wait between a stop
    and a start, ``silence_s`` how long it may be silent after a lost link without being gone.
    """

    abilities: Mapping[str, Any] = field(default_factory=dict)
    measurands: tuple[str, ...] | None = None
    sample_s_min: int = 0
    probe: bool = True
    starts_itself: bool = True
    stop_by_limit: bool = False
    ask_meter: bool = False
    status_tells_cable: bool = True
    station_status: bool = True
    set_heartbeat: bool = False
    set_aligned: bool = True
    restart_wait_s: int = 0
    silence_s: int = 0
    notes: tuple[str, ...] = ()

    def applied(self, abilities: Abilities) -> Abilities:
        """The abilities of a station with these habits."""
        return replace(abilities, **self.abilities)


NO_QUIRKS: Final = Habits()


@dataclass(frozen=True, slots=True)
class Quirk:
    """One fact about the stations of a vendor whose model begins with one of ``models``, any model without them.

    It holds from firmware ``since`` until before ``before``; ``version`` is ``""`` where it holds for every one.
    ``habits`` are fields of ``Habits``; where empty the fact is only told. ``source`` is where it was stated.
    """

    vendor: str
    models: tuple[str, ...]
    version: str
    fact: str
    source: str
    habits: Mapping[str, Any] = field(default_factory=dict)
    since: str = ""
    before: str = ""

    def fits(self, details: StationDetails, subprotocol: str) -> bool:
        """Whether a station of these details is one of them."""
        vendor, model = details.vendor.strip().casefold(), details.model.strip().casefold()
        return (
            vendor.startswith(self.vendor.casefold())
            and (not self.models or any(model.startswith(one.casefold()) for one in self.models))
            and subprotocol.endswith(self.version)
            and self._firmware_fits(details.firmware)
        )

    def _firmware_fits(self, firmware: str) -> bool:
        """An unknown firmware has the quirk only where every one has."""
        if not self.since and not self.before:
            return True
        own = numbers_of(firmware)
        late_enough = not self.since or own >= numbers_of(self.since)
        return bool(own) and late_enough and (not self.before or own < numbers_of(self.before))


def numbers_of(firmware: str) -> tuple[int, ...]:
    """The numbers of a firmware's name, to compare it by."""
    return tuple(int(one) for one in _NUMBERS.findall(firmware))


def habits_of(details: StationDetails, subprotocol: str, quirks: tuple[Quirk, ...]) -> Habits:
    """The habits of a station: all quirks that fit it, later ones over earlier ones."""
    habits = NO_QUIRKS
    for quirk in quirks:
        if quirk.fits(details, subprotocol):
            abilities = {**habits.abilities, **quirk.habits.get("abilities", {})}
            habits = replace(habits, **{**quirk.habits, "abilities": abilities, "notes": (*habits.notes, quirk.fact)})
    return habits


WATTS: Final[Mapping[str, Any]] = {"unit": Unit.W, "units": frozenset({Unit.W})}
"""The abilities of a station that takes limits in watts only."""
