"""History: sessions as they happened, measured at the connector; columnar."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from evenload.base.instants import InstantArray
from evenload.base.units import FloatArray, TextArray
from evenload.domain.columns import Columns


@dataclass(frozen=True)
class History(Columns):
    """Finished sessions, one a row. Unknown numbers are NaN, unknown words ``""``, unknown instants NaT.

    ``energy_kwh_metered`` is AC at the connector; ``power_kw_max`` is what the car drew at most (kW, AC).
    """

    session_id: TextArray
    plugged_at: InstantArray
    unplugged_at: InstantArray
    energy_kwh_metered: FloatArray
    power_kw_max: FloatArray
    departs_at_declared: InstantArray
    energy_kwh_declared: FloatArray
    user_id: TextArray
    port_id: TextArray
    site_id: TextArray
    site_type: TextArray
    node: TextArray

    @classmethod
    def of(
        cls,
        *,
        session_id: TextArray,
        plugged_at: InstantArray,
        unplugged_at: InstantArray,
        energy_kwh_metered: FloatArray,
        **known: NDArray[Any],
    ) -> Self:
        """Build from the required columns; any other column not given is unknown."""
        size = len(session_id)
        columns: dict[str, Any] = {
            "session_id": session_id,
            "plugged_at": plugged_at,
            "unplugged_at": unplugged_at,
            "energy_kwh_metered": energy_kwh_metered,
        }
        for name, value in DEFAULTS.items():
            columns[name] = np.full(size, value)
        return cls(**(columns | known))

    @property
    def connected_h(self) -> FloatArray:
        """Hours between plug-in and plug-out."""
        return np.asarray((self.unplugged_at - self.plugged_at).astype(np.int64) / 3600.0)

    def _check(self) -> None:
        self._first_bad(~(self.unplugged_at > self.plugged_at), "unplugged_at", "is not after plugged_at", "session_id")
        self._first_bad(~(self.energy_kwh_metered >= 0), "energy_kwh_metered", "must be 0 or more", "session_id")


DEFAULTS: Final[dict[str, object]] = {
    "power_kw_max": np.nan, "departs_at_declared": np.datetime64("NaT", "s"), "energy_kwh_declared": np.nan,
    "user_id": "", "port_id": "", "site_id": "", "site_type": "", "node": "",
}  # fmt: skip
"""What a blank optional column means."""
