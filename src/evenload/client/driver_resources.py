"""What the API answers of drivers, with the names it uses."""

from datetime import datetime

import msgspec


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """Who drives what; no names or addresses."""

    driver_id: str
    user_id: str = ""
    vehicles: list[str] = []
    site_id: str = ""
    language: str = "en"
    currency: str = ""
    made_at: datetime | None = None


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """A local time for each weekday, empty for a day without a departure."""

    mon: str = ""
    tue: str = ""
    wed: str = ""
    thu: str = ""
    fri: str = ""
    sat: str = ""
    sun: str = ""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver wishes for a vehicle, stay after stay. States of charge are 0 to 1, energies at the connector."""

    vehicle_id: str = ""
    ready_by: Week = Week()
    soc_target: float | None = None
    soc_minimum: float | None = None
    energy_kwh: float | None = None
    energy_kwh_minimum: float | None = None
    made_at: datetime | None = None
    made_by: str = ""
    ended_at: datetime | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A choice for a while: skip, boost, opt_out or vacation."""

    choice_id: str
    kind: str
    vehicle_id: str
    start: datetime
    end: datetime | None
    event_id: str
    reason: str
    made_at: datetime | None
    made_by: str
    undone_at: datetime | None
    undone_by: str
    session_id: str
    settled: bool


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a vehicle is charging or not."""

    vehicle_id: str
    session_id: str
    code: str
    sentence: str
    is_charging: bool
    starts_at: datetime | None
    ready_at: datetime | None
    plan_id: str


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle will have when it leaves."""

    session_id: str
    vehicle_id: str
    at: datetime
    basis: str
    sentence: str
    is_met: bool
    by: datetime
    energy_kwh: float
    energy_kwh_wanted: float
    soc: float | None
    soc_wanted: float | None
    ready_at: datetime | None
    reason: str
    plan_id: str
    corrects: bool


class Charged(msgspec.Struct, frozen=True, kw_only=True):
    """What was charged, its cost and carbon as far as they are known, and at once instead."""

    energy_kwh: float
    energy_kwh_estimated: float
    energy_kwh_priced: float
    energy_kwh_with_carbon: float
    energy_kwh_untimed: float
    cost: float
    carbon_g: float
    cost_at_once_estimate: float | None
    carbon_g_at_once_estimate: float | None
    saved_estimate: float | None
    carbon_g_saved_estimate: float | None
    gaps: list[str]


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A session, a local day or a month."""

    name: str
    start: datetime
    end: datetime | None
    vehicle_id: str
    charged: Charged


class HistoryOfDriver(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver's vehicles charged in a window."""

    items: list[HistoryEntry]
    total: Charged
    currency: str
    timezone: str


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What charging the rest at once would cost, against the plan; estimates all."""

    session_id: str
    vehicle_id: str
    energy_kwh: float
    cost_planned_estimate: float | None
    cost_at_once_estimate: float | None
    cost_more_estimate: float | None
    carbon_g_planned_estimate: float | None
    carbon_g_at_once_estimate: float | None
    carbon_g_more_estimate: float | None
    ready_at_planned: datetime | None
    ready_at_once: datetime | None
    currency: str
    gaps: list[str]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """Another time to be ready by on a weekday."""

    suggestion_id: str
    vehicle_id: str
    weekday: str
    ready_by: str
    ready_by_now: str
    count: int
    spread_minutes: int
    sentence: str


class DriverLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that lets its bearer speak for a driver, without its secret."""

    link_id: str
    made_by: str
    made_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
