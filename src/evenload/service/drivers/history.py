"""What a driver's cars charged, cost and emitted, against charging at once at plug-in. Gaps are told as gaps."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Final

from evenload.base.instants import Interval, time_zone
from evenload.domain.station_readings import Quality
from evenload.service.driver_rows import DriverRow
from evenload.service.drivers import owning
from evenload.service.drivers.choosing import zone_of
from evenload.service.live_rows import DeviceRow, SessionRow, SignalRow
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope

_SLOT: Final = timedelta(minutes=15)
_HOURS: Final = 0.25
_ROUNDING: Final = 0.02
"""Quarter hours whose sum is within that share of what was metered tell all of it."""

_NOISE_KWH: Final = 0.05


class By(StrEnum):
    """What history is summed up by."""

    SESSION = "session"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Sums:
    """Energy (kWh at the connector), what of it has a known cost and carbon, and what charging at once would have been.

    ``cost`` is of ``energy_kwh_priced`` alone, ``carbon_g`` of ``energy_kwh_with_carbon``. ``cost_at_once_estimate`` is
    of the same energy as ``cost`` and ``None`` where some price of then is not known; so with carbon.
    ``energy_kwh_untimed`` was metered, but nobody knows when it flowed, so it has neither.
    """

    energy_kwh: float = 0.0
    energy_kwh_estimated: float = 0.0
    energy_kwh_priced: float = 0.0
    energy_kwh_with_carbon: float = 0.0
    energy_kwh_untimed: float = 0.0
    cost: float = 0.0
    carbon_g: float = 0.0
    cost_at_once_estimate: float | None = 0.0
    carbon_g_at_once_estimate: float | None = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            *(
                None if one is None or another is None else one + another
                for one, another in zip(self.values(), other.values(), strict=True)
            )  # type: ignore[arg-type]
        )

    @property
    def saved_estimate(self) -> float | None:
        """Money that charging at once at plug-in would have cost more; ``None`` where some price is not known."""
        return None if self.cost_at_once_estimate is None else self.cost_at_once_estimate - self.cost

    @property
    def carbon_g_saved_estimate(self) -> float | None:
        """Carbon that charging at once would have emitted more; ``None`` where that is not known."""
        return None if self.carbon_g_at_once_estimate is None else self.carbon_g_at_once_estimate - self.carbon_g

    def values(self) -> tuple[float | None, ...]:
        """All of it, in order."""
        return (self.energy_kwh, self.energy_kwh_estimated, self.energy_kwh_priced, self.energy_kwh_with_carbon,
                self.energy_kwh_untimed, self.cost, self.carbon_g, self.cost_at_once_estimate,
                self.carbon_g_at_once_estimate)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A session, local day or month. ``gaps`` says in words what is not known."""

    name: str
    start: datetime
    end: datetime | None
    vehicle_id: str
    sums: Sums
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """Entries in order of time, and all of them together. ``currency`` is empty where no price is known."""

    entries: Sequence[Entry]
    total: Sums
    currency: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Values:
    """Prices and carbon of a place by quarter hour."""

    price: Mapping[datetime, float] = field(default_factory=dict)
    carbon: Mapping[datetime, float] = field(default_factory=dict)
    currency: str = ""

    @classmethod
    def of(cls, rows: Iterable[SignalRow], node: str) -> "Values":
        """Of signals everywhere, and of a node in place of those where it has its own."""
        price: dict[datetime, float] = {}
        carbon: dict[datetime, float] = {}
        currency = ""
        for row in sorted((one for one in rows if one.node in ("", node)), key=lambda one: (one.node, one.at)):
            for at in slots_of(Interval(row.at, row.at + timedelta(seconds=row.duration_s))):
                if row.price_per_kwh is not None:
                    price[at], currency = row.price_per_kwh, row.currency
                if row.carbon_g_per_kwh is not None:
                    carbon[at] = row.carbon_g_per_kwh
        return cls(price, carbon, currency)


