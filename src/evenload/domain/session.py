"""Sessions: plug-in to plug-out as declared, with the need; columnar."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from evenload.base.instants import InstantArray
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.columns import Columns


class Control(StrEnum):
    """How finely a device can be told what to draw."""

    CONTINUOUS = "continuous"
    STEPPED = "stepped"
    ON_OFF = "on_off"


PHASES: Final = ("A", "B", "C", "AB", "BC", "AC", "ABC")


@dataclass(frozen=True)
class Sessions(Columns):
    """What is known of sessions when they are planned; one row a session.

    ``energy_kwh`` is the need into the battery between ``plugged_at`` and ``departs_at`` (declared); at the wall it is
    ``energy_kwh / efficiency``. Unknown numbers are NaN, unknown words are ``""``. Instants are ``datetime64[s]`` UTC.
    """

    session_id: TextArray
    node: TextArray
    plugged_at: InstantArray
    departs_at: InstantArray
    energy_kwh: FloatArray
    power_kw_max: FloatArray
    energy_kwh_minimum: FloatArray
    power_kw_min: FloatArray
    discharge_kw_max: FloatArray
    efficiency: FloatArray
    discharge_efficiency: FloatArray
    battery_kwh: FloatArray
    soc_at_plug_in: FloatArray
    soc_floor: FloatArray
    control: TextArray
    voltage_v: FloatArray
    phases: TextArray
    fallback_kw: FloatArray
    priority: IntArray
    user_id: TextArray
    site_type: TextArray
    group: TextArray
    opted_out_of: TextArray
    dwell_minutes: FloatArray
    commands_max: IntArray
    link: TextArray
    fallback_verified: BoolArray
    measured_kw: FloatArray
    weight: FloatArray

    @classmethod
    def of(
        cls,
        *,
        session_id: TextArray,
        plugged_at: InstantArray,
        departs_at: InstantArray,
        energy_kwh: FloatArray,
        power_kw_max: FloatArray,
        **known: NDArray[Any],
    ) -> Self:
        """Build from the required columns; any other column not given takes its canonical default."""
        size = len(session_id)
        columns: dict[str, Any] = {
            "session_id": session_id,
            "plugged_at": plugged_at,
            "departs_at": departs_at,
            "energy_kwh": energy_kwh,
            "power_kw_max": power_kw_max,
        }
        for name, value in DEFAULTS.items():
            columns[name] = np.full(size, value)
        return cls(**(columns | known))

    def _check(self) -> None:
        self._first_bad(~(self.departs_at > self.plugged_at), "departs_at", "is not after plugged_at", "session_id")
        self._first_bad(~(self.energy_kwh >= 0), "energy_kwh", "must be 0 or more", "session_id")
        self._first_bad(~(self.power_kw_max > 0), "power_kw_max", "must be above 0", "session_id")
        bad = ~((self.efficiency > 0) & (self.efficiency <= 1))
        self._first_bad(bad, "efficiency", "must be above 0 and at most 1", "session_id")


DEFAULTS: Final[dict[str, object]] = {
    "node": "", "energy_kwh_minimum": 0.0, "power_kw_min": 0.0, "discharge_kw_max": 0.0, "efficiency": 1.0,
    "discharge_efficiency": 1.0, "battery_kwh": np.nan, "soc_at_plug_in": np.nan, "soc_floor": np.nan,
    "control": Control.CONTINUOUS.value, "voltage_v": np.nan, "phases": "", "fallback_kw": np.nan,
    "priority": np.int64(0), "user_id": "", "site_type": "", "group": "", "opted_out_of": "", "dwell_minutes": 0.0,
    "commands_max": np.int64(-1), "link": "ok", "fallback_verified": np.False_, "measured_kw": np.nan, "weight": 1.0,
}  # fmt: skip
"""What a blank optional column means."""
