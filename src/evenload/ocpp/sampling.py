"""Sampled values of any version, unit and phase form, gathered into readings in kW and kWh."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

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

_PHASES: Final = {"L1": 0, "L1-N": 0, "L2": 1, "L2-N": 1, "L3": 2, "L3-N": 2}
_BETWEEN: Final = {"L1-L2": 0, "L2-L3": 1, "L3-L1": 2}
_WHOLE: Final = -1
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


def context_of(text: str) -> SampleContext:
    """A context by its word in OCPP, which is ``""`` where the default is meant."""
    return _CONTEXTS.get(text, SampleContext.OTHER)


class Sampling:
    """The samples of one instant. ``at`` is the sample time; a time that was not plausible makes them estimates."""

    def __init__(self, at: datetime, context: SampleContext, quality: Quality = Quality.MEASURED) -> None:
        self.faults: list[tuple[MeterFault, str]] = []
        self._at = at
        self._context = context
        self._quality = quality
        self._values: dict[str, dict[int, float]] = {}
        self._elsewhere: set[tuple[str, int]] = set()
        self._between = False

    def add(
        self, measurand: str, value: str | float, unit: str, phase: str, location: str, power_of_ten: int = 0
    ) -> None:
        """Take one sampled value; ``""`` is what was not said. What is measured elsewhere gives way to the outlet."""
        name = measurand or "Energy.Active.Import.Register"
        if name not in _UNITS:
            return
        number = self._number(name, value, unit, power_of_ten)
        between = name == "Voltage" and phase in _BETWEEN
        index = _BETWEEN[phase] if between else _PHASES.get(phase, _WHOLE if not phase else None)
        if number is None or index is None:
            return
        values, elsewhere = self._values.setdefault(name, {}), location not in ("", "Outlet")
        if elsewhere and index in values and (name, index) not in self._elsewhere:
            return
        values[index] = number
        self._between = self._between or between
        if elsewhere:
            self._elsewhere.add((name, index))
        else:
            self._elsewhere.discard((name, index))

    def _number(self, name: str, value: str | float, unit: str, power_of_ten: int) -> float | None:
        factor = _UNITS[name].get(unit.casefold())
        if factor is None:
            self.faults.append((MeterFault.UNIT_UNKNOWN, f"{name} in {unit[:20]!r}"))
            return None
        try:
            number = float(value) * factor * (10.0**power_of_ten if power_of_ten else 1.0)
        except (ValueError, OverflowError):
            number = float("nan")
        if not isfinite(number):
            self.faults.append((MeterFault.NOT_A_NUMBER, f"{name} is {str(value)[:40]!r}"))
            return None
        if name == "SoC" and not 0.0 <= number <= 1.0:
            self.faults.append((MeterFault.OUT_OF_RANGE, f"a state of charge of {100 * number:g} %"))
            return None
        return number

    def readings(self, interval_of: IntervalOf) -> Iterable[Reading]:
        """The readings the samples amount to, at most one of each kind."""
        yield from self._register()
        yield from self._interval(interval_of)
        yield from self._instant()

    def _register(self) -> Iterable[Reading]:
        bought, sold = (self._total(f"Energy.Active.{way}.Register") for way in ("Import", "Export"))
        if bought is not None or sold is not None:
            yield Reading(
                at=self._at,
                kind=ReadingKind.REGISTER,
                quality=self._quality,
                context=self._context,
                energy_kwh_import=bought,
                energy_kwh_export=sold,
            )

    def _interval(self, interval_of: IntervalOf) -> Iterable[Reading]:
        bought, sold = (self._total(f"Energy.Active.{way}.Interval") for way in ("Import", "Export"))
        if bought is None and sold is None:
            return
        duration_s = interval_of(self._context)
        if not duration_s:
            self.faults.append((MeterFault.INTERVAL_UNKNOWN, "energy of an interval whose length nobody knows"))
            return
        yield Reading(
            at=self._at - timedelta(seconds=duration_s),
            kind=ReadingKind.INTERVAL,
            quality=self._quality,
            context=self._context,
            duration_s=duration_s,
            power_kw=((bought or 0.0) - (sold or 0.0)) * 3600.0 / duration_s,
            energy_kwh_import=bought,
            energy_kwh_export=sold,
        )

    def _instant(self) -> Iterable[Reading]:
        per_phase = {name: self._per_phase(name) for name in ("Power.Active.Import", "Current.Import", "Voltage")}
        power_kw, estimated = self._power(per_phase["Current.Import"], per_phase["Voltage"])
        soc = self._total("SoC")
        offered_kw, offered_a = self._total("Power.Offered"), self._highest("Current.Offered")
        if all(one is None for one in (power_kw, soc, offered_kw, offered_a, *per_phase.values())):
            return
        yield Reading(
            at=self._at,
            kind=ReadingKind.INSTANT,
            quality=Quality.ESTIMATED if estimated else self._quality,
            context=self._context,
            power_kw=power_kw,
            soc=soc,
            power_kw_of_phase=per_phase["Power.Active.Import"],
            current_a=per_phase["Current.Import"],
            voltage_v=per_phase["Voltage"],
            voltage_is_between_phases=self._between,
            power_kw_offered=offered_kw,
            current_a_offered=offered_a,
        )

    def _power(self, current_a: PerPhase | None, voltage_v: PerPhase | None) -> tuple[float | None, bool]:
        """Power (kW), and whether it had to be computed from currents and voltages to neutral."""
        bought, sold = self._total("Power.Active.Import"), self._total("Power.Active.Export")
        if bought is not None or sold is not None:
            return (bought or 0.0) - (sold or 0.0), False
        labelled = self._values.get("Current.Import", {}).keys() - {_WHOLE}
        if not (current_a and voltage_v and labelled) or self._between:
            return None, False
        known = [volts for volts in voltage_v if volts is not None]
        volts = [known[0] if one is None else one for one in voltage_v]
        return sum((amps or 0.0) * one for amps, one in zip(current_a, volts, strict=True)) / 1000.0, True

    def _total(self, name: str) -> float | None:
        values = self._values.get(name)
        if values is None:
            return None
        return values[_WHOLE] if _WHOLE in values else sum(values.values())

    def _highest(self, name: str) -> float | None:
        return max(self._values.get(name, {}).values(), default=None)

    def _per_phase(self, name: str) -> PerPhase | None:
        """Values of the three phases; one without a phase stands first where there is no other."""
        values = self._values.get(name)
        if values is None:
            return None
        if values.keys() == {_WHOLE}:
            return None if name == "Power.Active.Import" else (values[_WHOLE], None, None)
        return values.get(0), values.get(1), values.get(2)