def history(
    scope: Scope, store: Store, driver_id: str, window: Interval, by: By, now: datetime, vehicle_id: str = ""
) -> History:
    """What a driver's vehicles, or the one that is named, charged in a window: what of it flowed within."""
    with store.reading() as unit:
        driver = owning.seen(unit, scope, driver_id)
        wanted = [owning.vehicle_of(driver, vehicle_id)] if vehicle_id else list(driver.vehicles)
        return _history(unit, driver, wanted, window, by, now)


def _history(
    unit: Unit, driver: DriverRow, vehicles: Sequence[str], window: Interval, by: By, now: datetime
) -> History:  # fmt: skip
    zone = zone_of(unit, driver)
    sessions = unit.sessions.of_vehicles(driver.tenant, vehicles, window)
    first = min([window.start, *(one.plugged_at for one in sessions)])
    signals = unit.signals.within(driver.tenant, Interval(first, window.end + timedelta(days=1)))
    sums: defaultdict[tuple[str, str], Sums] = defaultdict(Sums)
    starts: dict[tuple[str, str], tuple[datetime, datetime | None, str]] = {}
    total, currency = Sums(), ""
    for session in sessions:
        device = unit.devices.find(driver.tenant, session.device_id)
        values = Values.of(signals, session.site_id)
        currency = currency or values.currency
        for day, part in parts_of(unit, session, device, values, zone, window, now).items():
            key = _key(session, day, by)
            sums[key] += part
            total += part
            starts.setdefault(key, _span(session, day, by, zone))
    entries = [
        Entry(name, *starts[order, name][:2], starts[order, name][2], part, gaps_of(part))
        for (order, name), part in sorted(sums.items())
    ]
    return History(entries, total, currency, zone)


def parts_of(
    unit: Unit, session: SessionRow, device: DeviceRow | None, values: Values, zone: str, window: Interval,
    now: datetime,
) -> dict[str, Sums]:  # fmt: skip
    """What a session charged by local day (``YYYY-MM-DD``), of what flowed within a window."""
    end = min(session.unplugged_at or now, now)
    stay = Interval(session.plugged_at, max(end, session.plugged_at + timedelta(seconds=1)))
    flowed = _flowed(unit, session, device, stay)
    untimed = max(session.energy_kwh_delivered - sum(flowed.values()), 0.0)
    if untimed < _NOISE_KWH:
        untimed = 0.0
    at_once = _at_once(session, device, sum(flowed.values()), values)
    found: defaultdict[str, Sums] = defaultdict(Sums)
    clock, share = time_zone(zone), _Share(sum(flowed.values()), at_once)
    for at, kwh in flowed.items():
        if at in window or (at < window.start < at + _SLOT):
            is_estimate = session.energy_quality is not Quality.MEASURED
            found[f"{at.astimezone(clock):%Y-%m-%d}"] += share.sums(at, kwh, values, estimated=is_estimate)
    if untimed and session.plugged_at in window:
        found[f"{session.plugged_at.astimezone(clock):%Y-%m-%d}"] += Sums(untimed, energy_kwh_untimed=untimed)
    if not found and session.plugged_at in window:
        found[f"{session.plugged_at.astimezone(clock):%Y-%m-%d}"] += Sums()
    return dict(found)


@dataclass(frozen=True, slots=True)
class _Share:
    """What charging at once would have been, per kWh: each kWh that flowed bears the same part of it."""

    energy_kwh: float
    at_once: tuple[float | None, float | None]

    def sums(self, at: datetime, kwh: float, values: Values, *, estimated: bool) -> Sums:
        price, carbon = values.price.get(at), values.carbon.get(at)
        part = kwh / self.energy_kwh if self.energy_kwh else 0.0
        cost, grams = (None if one is None else one * part for one in self.at_once)
        return Sums(
            kwh, kwh if estimated else 0.0, 0.0 if price is None else kwh, 0.0 if carbon is None else kwh, 0.0,
            (price or 0.0) * kwh, (carbon or 0.0) * kwh, None if price is None else cost,
            None if carbon is None else grams,
        )  # fmt: skip


