"""Volts and phases learned from a meter, worked by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from evenload.domain.station_readings import Reading, ReadingKind
from evenload.ocpp.composite import Period, Supply, Unit
from evenload.ocpp.electrics import Electrics

pytestmark = pytest.mark.requirement("R77")


def reading(**known: Any) -> Reading:
    return Reading(at=datetime(2026, 1, 1, tzinfo=UTC), kind=ReadingKind.INSTANT, **known)


def learned(*readings: Reading) -> Supply:
    electrics = Electrics(Supply(230.0, 3))
    for one in readings:
        electrics.note(one)
    return electrics.supply


def kilowatts(supply: Supply, amps: float) -> float:
    return supply.convert(Period(0, amps), Unit.A, Unit.W) / 1000


def test_fewer_phases_are_believed_at_the_second_reading_more_at_the_first() -> None:
    one, three = reading(current_a=(16.0, 0.1, 0.0)), reading(current_a=(16.0, 16.0, 16.0))
    assert learned(one).phases == 3
    assert learned(one, one).phases == 1
    assert learned(one, three, one).phases == 3
    assert learned(one, one, three).phases == 3


def test_a_vehicle_that_does_not_charge_tells_nothing_of_phases() -> None:
    idle = reading(current_a=(0.2, 0.0, 0.0))
    assert learned(idle, idle).phases == 3


def test_the_next_vehicle_may_draw_on_all_phases_but_the_volts_stay() -> None:
    electrics = Electrics(Supply(230.0, 3))
    for _ in range(2):
        electrics.note(reading(current_a=(16.0, 0.0, 0.0), voltage_v=(241.0, 239.0, 240.0)))
    assert electrics.supply == Supply(240.0, 1)
    electrics.unplugged()
    assert electrics.supply == Supply(240.0, 3)


@pytest.mark.parametrize(
    ("known", "amps", "kw"),
    [
        # Europe, three phases to neutral
        ({"current_a": (16.0, 16.0, 16.0), "voltage_v": (230.0, 230.0, 230.0)}, 16, 11.04),
        # three phases, the voltage between them told without a phase
        ({"current_a": (32.0, 32.0, 32.0), "voltage_v": (400.0, None, None)}, 32, 22.17),
        # the United States at home: 240 V between two legs, one current
        ({"current_a": (30.0, None, None), "voltage_v": (240.0, None, None), "power_kw": 7.2}, 30, 7.2),
        # and at work: 208 V between two phases of three, one current
        ({"current_a": (30.0, None, None), "voltage_v": (208.0, None, None), "power_kw": 6.24}, 30, 6.24),
        # the same two legs told apart, each to neutral
        ({"current_a": (30.0, 30.0, None), "voltage_v": (120.0, 120.0, None)}, 30, 7.2),
        # and with the voltage between them
        (
            {"current_a": (30.0, 30.0, None), "voltage_v": (240.0, None, None), "voltage_is_between_phases": True},
            30,
            7.2,
        ),
        # one current of each of three phases alike: the power tells
        ({"current_a": (16.0, None, None), "voltage_v": (230.0, None, None), "power_kw": 11.04}, 16, 11.04),
    ],
)
def test_amperes_mean_the_power_that_was_metered(known: dict[str, Any], amps: float, kw: float) -> None:
    supply = learned(reading(**known), reading(**known))
    assert kilowatts(supply, amps) == pytest.approx(kw, abs=0.01)


def test_a_voltage_of_zero_outside_a_session_is_not_believed() -> None:
    assert learned(reading(voltage_v=(0.0, 0.0, 0.0))).voltage_v == 230.0
