"""Sampled values of any version, unit and phase form, gathered into readings in kW and kWh."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from math import inf, isfinite, nan
from typing import Final, NamedTuple

from evenload.domain.station_readings import MeterFault, PerPhase, Quality, Reading, ReadingKind, SampleContext

_ENERGY: Final = {"": 1e-3, "wh": 1e-3, "kwh": 1.0}
_POWER: Final = {"": 1e-3, "w": 1e-3, "kw": 1.0}
_CURRENT: Final = {"": 1.0, "a": 1.0}
_UNITS: Final[dict[str, dict[str, float]]] = {
    "Energy.Active.Import.Register": _ENERGY,
    "Energy.Active.Export.Register": _ENERGY,
    "Energy.Active.Import.Interval": _ENERGY,
    "Energy.Active.Export.Interval": _ENERGY,
    "Power.Active.Import": _POWER,
    "Power.Active.Export": _POWER,
    "Power.Offered": _POWER,
    "Current.Import": _CURRENT,
    "Current.Offered": _CURRENT,
    "Voltage": {"": 1.0, "v": 1.0},
    "SoC": {"": 1e-2, "percent": 1e-2, "%": 1e-2},
}
"""What is made use of, with its units in kWh, kW, A, V and shares of 1; other measurands are passed over."""

_PHASES: Final = {"": -1, "L1": 0, "L1-N": 0, "L2": 1, "L2-N": 1, "L3": 2, "L3-N": 2}
_BETWEEN: Final = {"L1-L2": 0, "L2-L3": 1, "L3-L1": 2}
_WHOLE: Final = _PHASES[""]
_NOTHING: Final = (None,) * 7
_MEANINGS_KEPT_MAX: Final = 1024
_CONTEXTS: Final = {
    "": SampleContext.PERIODIC,
    "Sample.Periodic": SampleContext.PERIODIC,
    "Sample.Clock": SampleContext.CLOCK,
    "Transaction.Begin": SampleContext.BEGIN,
    "Transaction.End": SampleContext.END,
    "Interruption.Begin": SampleContext.INTERRUPTION_BEGIN,
    "Interruption.End": SampleContext.INTERRUPTION_END,
    "Trigger": SampleContext.TRIGGER,
}
IntervalOf = Callable[[SampleContext], float | None]
"""How long an interval is (s) whose energy is sampled in a context, ``None`` where nobody knows."""


def context_of(text: str | None) -> SampleContext:
    """A context by its word in OCPP, which is missing or ``""`` where the default is meant."""
    return _CONTEXTS.get(text or "", SampleContext.OTHER)


class _Meaning(NamedTuple):
    """All that a sample says but its value; no ``factor`` where the unit is not known, no ``place`` where the phase.

    ``between`` is a voltage between phases; ``elsewhere`` is not measured at the outlet.
    """

    name: str
    factor: float | None
    place: int | None
    between: bool
    elsewhere: bool


@lru_cache(_MEANINGS_KEPT_MAX)
def _meaning(
    measurand: str | None, unit: str | None, phase: str | None, location: str | None, power_of_ten: int | None
) -> _Meaning | None:
    """What is said with every sample, worked out once; ``None`` for a measurand that is passed over."""
    name = str(measurand or "Energy.Active.Import.Register")
    if name not in _UNITS:
        return None
    factor = _UNITS[name].get((unit or "").casefold())
    if factor is not None and power_of_ten:
        factor *= _ten_to(power_of_ten)
    between = name == "Voltage" and phase in _BETWEEN
    index = _BETWEEN[phase] if between and phase else _PHASES.get(phase or "")
    return _Meaning(name, factor, index, between, (location or "Outlet") != "Outlet")


def _ten_to(power: int) -> float:
    try:
        return 10.0**power
    except OverflowError:
        return inf


def _fault(name: str, value: str | float, number: float) -> tuple[MeterFault, str]:
    """What is wrong with a value: it is no number, or no state of charge."""
    if isfinite(number):
        return MeterFault.OUT_OF_RANGE, f"a state of charge of {100 * number:g} %"
    return MeterFault.NOT_A_NUMBER, f"{name} is {str(value)[:40]!r}"


class Sampling:
    """The samples of one instant. ``at`` is the sample time; a time that was not plausible makes them estimates."""

    def __init__(self, at: datetime, context: SampleContext, quality: Quality = Quality.MEASURED) -> None:
        self.faults: list[tuple[MeterFault, str]] = []
        self.signed_data: list[str] = []
        self._at = at
        self._context = context
        self._quality = quality
        self._whole: dict[str, float] = {}
        self._of_phase: dict[str, dict[int, float]] = {}
        self._elsewhere: set[tuple[str, int]] = set()
        self._between = False

    def add(
        self,
        measurand: str | None,
        value: str | float,
        unit: str | None = None,
        phase: str | None = None,
        location: str | None = None,
        power_of_ten: int | None = None,
    ) -> None:
        """Take one sampled value; ``None`` or ``""`` is what was not said. What is measured elsewhere gives way."""
        meaning = _meaning(measurand, unit, phase, location, power_of_ten)
        if meaning is None:
            return
        name, factor, place, between, elsewhere = meaning
        if factor is None:
            self.faults.append((MeterFault.UNIT_UNKNOWN, f"{name} in {(unit or '')[:20]!r}"))
            return
        try:
            number = float(value) * factor
        except (ValueError, OverflowError):
            number = nan
        if not isfinite(number) or (name == "SoC" and not 0.0 <= number <= 1.0):
            self.faults.append(_fault(name, value, number))
        elif place is not None and not ((elsewhere or self._elsewhere) and self._gives_way(meaning, place)):
            if place == _WHOLE:
                self._whole[name] = number
            else:
                self._of_phase.setdefault(name, {})[place] = number
                self._between = self._between or between

    def _gives_way(self, meaning: _Meaning, place: int) -> bool:
        """Whether a value of elsewhere comes after one of the outlet; else it is remembered where it is from."""
        name, key = meaning.name, (meaning.name, place)
        if not meaning.elsewhere:
            self._elsewhere.discard(key)
            return False
        known = name in self._whole if place == _WHOLE else place in self._of_phase.get(name, ())
        if known and key not in self._elsewhere:
            return True
        self._elsewhere.add(key)
        return False

    def readings(self, interval_of: IntervalOf) -> list[Reading]:
        """The readings the samples amount to, at most one of each kind."""
        totals = self._whole
        if self._of_phase:
            totals = {name: sum(values.values()) for name, values in self._of_phase.items()} | totals
        found = self._register(totals), self._interval(totals, interval_of), self._instant(totals)
        return [one for one in found if one]

    def _register(self, totals: Mapping[str, float]) -> Reading | None:
        bought, sold = totals.get("Energy.Active.Import.Register"), totals.get("Energy.Active.Export.Register")
        if bought is None and sold is None:
            return None
        return Reading(
            at=self._at,
            kind=ReadingKind.REGISTER,
            quality=self._quality,
            context=self._context,
            energy_kwh_import=bought,
            energy_kwh_export=sold,
        )

    def _interval(self, totals: Mapping[str, float], interval_of: IntervalOf) -> Reading | None:
        bought, sold = totals.get("Energy.Active.Import.Interval"), totals.get("Energy.Active.Export.Interval")
        if bought is None and sold is None:
            return None
        duration_s = interval_of(self._context)
        if not duration_s:
            self.faults.append((MeterFault.INTERVAL_UNKNOWN, "energy of an interval whose length nobody knows"))
            return None
        return Reading(
            at=self._at - timedelta(seconds=duration_s),
            kind=ReadingKind.INTERVAL,
            quality=self._quality,
            context=self._context,
            duration_s=duration_s,
            power_kw=((bought or 0.0) - (sold or 0.0)) * 3600.0 / duration_s,
            energy_kwh_import=bought,
            energy_kwh_export=sold,
        )

    def _instant(self, totals: Mapping[str, float]) -> Reading | None:
        current_a, voltage_v = self._per_phase("Current.Import"), self._per_phase("Voltage")
        power_kw_of_phase = self._per_phase("Power.Active.Import") if "Power.Active.Import" in self._of_phase else None
        power_kw, estimated = self._power(totals, current_a, voltage_v)
        soc, offered_kw = totals.get("SoC"), totals.get("Power.Offered")
        offered_a = self._highest("Current.Offered") if "Current.Offered" in totals else None
        if (power_kw, soc, offered_kw, offered_a, power_kw_of_phase, current_a, voltage_v) == _NOTHING:
            return None
        return Reading(
            at=self._at,
            kind=ReadingKind.INSTANT,
            quality=Quality.ESTIMATED if estimated else self._quality,
            context=self._context,
            power_kw=power_kw,
            soc=soc,
            power_kw_of_phase=power_kw_of_phase,
            current_a=current_a,
            voltage_v=voltage_v,
            voltage_is_between_phases=self._between,
            power_kw_offered=offered_kw,
            current_a_offered=offered_a,
        )

    def _power(
        self, totals: Mapping[str, float], current_a: PerPhase | None, voltage_v: PerPhase | None
    ) -> tuple[float | None, bool]:
        """Power (kW), and whether it had to be computed from currents and voltages to neutral."""
        bought, sold = totals.get("Power.Active.Import"), totals.get("Power.Active.Export")
        if bought is not None or sold is not None:
            return (bought or 0.0) - (sold or 0.0), False
        labelled = "Current.Import" in self._of_phase
        if not (current_a and voltage_v and labelled) or self._between:
            return None, False
        known = [volts for volts in voltage_v if volts is not None]
        volts = [known[0] if one is None else one for one in voltage_v]
        return sum((amps or 0.0) * one for amps, one in zip(current_a, volts, strict=True)) / 1000.0, True

    def _highest(self, name: str) -> float:
        values = list(self._of_phase.get(name, {}).values())
        return max([*values, self._whole[name]] if name in self._whole else values)

    def _per_phase(self, name: str) -> PerPhase | None:
        """Values of the three phases; one without a phase stands first where there is no other."""
        values = self._of_phase.get(name)
        if values:
            return values.get(0), values.get(1), values.get(2)
        whole = self._whole.get(name)
        return None if whole is None else (whole, None, None)
