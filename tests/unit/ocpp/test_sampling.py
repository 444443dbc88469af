"""Sampled values to readings: every unit and phase form, worked by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.station_readings import MeterFault, Quality, Reading, ReadingKind, SampleContext
from evenload.ocpp.sampling import Sampling, context_of

pytestmark = pytest.mark.requirement("R77")

AT = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)


def sampled(*rows: tuple[Any, ...], interval_s: float | None = 900.0) -> tuple[list[Reading], list[MeterFault]]:
    """Rows of measurand, value, unit, phase, location and power of ten, the later ones left out where usual."""
    sampling = Sampling(AT, SampleContext.PERIODIC)
    for row in rows:
        measurand, value, unit, phase, location, power = (*row, *("", "", "", "", "", 0)[len(row) :])
        sampling.add(measurand, value, unit, phase, location, power)
    readings = list(sampling.readings(lambda _: interval_s))
    return readings, [fault for fault, _ in sampling.faults]


REGISTER = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"


@pytest.mark.parametrize(
    ("row", "kwh"),
    [
        (("", "12345"), 12.345),  # what nothing said means: the register, in Wh
        ((REGISTER, "12345", "Wh"), 12.345),
        ((REGISTER, "12.345", "kWh"), 12.345),
        ((REGISTER, "12.345", "KWH"), 12.345),
        ((REGISTER, 12.345, "Wh", "", "", 3), 12.345),
        ((REGISTER, 12345, "kWh", "", "", -3), 12.345),
    ],
)
def test_j01_and_j02_and_16_3_16_energy_in_every_unit(row: tuple[Any, ...], kwh: float) -> None:
    [reading], faults = sampled(row)
    assert (reading.kind, reading.energy_kwh_import) == (ReadingKind.REGISTER, pytest.approx(kwh))
    assert not faults


@pytest.mark.parametrize(
    ("rows", "kw"),
    [
        ([(POWER, "7200")], 7.2),
        ([(POWER, "7.2", "kW")], 7.2),
        ([(POWER, "2400", "W", "L1"), (POWER, "2400", "W", "L2"), (POWER, "2400", "W", "L3")], 7.2),
        ([(POWER, "2400", "W", "L1-N"), (POWER, "0", "W", "L2-N"), (POWER, "0", "W", "L3-N")], 2.4),
        ([(POWER, "7200"), (POWER, "2400", "W", "L1"), (POWER, "2400", "W", "L2")], 7.2),  # the whole goes before parts
        ([("Power.Active.Export", "5000")], -5.0),
        ([(POWER, "0"), ("Power.Active.Export", "5000")], -5.0),
        ([(POWER, "9999", "W", "", "Inlet"), (POWER, "7200", "W", "", "Outlet")], 7.2),
        ([(POWER, "7200"), (POWER, "9999", "W", "", "Inlet")], 7.2),
        ([(POWER, "7200", "W", "", "Inlet")], 7.2),  # better than nothing
    ],
)
def test_j01_and_j02_and_16_3_16_power_in_every_form(rows: list[tuple[Any, ...]], kw: float) -> None:
    [reading], _ = sampled(*rows)
    assert (reading.kind, reading.power_kw, reading.quality) == (
        ReadingKind.INSTANT, pytest.approx(kw), Quality.MEASURED,
    )  # fmt: skip


def test_power_of_currents_and_voltages_is_an_estimate() -> None:
    volts = [("Voltage", "230", "V", f"L{n}-N") for n in (1, 2, 3)]
    amps = [("Current.Import", "16", "A", f"L{n}") for n in (1, 2, 3)]
    [reading], _ = sampled(*volts, *amps)
    assert (reading.power_kw, reading.quality) == (pytest.approx(11.04), Quality.ESTIMATED)
    assert (reading.current_a, reading.voltage_v) == ((16.0, 16.0, 16.0), (230.0, 230.0, 230.0))


def test_power_is_not_guessed_where_a_voltage_lies_between_phases_or_nothing_is_labelled() -> None:
    for rows in (
        [("Voltage", "208", "V", "L1-L2"), ("Current.Import", "30", "A", "L1")],
        [("Voltage", "230"), ("Current.Import", "16")],
        [("Current.Import", "16", "A", "L1")],
    ):
        [reading], _ = sampled(*rows)
        assert reading.power_kw is None
    [between], _ = sampled(("Voltage", "208", "V", "L1-L2"))
    assert between.voltage_is_between_phases


def test_j02_and_16_3_16_registers_of_the_phases_are_added_and_both_ways_kept() -> None:
    parts = [(REGISTER, "1000", "Wh", f"L{n}") for n in (1, 2, 3)]
    [reading], _ = sampled(*parts, ("Energy.Active.Export.Register", "500"))
    assert (reading.energy_kwh_import, reading.energy_kwh_export) == (3.0, 0.5)


def test_j02_and_16_3_16_energy_of_an_interval_starts_before_its_sample() -> None:
    [reading], _ = sampled(("Energy.Active.Import.Interval", "1840"), interval_s=900.0)
    assert (reading.at, reading.duration_s) == (AT - timedelta(minutes=15), 900.0)
    assert (reading.energy_kwh_import, reading.power_kw) == (1.84, pytest.approx(7.36))
    readings, faults = sampled(("Energy.Active.Import.Interval", "1840"), interval_s=None)
    assert not readings
    assert faults == [MeterFault.INTERVAL_UNKNOWN]


def test_j02_and_16_3_16_state_of_charge_and_what_is_offered() -> None:
    [reading], _ = sampled(("SoC", "55", "Percent", "", "EV"), ("Current.Offered", "16"), ("Power.Offered", "11", "kW"))
    assert (reading.soc, reading.current_a_offered, reading.power_kw_offered) == (0.55, 16.0, 11.0)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ((REGISTER, "12,5"), MeterFault.NOT_A_NUMBER),
        ((REGISTER, ""), MeterFault.NOT_A_NUMBER),
        ((REGISTER, "nan"), MeterFault.NOT_A_NUMBER),
        ((REGISTER, "inf"), MeterFault.NOT_A_NUMBER),
        ((REGISTER, "1e999"), MeterFault.NOT_A_NUMBER),
        ((REGISTER, "1", "Wh", "", "", 400), MeterFault.NOT_A_NUMBER),
        ((REGISTER, "1", "Joule"), MeterFault.UNIT_UNKNOWN),
        ((POWER, "1", "Wh"), MeterFault.UNIT_UNKNOWN),
        (("SoC", "101"), MeterFault.OUT_OF_RANGE),
        (("SoC", "-1"), MeterFault.OUT_OF_RANGE),
    ],
)
def test_what_cannot_be_used_is_named_and_the_rest_is_kept(row: tuple[Any, ...], fault: MeterFault) -> None:
    readings, faults = sampled(row, ("Voltage", "230"))
    assert [reading.voltage_v for reading in readings] == [(230.0, None, None)]
    assert faults == [fault]


def test_what_nothing_is_made_of_is_no_fault() -> None:
    assert sampled(("Temperature", "30", "Celsius"), ("Frequency", "50", "Hz")) == ([], [])


def test_one_instant_gives_one_reading_of_each_kind() -> None:
    readings, _ = sampled((REGISTER, "1"), (POWER, "1"), ("Energy.Active.Import.Interval", "1"), ("Voltage", "230"))
    assert sorted(reading.kind for reading in readings) == sorted(ReadingKind)


@pytest.mark.parametrize(
    ("word", "context"),
    [("", SampleContext.PERIODIC), ("Transaction.End", SampleContext.END), ("Made.Up", SampleContext.OTHER)],
)
def test_contexts(word: str, context: SampleContext) -> None:
    assert context_of(word) is context


@given(st.floats(-1e6, 1e6), st.integers(-3, 3))
def test_a_power_of_ten_is_the_same_as_writing_it_out(value: float, power: int) -> None:
    [one], _ = sampled((POWER, value, "W", "", "", power))
    [other], _ = sampled((POWER, repr(value * 10.0**power), "W"))
    assert one.power_kw == pytest.approx(other.power_kw)
