"""Readiness: what hinders the platform from doing its work now, in sentences."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from evenload.app.brain import Brain
from evenload.app.forecasting import Forecasting
from evenload.app.stations import StationSide
from evenload.app.steady import SteadyClock

DRY_RUN: Final = "a dry run: what would be told is logged, and no station is told anything"


def faults_of(
    stations: StationSide, brain: Brain, forecasting: Forecasting, clock: Callable[[], datetime]
) -> list[str]:
    """What hinders it; empty where nothing does. Whether the store answers is asked elsewhere."""
    found = [f"tenant {name} is not planned for: {one.failed}" for name, one in brain.tenants.items() if one.failed]
    found += [
        f"tenant {name} is planned for with a forecast that is {(forecasting.age_s(name) or 0.0) / 60:.0f} min old"
        for name in forecasting.stale()
    ]
    if not stations.server.is_listening:
        found.append("stations cannot connect: nothing listens on their port")
    if isinstance(clock, SteadyClock) and clock.is_ahead:
        found.append(
            f"the clock of this machine was set back by {clock.ahead_s:.0f} s: set it right, or restart evenload"
        )
    return found
