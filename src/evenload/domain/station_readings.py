"""Readings: what was metered at an EVSE, in kW and kWh at the connector, whatever units and phases it came in."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class ReadingKind(StrEnum):
    """What a reading measures: the mean over an interval, a meter's count, or one moment."""

    INTERVAL = "interval"
    REGISTER = "register"
    INSTANT = "instant"


class Quality(StrEnum):
    """How far a number can be trusted."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    MISSING = "missing"


class SampleContext(StrEnum):
    """What made a meter be read."""

    PERIODIC = "periodic"
    CLOCK = "clock"
    BEGIN = "begin"
    END = "end"
    INTERRUPTION_BEGIN = "interruption_begin"
    INTERRUPTION_END = "interruption_end"
    TRIGGER = "trigger"
    OTHER = "other"


PerPhase = tuple[float | None, float | None, float | None]
"""Values of the phases L1, L2 and L3."""


class Reading(Struct, frozen=True, kw_only=True, gc=False):
    """One row of what was metered; ``None`` where it was not. ``at`` is the start of an interval, else the sample time.

    ``power_kw`` is positive into the vehicle. ``soc`` is 0 to 1. ``voltage_v`` is from each phase to neutral, or
    between phases where ``voltage_is_between_phases``; ``current_a`` is of each phase. What a station offers the
    vehicle is no measurement of what it takes.
    """

    at: datetime
    kind: ReadingKind
    quality: Quality = Quality.MEASURED
    context: SampleContext = SampleContext.PERIODIC
    duration_s: float | None = None
    power_kw: float | None = None
    energy_kwh_import: float | None = None
    energy_kwh_export: float | None = None
    soc: float | None = None
    power_kw_of_phase: PerPhase | None = None
    current_a: PerPhase | None = None
    voltage_v: PerPhase | None = None
    voltage_is_between_phases: bool = False
    power_kw_offered: float | None = None
    current_a_offered: float | None = None


class MeterFault(StrEnum):
    """What is wrong with a sample that could not be used as it came."""

    NOT_A_NUMBER = "not_a_number"
    UNIT_UNKNOWN = "unit_unknown"
    OUT_OF_RANGE = "out_of_range"
    INTERVAL_UNKNOWN = "interval_unknown"
    TIME_IMPLAUSIBLE = "time_implausible"
    REGISTER_FELL = "register_fell"
