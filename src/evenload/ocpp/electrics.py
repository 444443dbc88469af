"""Volts and phases: what amperes mean at an EVSE, by its meter and, before it has told, by what was assumed."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

from evenload.domain.station_readings import Reading
from evenload.ocpp.composite import Supply

_CARRIES_A: Final = 1.0
_VOLTS_MIN: Final = 80.0
_LINE_VOLTS_MIN: Final = 300.0
_SHARE: Final = {1: 1.0, 2: 0.5, 3: 1 / sqrt(3)}


class Electrics:
    """Supply of one EVSE. Fewer phases than assumed are believed only when two readings in a row show them.

    Too few phases would turn kilowatts into too many amperes; too many are merely slow.
    """

    def __init__(self, assumed: Supply) -> None:
        self.supply = assumed
        self._assumed = assumed
        self._phases_seen = 0

    def unplugged(self) -> None:
        """Another vehicle may draw on other phases: forget how many, keep the volts."""
        self.supply = Supply(self.supply.voltage_v, self._assumed.phases)
        self._phases_seen = 0

    def note(self, reading: Reading) -> None:
        """Learn from a reading with currents or voltages."""
        if reading.current_a is None and reading.voltage_v is None:
            return
        carrying = _phases(reading)
        phases = self.supply.phases
        if carrying:
            phases = carrying if carrying >= phases or carrying == self._phases_seen else phases
            self._phases_seen = carrying
        volts = [one for one in reading.voltage_v or () if one is not None and one >= _VOLTS_MIN]
        voltage_v = _to_neutral(volts, phases, between=reading.voltage_is_between_phases)
        self.supply = Supply(voltage_v or self.supply.voltage_v, phases)


def _phases(reading: Reading) -> int:
    """How many phases carry current; 0 where none does or nobody knows."""
    currents = [one for one in reading.current_a or () if one is not None]
    if len(currents) > 1:
        return len([one for one in currents if one > _CARRIES_A])
    if not currents or currents[0] <= _CARRIES_A or reading.power_kw is None:
        return 0
    # One current without a phase: of one phase, or of each of several alike. Power tells.
    volt_amperes = reading.voltage_v[0] * currents[0] if reading.voltage_v and reading.voltage_v[0] else 0.0
    return max(1, min(3, round(1000.0 * reading.power_kw / volt_amperes))) if volt_amperes else 1


def _to_neutral(volts: Sequence[float], phases: int, *, between: bool) -> float | None:
    """The voltage that, times amperes and phases, is the power."""
    if not volts:
        return None
    mean = sum(volts) / len(volts)
    between = between or (phases == 3 and mean > _LINE_VOLTS_MIN)
    return mean * _SHARE[phases] if between else mean
