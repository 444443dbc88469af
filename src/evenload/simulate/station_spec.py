"""What a virtual station is, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from evenload.ocpp.composite import Unit
from evenload.ocpp.v16 import OCPP16


@dataclass(frozen=True, slots=True)
class Vices:
    """How a station misbehaves; the default does not. Chances are per message, rates per hour.

    ``clock_drift`` is seconds gained per second, ``clock_offset_s`` how far off it is until the first synchronisation.
    ``mislabels_power``: power is told in kW with the unit W. ``forgets_stop``: the end of a transaction by a power cut
    is never told.
    """

    ignores_profiles: bool = False
    rounds_to_whole_amperes: bool = False
    mislabels_power: bool = False
    forgets_profiles: bool = False
    forgets_stop: bool = False
    repeats: float = 0.0
    swaps: float = 0.0
    drop_outs_per_hour: float = 0.0
    drop_out_s: float = 120.0
    reboots_per_hour: float = 0.0
    clock_drift: float = 0.0
    clock_offset_s: float = 0.0
    never_synchronises: bool = False

    @property
    def strike_at_times(self) -> bool:
        """Whether mishaps come with time, and not only with messages."""
        return self.drop_outs_per_hour > 0 or self.reboots_per_hour > 0


def misdelivered(frames: list[bytes], vices: Vices, chance: Callable[[float], bool]) -> list[bytes]:
    """Messages as a bad line delivers them: some twice, some in another order."""
    if not vices.repeats and not vices.swaps:
        return frames
    frames = [frame for one in frames for frame in ([one, one] if chance(vices.repeats) else [one])]
    for at in range(len(frames) - 1):
        if chance(vices.swaps):
            frames[at], frames[at + 1] = frames[at + 1], frames[at]
    return frames


@dataclass(frozen=True, slots=True)
class StationSpec:
    """A station: who it is, the version it speaks, its outlets, and how it misbehaves.

    Meters are read every ``meter_s``, the first time ``meter_offset_s`` later: not all stations in the same second.
    """

    identity: str
    subprotocol: str = OCPP16.subprotocol
    outlets: int = 1
    current_a_max: float = 32.0
    phases: int = 3
    voltage_v: float = 230.0
    vendor: str = "evenload"
    model: str = "virtual"
    meter_s: float = 60.0
    meter_offset_s: float = 0.0
    rate_unit: Unit = Unit.A
    stack_level_max: int = 8
    boot_s: float = 20.0
    retry_s: float = 10.0
    vices: Vices = field(default_factory=Vices)


class StationClock:
    """A clock of its own, for a driver's ``now`` in seconds since ``epoch``."""

    def __init__(self, epoch: datetime, vices: Vices) -> None:
        self._epoch = epoch
        self._drift = vices.clock_drift
        self._offset_s = vices.clock_offset_s
        self._set_at = 0.0
        self._synchronises = not vices.never_synchronises

    def at(self, now: float) -> datetime:
        """What it shows."""
        return self._epoch + timedelta(seconds=now + self._offset_s + self._drift * (now - self._set_at))

    def synchronise(self, now: float, right: datetime) -> None:
        """Set it."""
        if self._synchronises:
            self._offset_s = (right - self._epoch).total_seconds() - now
            self._set_at = now
