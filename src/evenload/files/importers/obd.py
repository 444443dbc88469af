"""Files of plug-in loggers (OBD): what a car told second by second or minute by minute, and the stays in it.

Loggers name their columns differently; accepted are the names of ``COLUMNS`` (case, blanks, brackets and units behind
do not matter). Needed are a time with its offset, and at least one of: a state of charge, a power, or current and
voltage. Latitude and longitude are used to tell home from elsewhere and are kept nowhere. Odometers are not read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import asin, cos, radians, sin, sqrt
from typing import Final

from evenload.base.errors import ColumnsError, InputError
from evenload.files.importers.fields import number, text, timestamp
from evenload.files.importers.outcome import Record, RowRefused
from evenload.files.problems import RowProblem, RowReason

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "timestamp": ("timestamp", "time", "datetime", "utc_time", "recorded_at"),
    "vehicle_id": ("vehicle_id", "vehicle", "vehid", "veh_id", "device_id"),
    "soc": ("soc", "state_of_charge", "battery_soc", "hv_battery_soc", "soc_percent"),
    "power_kw": ("power_kw", "charger_power_kw", "ac_power_kw", "charging_power_kw"),
    "battery_power_kw": ("battery_power_kw", "hv_battery_power_kw", "dc_power_kw"),
    "current_a": ("current_a", "hv_battery_current", "battery_current", "hv_battery_current_a"),
    "voltage_v": ("voltage_v", "hv_battery_voltage", "battery_voltage", "hv_battery_voltage_v"),
    "speed_kmh": ("speed_kmh", "vehicle_speed", "speed"),
    "plugged": ("plugged", "plugged_in", "is_plugged", "plug_status"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "is_home": ("is_home", "home"),
}
"""What is read, and the names it goes by."""

INTO_BATTERY: Final = 0.9
"""What arrives in a battery of what flows through a connector."""

_HOME_M: Final = 200.0
_EARTH_M: Final = 6_371_000.0
_POWER_KW_MAX: Final = 400.0
_YES: Final = frozenset({"1", "true", "yes", "y", "plugged", "connected"})
_NO: Final = frozenset({"0", "false", "no", "n", "unplugged", "disconnected", ""})


@dataclass(frozen=True, slots=True)
class Home:
    """Where home is (degrees); never kept."""

    latitude: float
    longitude: float

    def is_near(self, latitude: float, longitude: float) -> bool:
        """Whether a place is within 200 m (haversine)."""
        half_lat, half_lon = radians(latitude - self.latitude) / 2, radians(longitude - self.longitude) / 2
        chord = sin(half_lat) ** 2 + cos(radians(self.latitude)) * cos(radians(latitude)) * sin(half_lon) ** 2
        return 2 * _EARTH_M * asin(sqrt(min(chord, 1.0))) <= _HOME_M


def home_of(written: str) -> Home | None:
    """Read ``LATITUDE,LONGITUDE``; ``""`` is none. ``InputError`` for anything else."""
    if not written:
        return None
    try:
        latitude, longitude = map(float, written.split(","))
    except ValueError as error:
        raise InputError(f"{written!r} is no place: write LATITUDE,LONGITUDE such as 42.36,-71.06") from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InputError(f"{written!r} is no place on earth: write LATITUDE,LONGITUDE such as 42.36,-71.06")
    return Home(latitude, longitude)


@dataclass(frozen=True, slots=True)
class LoggerReading:
    """One row of a logger. ``power_kw`` is at the connector, above 0 into the car; ``None`` where it is not told.

    ``is_estimated``: worked out from the battery's side.
    """

    at: datetime
    vehicle_id: str = ""
    soc: float | None = None
    power_kw: float | None = None
    is_estimated: bool = False
    moves: bool = False
    plugged: bool | None = None
    is_home: bool | None = None
    line: int = 0


def read_readings(
    records: Iterable[Record], file: str, home: Home | None = None
) -> tuple[list[LoggerReading], list[RowProblem]]:
    """Rows of a logger in order of time, and those refused. ``ColumnsError`` where needed columns are missing."""
    readings: dict[tuple[str, datetime], LoggerReading] = {}
    problems: list[RowProblem] = []
    names: Mapping[str, str] | None = None
    for line, record in enumerate(records, start=2):
        if names is None:
            names = columns_of(record, file)
        try:
            row = _reading({name: record.get(own) for name, own in names.items()}, home, line)
            if (row.vehicle_id, row.at) in readings:
                raise RowRefused(RowReason.DUPLICATE, "timestamp", row.at.isoformat(), "this instant was read before")
            readings[row.vehicle_id, row.at] = row
        except RowRefused as refused:
            problems.append(_named(refused, names).at(file, line))
    return sorted(readings.values(), key=lambda one: (one.vehicle_id, one.at)), problems


def columns_of(record: Record, file: str) -> Mapping[str, str]:
    """The file's own name of each column that is read; ``ColumnsError`` where that is too little."""
    own = {_plain(name): name for name in record}
    found = {name: own[one] for name, others in COLUMNS.items() for one in reversed(others) if one in own}
    if "timestamp" not in found:
        raise ColumnsError(f"{file} has no time: name that column one of {', '.join(COLUMNS['timestamp'])}")
    tells = {"soc", "power_kw", "battery_power_kw"} & set(found) or {"current_a", "voltage_v"} <= set(found)
    if not tells:
        raise ColumnsError(
            f"{file} tells nothing of charging: it needs soc, power_kw, battery_power_kw, or current_a and voltage_v. "
            f"It has: {', '.join(record)}"
        )
    return found