def _flowed(unit: Unit, session: SessionRow, device: DeviceRow | None, stay: Interval) -> dict[datetime, float]:
    """Energy of a stay by quarter hour (kWh), no more in all than was metered."""
    if device is None:
        return {}
    window = Interval(stay.start - _SLOT, stay.end)
    rows = unit.slots.of_evse(device.station, device.evse_id, window)
    kwh = {one.at: one.power_kw * _HOURS for one in rows if one.at + _SLOT > stay.start and one.power_kw > 0}
    metered, told = session.energy_kwh_delivered, sum(kwh.values())
    if told > 0 and (told > metered or told > metered * (1 - _ROUNDING)):
        return {at: one * metered / told for at, one in kwh.items()}
    return kwh


def _at_once(
    session: SessionRow, device: DeviceRow | None, energy_kwh: float, values: Values
) -> tuple[float | None, float | None]:  # fmt: skip
    """Cost and carbon (g) of the same energy at full power from plug-in on; ``None`` where a value is not known."""
    power_kw = min(device.power_kw_max if device else inf, session.power_kw_max or inf)
    if power_kw in (0.0, inf):
        return None, None
    cost: float | None = 0.0
    grams: float | None = 0.0
    at, left = session.plugged_at, energy_kwh
    while left > 0 and (cost is not None or grams is not None):
        slot = next(slots_of(Interval(at, at + timedelta(seconds=1))))
        hours = (slot + _SLOT - at).total_seconds() / 3600
        kwh = min(left, power_kw * hours)
        price, carbon = values.price.get(slot), values.carbon.get(slot)
        cost = None if cost is None or price is None else cost + price * kwh
        grams = None if grams is None or carbon is None else grams + carbon * kwh
        at, left = slot + _SLOT, left - kwh
    return cost, grams


def slots_of(window: Interval) -> Iterator[datetime]:
    """Starts of quarter hours that some of a window falls into."""
    at = window.start.replace(minute=window.start.minute - window.start.minute % 15, second=0, microsecond=0)
    while at < window.end:
        yield at
        at += _SLOT


def gaps_of(sums: Sums) -> tuple[str, ...]:
    """What is not known of a sum, in words."""
    timed = sums.energy_kwh - sums.energy_kwh_untimed
    without_price, without_carbon = timed - sums.energy_kwh_priced, timed - sums.energy_kwh_with_carbon
    said = []
    if sums.energy_kwh_untimed >= _NOISE_KWH:
        said.append(
            f"when {sums.energy_kwh_untimed:.1f} kWh flowed is not known, so neither their cost nor their carbon"
        )
    if without_price >= _NOISE_KWH:
        said.append(f"the cost of {without_price:.1f} kWh is not known: no price of then")
    if without_carbon >= _NOISE_KWH:
        said.append(f"the carbon of {without_carbon:.1f} kWh is not known")
    if sums.energy_kwh_estimated >= _NOISE_KWH:
        said.append(f"{sums.energy_kwh_estimated:.1f} kWh are estimated")
    return tuple(said)


def _key(session: SessionRow, day: str, by: By) -> tuple[str, str]:
    if by is By.SESSION:
        return session.plugged_at.isoformat(), session.session_id
    name = day if by is By.DAY else day[:7]
    return name, name


def _span(session: SessionRow, day: str, by: By, zone: str) -> tuple[datetime, datetime | None, str]:
    if by is By.SESSION:
        return session.plugged_at, session.unplugged_at, session.vehicle_id
    year, month, date = (int(one) for one in day.split("-"))
    clock, utc = time_zone(zone), session.plugged_at.tzinfo
    if by is By.MONTH:
        start = datetime(year, month, 1, tzinfo=clock)
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=clock)
    else:
        start = datetime(year, month, date, tzinfo=clock)
        end = start + timedelta(days=1)  # by its clocks: a day has 23 to 25 hours
    return start.astimezone(utc), end.astimezone(utc), ""
