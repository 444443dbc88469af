"""Kilowatts become amperes on the phases that are there."""

from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.instants import Interval
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_limits import Limits
from evenload.ocpp.charging import Charging, LimitPolicy
from evenload.ocpp.composite import Supply
from evenload.ocpp.profiles import Abilities
from evenload.ocpp.transactions import Transactions

NOW = datetime(2026, 1, 10, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(("phases", "amperes"), [(1, 32.0), (3, 10.6)])
def test_kilowatts_become_amperes_on_the_phases_that_were_enrolled(phases: int, amperes: float) -> None:
    charging = Charging(LimitPolicy(), Abilities(), Transactions())
    charging.assume({1: Supply(230.0, phases)})
    limits = Limits.constant(7.36, Interval(NOW, NOW + timedelta(hours=1)))
    placement = charging.place_plan(SetProfile(command_id="c", evse_id=1, limits=limits), NOW)
    assert placement is not None
    assert placement.profile.periods[0].limit == amperes
    assert placement.profile.periods[0].phases == phases
