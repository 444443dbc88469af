"""What flows at the outlets of a virtual station under the profiles it holds, and what its meters show."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import floor, inf

from evenload.base.instants import Interval
from evenload.ocpp.composite import Step, Supply, Unit
from evenload.simulate.station_car import Outlet
from evenload.simulate.station_profiles import Shelf
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.station_speech import Sample

_ONE_SECOND = timedelta(seconds=1)


class Power:
    """Outlets, the profiles over them, and the meters in them. Instants are by the station's own clock."""

    def __init__(self, spec: StationSpec) -> None:
        self.shelf = Shelf()
        self.outlets = {
            number: Outlet(number, spec.current_a_max, spec.phases, spec.voltage_v)
            for number in range(1, spec.outlets + 1)
        }
        self._spec = spec
        self._supply = Supply(spec.voltage_v, spec.phases)

    def run(self, start: datetime, seconds: float, began: Mapping[int, datetime | None]) -> None:
        """Let time pass; ``began`` holds every EVSE with the start of its transaction."""
        if seconds <= 0:
            return
        window = Interval(start, start + timedelta(seconds=seconds))
        for outlet in self._in_use():
            steps = self._allowed(outlet, window, began)
            ends = [*(one.start_s for one in steps[1:]), seconds]
            for step, end_s in zip(steps, ends, strict=True):
                outlet.run(end_s - step.start_s, self._whole(step.limit), step.phases)

    def offer(self, at: datetime, began: Mapping[int, datetime | None]) -> None:
        """Offer the cars what may flow from now on."""
        for outlet in self.outlets.values():
            if outlet.car is None:
                outlet.offer(0.0, None)
            else:
                step = self._allowed(outlet, Interval(at, at + _ONE_SECOND), began)[0]
                outlet.offer(self._whole(step.limit), step.phases)

    def _in_use(self) -> list[Outlet]:
        return [outlet for outlet in self.outlets.values() if outlet.car is not None and outlet.is_on]

    def _allowed(self, outlet: Outlet, window: Interval, began: Mapping[int, datetime | None]) -> Sequence[Step]:
        if self._spec.vices.ignores_profiles or not len(self.shelf):
            return (Step(0.0, inf),)
        alone = self.steps(outlet.evse_id, window, Unit.A, began)
        sharing = len(self._in_use())
        if sharing < 2:
            return alone
        together = self.steps(0, window, Unit.A, began)
        return _least(alone, [Step(one.start_s, one.limit / sharing, one.phases) for one in together])

    def steps(self, evse_id: int, window: Interval, unit: Unit, began: Mapping[int, datetime | None]) -> Sequence[Step]:
        """The limits of an EVSE, or with 0 of the station."""
        return self.shelf.steps(began, evse_id, window, unit, self._supply)

    def _whole(self, limit_a: float) -> float:
        return floor(limit_a) if self._spec.vices.rounds_to_whole_amperes and limit_a < inf else limit_a

    def samples(self, evse_id: int) -> tuple[Sample, ...]:
        """What the meter of an EVSE shows."""
        outlet = self.outlets[evse_id]
        power_w = outlet.power_kw * (1.0 if self._spec.vices.mislabels_power else 1000.0)
        used = range(1, outlet.phases_used + 1)
        rows = [
            Sample("Energy.Active.Import.Register", outlet.register_kwh * 1000, "Wh"),
            Sample("Power.Active.Import", power_w, "W"),
            *(Sample("Current.Import", outlet.current_a, "A", f"L{phase}") for phase in used),
            *(Sample("Voltage", outlet.voltage_v, "V", f"L{phase}-N") for phase in used),
        ]
        if outlet.car is not None:
            rows.append(Sample("SoC", outlet.car.soc * 100, "Percent"))
        return tuple(rows)


def _least(a: Sequence[Step], b: Sequence[Step]) -> Sequence[Step]:
    """The smaller of two limits at every time."""
    starts = sorted({one.start_s for one in (*a, *b)})
    found = [(next(one for one in reversed(steps) if one.start_s <= start) for steps in (a, b)) for start in starts]
    return [Step(start, *_smaller(*pair)) for start, pair in zip(starts, found, strict=True)]


def _smaller(a: Step, b: Step) -> tuple[float, int | None]:
    return (a.limit, a.phases) if a.limit <= b.limit else (b.limit, a.phases)