def _plain(name: str) -> str:
    """``HV Battery Current[A]`` as ``hv_battery_current``."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"[\[(].*?[\])]", "", name.lower())).strip("_")


def _named(refused: RowRefused, names: Mapping[str, str]) -> RowRefused:
    return RowRefused(refused.reason, names.get(refused.column, refused.column), refused.value, refused.sentence)


def _reading(record: Record, home: Home | None, line: int) -> LoggerReading:
    at = timestamp(record, "timestamp")
    if at.tzinfo is None:
        raise RowRefused(
            RowReason.NO_OFFSET, "timestamp", text(record, "timestamp"),
            "the time has no offset; write it in UTC, such as 2026-01-10T18:00:00Z",
        )  # fmt: skip
    power_kw, is_estimated = _power(record)
    speed_kmh = _optional(record, "speed_kmh", 0.0, 300.0)
    return LoggerReading(
        at.astimezone(UTC), text(record, "vehicle_id"), _soc(record), power_kw, is_estimated, (speed_kmh or 0.0) > 1.0,
        _flag(record, "plugged"), _is_home(record, home), line,
    )  # fmt: skip


def _power(record: Record) -> tuple[float | None, bool]:
    """Power at the connector (kW), and whether it was worked out from the battery's side."""
    if (told := _optional(record, "power_kw", -_POWER_KW_MAX, _POWER_KW_MAX)) is not None:
        return told, False
    battery_kw = _optional(record, "battery_power_kw", -_POWER_KW_MAX, _POWER_KW_MAX)
    if battery_kw is None:
        current_a = _optional(record, "current_a", -1000.0, 1000.0)
        voltage_v = _optional(record, "voltage_v", 0.0, 1000.0)
        battery_kw = None if current_a is None or voltage_v is None else current_a * voltage_v / 1000.0
    return (None if battery_kw is None else battery_kw / INTO_BATTERY), True


def _soc(record: Record) -> float | None:
    """State of charge, 0 to 1; above 1 it is in percent."""
    told = _optional(record, "soc", 0.0, 100.0)
    return None if told is None else told / 100.0 if told > 1.0 else told


def _optional(record: Record, column: str, low: float, high: float) -> float | None:
    if not text(record, column):
        return None
    value = number(record, column)
    if not low <= value <= high:
        raise RowRefused(
            RowReason.OUT_OF_RANGE, column, value, f"{value:g} is outside {low:g} to {high:g}; check its unit"
        )
    return value


def _flag(record: Record, column: str) -> bool | None:
    told = text(record, column).lower()
    if told in _YES:
        return True
    if told and told not in _NO:
        raise RowRefused(RowReason.UNKNOWN_WORD, column, told, f"{told!r} is neither true nor false: write 1 or 0")
    return False if told else None


def _is_home(record: Record, home: Home | None) -> bool | None:
    latitude, longitude = _optional(record, "latitude", -90.0, 90.0), _optional(record, "longitude", -180.0, 180.0)
    if home is not None and latitude is not None and longitude is not None:
        return home.is_near(latitude, longitude)
    return _flag(record, "is_home")
