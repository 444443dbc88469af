"""The nine canonical files. Source: DESIGN section 6; the table in docs/reference/files.md is made from these."""

from math import inf, nan
from typing import Final

import numpy as np

from evenload.base.errors import InstantError
from evenload.base.instants import time_zone
from evenload.base.units import BoolArray
from evenload.domain.circuit import CircuitKind
from evenload.domain.session import PHASES, Control
from evenload.files.columns import Cells, Column, Kind, RowRule, TableSpec
from evenload.files.problems import RowReason

_UNKNOWN_INSTANT: Final = np.datetime64("NaT", "s")
_CIRCUIT_KW_MAX: Final = 1e8
_DEVICE_KW_MAX: Final = 1000.0
_SESSION_KWH_MAX: Final = 2000.0
_METERED_SLACK: Final = 1.05
_SOC_SLACK: Final = 0.01  # cars tell their state of charge in whole percents


def _text(name: str, text: str, *, required: bool = False) -> Column:
    return Column(name, text, Kind.TEXT, required, None if required else "")


def _word(name: str, text: str, words: tuple[str, ...], blank: str | None = None) -> Column:
    return Column(name, text, Kind.WORD, required=blank is None, blank=blank, words=words)


def _instant(name: str, text: str, *, required: bool = False) -> Column:
    return Column(name, text, Kind.INSTANT, required, None if required else _UNKNOWN_INSTANT)


def _device_kw(name: str, text: str, *, blank: float | None = None, low: float = 0.0) -> Column:
    return Column(
        name, text, required=blank is None, blank=blank, low=low, high=_DEVICE_KW_MAX, unit="kW", wrong_unit="W"
    )  # fmt: skip


def _circuit_kw(name: str, text: str, *, required: bool, blank: float | None, low: float = 0.0) -> Column:
    return Column(
        name, text, required=required, blank=blank, low=low, high=_CIRCUIT_KW_MAX, unit="kW", wrong_unit="W"
    )  # fmt: skip


def _energy_kwh(name: str, text: str, *, blank: float | None = None, low: float = 0.0) -> Column:
    return Column(
        name, text, required=blank is None, blank=blank, low=low, high=_SESSION_KWH_MAX, unit="kWh", wrong_unit="Wh"
    )  # fmt: skip


def _share(name: str, text: str, *, blank: float, low: float = 0.0) -> Column:
    return Column(name, text, blank=blank, low=low, high=1.0, wrong_unit="percent")


# -- rules between cells of a row --------------------------------------------------------------------------------------


def _not_after(later: str, earlier: str) -> RowRule:
    return RowRule(
        later,
        RowReason.NONPOSITIVE_DURATION,
        lambda cells: np.asarray(cells[later] <= cells[earlier]),
        f"is not after {earlier} {{{earlier}}}; are the two swapped, or the date of one wrong?",
    )


def _above(larger: str, limit: str) -> RowRule:
    return RowRule(
        larger,
        RowReason.CONTRADICTION,
        lambda cells: np.asarray(cells[larger] > cells[limit]),
        f"is more than {limit} {{{limit}}}; lower the one or raise the other",
    )


def _above_room(cells: Cells) -> BoolArray:
    room_kwh = (1.0 - cells["soc_at_plug_in"] + _SOC_SLACK) * cells["battery_kwh"]
    return np.asarray((cells["energy_kwh"] > room_kwh) & (cells["energy_kwh"] <= cells["battery_kwh"]))


def _more_energy_than_power_allows(cells: Cells) -> BoolArray:
    hours = (cells["unplugged_at"] - cells["plugged_at"]).astype(np.int64) / 3600.0
    return np.asarray((hours > 0) & (cells["energy_kwh_metered"] > cells["power_kw_max"] * hours * _METERED_SLACK))


def _rating_without_power_factor(cells: Cells) -> BoolArray:
    given = ~np.isnan(cells["rating_kva"])
    return np.asarray(np.isinf(cells["limit_kw"]) & given & np.isnan(cells["power_factor"]))


def _unknown_timezone(cells: Cells) -> BoolArray:
    zones, inverse = np.unique(cells["timezone"], return_inverse=True)
    return np.array([bool(zone) and not _is_zone(zone) for zone in zones.tolist()], dtype=np.bool_)[inverse]


def _is_zone(name: str) -> bool:
    try:
        time_zone(name)
    except InstantError:
        return False
    return True


def _not_a_currency(cells: Cells) -> BoolArray:
    currency = cells["currency"]
    three_capitals = np.char.isupper(currency) & np.char.isalpha(currency) & (np.char.str_len(currency) == 3)
    return np.asarray((currency != "") & ~three_capitals)


def _nothing_measured(cells: Cells) -> BoolArray:
    empty = np.ones(cells["power_kw"].shape, dtype=np.bool_)
    for name in ("power_kw", "energy_kwh_import", "energy_kwh_export", "soc"):
        empty &= np.isnan(cells[name])
    return np.asarray(empty & (cells["quality"] != "missing"))


# -- the files ---------------------------------------------------------------------------------------------------------

SESSIONS: Final = TableSpec(
    "sessions",
    "What is known of charging sessions when they are planned: one row a session.",
    (
        _text("session_id", "name of the session, used once", required=True),
        _text("node", "circuit of the grid file it is connected at", required=True),
        _instant("plugged_at", "plug-in", required=True),
        _instant("departs_at", "declared departure", required=True),
        _energy_kwh("energy_kwh", "need, into the battery; at the wall it is energy_kwh / efficiency"),
        _device_kw("power_kw_max", "highest power of car and charger, AC at the connector", low=0.05),
        _energy_kwh("energy_kwh_minimum", "part of the need wanted at once after plug-in", blank=0.0),
        _device_kw("power_kw_min", "lowest power but 0", blank=0.0),
        _device_kw("discharge_kw_max", "highest power back to the grid", blank=0.0),
        _share("efficiency", "one way, from connector into battery", blank=1.0, low=0.1),
        _share("discharge_efficiency", "one way, from battery to connector", blank=1.0, low=0.1),
        _energy_kwh("battery_kwh", "usable size of the battery", blank=nan, low=0.1),
        _share("soc_at_plug_in", "state of charge at plug-in", blank=nan),
        _share("soc_floor", "state of charge never to fall below; not known counts as 0", blank=nan),
        _word("control", "how finely power can be set", tuple(map(str, Control)), Control.CONTINUOUS.value),
        Column("voltage_v", "voltage of a phase", blank=nan, low=50, high=1000, unit="V"),
        Column("phases", "phases it draws from", Kind.WORD, blank="", words=PHASES),
        _device_kw("fallback_kw", "power it draws when it is out of reach", blank=nan),
        Column("priority", "higher goes first", Kind.INTEGER, blank=0, low=-1000, high=1000),
        _text("user_id", "driver or vehicle"),
        _text("site_type", "such as residential, workplace, public, depot"),
        _text("group", "group it belongs to, as events name them"),
        _text("opted_out_of", "event_id of each event its driver opted out of, with spaces between"),
        Column(
            "dwell_minutes", "what it is told stands this long at the least", blank=0.0, low=0, high=1440, unit="min"
        ),
        Column(
            "commands_max", "how often it may be told something new; -1 is any number", Kind.INTEGER, blank=-1,
            low=-1, high=1000,
        ),
        _word(
            "link", "whether its device can be told anything", ("ok", "offline", "stale", "disobedient"), "ok"
        ),
        Column("fallback_verified", "whether its device was seen to have its fallback stored", Kind.FLAG, blank=0),
        _device_kw("measured_kw", "what it was last measured at", blank=nan),
        Column("weight", "how much its share of a shortage counts, more after earlier ones", blank=1.0, low=0.01,
               high=1000),
    ),
    ("session_id",),
    (
        _not_after("departs_at", "plugged_at"),
        _above("energy_kwh_minimum", "energy_kwh"),
        _above("energy_kwh", "battery_kwh"),
        RowRule(
            "energy_kwh", RowReason.CONTRADICTION, _above_room,
            "is more than the battery has room for: battery_kwh {battery_kwh} at soc_at_plug_in {soc_at_plug_in} takes "
            "battery_kwh x (1 - soc_at_plug_in); correct one of the three",
        ),
        _above("power_kw_min", "power_kw_max"),
        _above("fallback_kw", "power_kw_max"),
    ),
)  # fmt: skip

HISTORY: Final = TableSpec(
    "history",
    "Charging sessions as they happened: one row a session.",
    (
        _text("session_id", "name of the session, used once", required=True),
        _instant("plugged_at", "plug-in", required=True),
        _instant("unplugged_at", "plug-out", required=True),
        _energy_kwh("energy_kwh_metered", "energy delivered, AC at the connector"),
        _device_kw("power_kw_max", "highest power the car drew, AC at the connector", blank=nan),
        _instant("departs_at_declared", "departure the driver had declared"),
        _energy_kwh("energy_kwh_declared", "need the driver had declared", blank=nan),
        _text("user_id", "driver or vehicle"),
        _text("port_id", "connector"),
        _text("site_id", "site"),
        _text("site_type", "such as residential, workplace, public, depot"),
        _text("node", "circuit of the grid file it was connected at"),
    ),
    ("session_id",),
    (
        _not_after("unplugged_at", "plugged_at"),
        RowRule(
            "energy_kwh_metered",
            RowReason.IMPOSSIBLE_POWER,
            _more_energy_than_power_allows,
            "is more than power_kw_max {power_kw_max} delivers in that time; "
            "check the two times, and that energy is in kWh",
        ),
    ),
)

GRID: Final = TableSpec(
    "grid",
    "The circuits as a tree: one row a node, the root with an empty parent.",
    (
        _text("node", "name of the circuit, used once", required=True),
        Column("parent", "circuit it hangs on; blank at the root", Kind.TEXT, required=True, blank=""),
        _word("kind", "what it is, from the top down", tuple(map(str, CircuitKind))),
        _circuit_kw(
            "limit_kw", "normal limit; blank is rating_kva x power_factor where both are given, else unlimited",
            required=True, blank=inf,
        ),
        _circuit_kw("emergency_limit_kw", "limit in an emergency; blank is limit_kw", required=False, blank=nan),
        _circuit_kw("export_limit_kw", "limit of power flowing up, 0 or more", required=False, blank=0.0),
        Column("rating_kva", "nameplate rating", blank=nan, low=0.1, high=_CIRCUIT_KW_MAX, unit="kVA", wrong_unit="VA"),
        _share("power_factor", "real over apparent power", blank=nan, low=0.1),
        Column("phases", "phases it carries", Kind.WORD, blank="", words=PHASES),
        _text("timezone", "IANA time zone, such as Europe/Oslo"),
    ),
    ("node",),
    (
        _above("limit_kw", "emergency_limit_kw"),
        RowRule(
            "rating_kva", RowReason.BLANK, _rating_without_power_factor,
            "has no power_factor beside it, and limit_kw is blank; give one of the two",
        ),
        RowRule(
            "timezone", RowReason.UNKNOWN_WORD, _unknown_timezone, "is not an IANA time zone such as Europe/Oslo"
        ),
    ),
)  # fmt: skip

LIMITS: Final = TableSpec(
    "limits",
    "Limits over time in place of those of the grid file: each holds until the node's next row.",
    (
        _text("node", "circuit of the grid file", required=True),
        _instant("timestamp", "from when it holds", required=True),
        _circuit_kw("limit_kw", "limit from then on", required=True, blank=None),
        _circuit_kw(
            "export_limit_kw", "limit of power flowing up from then on; blank leaves it as it was", required=False,
            blank=nan,
        ),
    ),
    ("node", "timestamp"),
)  # fmt: skip

LOAD: Final = TableSpec(
    "load",
    "Load that is not charging, negative for generation. A node left out has none.",
    (
        _text("node", "circuit of the grid file", required=True),
        _instant("timestamp", "start of the interval", required=True),
        _circuit_kw("load_kw", "mean power over the interval", required=True, blank=None, low=-_CIRCUIT_KW_MAX),
        _word(
            "kind", "direct: connected at the node; total: measured there with all below it",
            ("direct", "total"), "direct",
        ),
        *(
            _circuit_kw(
                f"load_kw_p{level}", f"load that is not exceeded with a probability of {level} %", required=False,
                blank=nan, low=-_CIRCUIT_KW_MAX,
            )
            for level in (10, 50, 90)
        ),
    ),
    ("node", "timestamp"),
    (_above("load_kw_p10", "load_kw_p50"), _above("load_kw_p50", "load_kw_p90"), _above("load_kw_p10", "load_kw_p90")),
)  # fmt: skip

SIGNAL: Final = TableSpec(
    "signal",
    "Price and carbon over time: coarser data than the horizon's steps is held, finer averaged, gaps refused.",
    (
        _instant("timestamp", "start of the interval", required=True),
        Column("price_per_kwh", "price", blank=nan, low=-10, high=10, unit="per kWh", wrong_unit="currency per MWh"),
        Column(
            "export_price_per_kwh", "price paid for power fed in", blank=nan, low=-10, high=10, unit="per kWh",
            wrong_unit="currency per MWh",
        ),
        _text("currency", "three capital letters, such as EUR"),
        Column("carbon_g_per_kwh", "emissions", blank=nan, low=-500, high=3000, unit="g/kWh", wrong_unit="g per MWh"),
        Column("carbon_kind", "what they are of", Kind.WORD, blank="", words=("marginal", "average")),
        _text("node", "circuit it holds at and below; blank is everywhere else"),
    ),
    ("timestamp", "node"),
    (
        RowRule(
            "currency", RowReason.UNKNOWN_WORD, _not_a_currency, "is not a currency code of three capital letters"
        ),
    ),
)  # fmt: skip

EVENTS: Final = TableSpec(
    "events",
    "Requests of the grid: one row an event and the node or group it is for.",
    (
        _text("event_id", "name of the event", required=True),
        _word("kind", "what is asked for", ("pause", "limit", "increase", "preparatory")),
        _instant("start", "start", required=True),
        _instant("end", "end", required=True),
        _text("node", "circuit it is for; blank is all"),
        _text("group", "group of sessions it is for; blank is all"),
        _circuit_kw("power_kw", "power asked for", required=False, blank=nan),
        Column("mandatory", "whether only a session's minimum goes before it", Kind.FLAG, blank=0),
        _instant("notified_at", "when participants were told"),
        _instant("cancelled_at", "when it was called off"),
    ),
    ("event_id", "node", "group"),
    (
        _not_after("end", "start"),
        RowRule(
            "power_kw", RowReason.BLANK,
            lambda cells: np.asarray((cells["kind"] == "limit") & np.isnan(cells["power_kw"])),
            "is blank, but an event of kind limit needs the power it limits to",
        ),
    ),
)  # fmt: skip

PLAN: Final = TableSpec(
    "plan",
    "Mean power of each session in each step; rows left out are 0.",
    (
        _text("session_id", "session of the sessions file", required=True),
        _instant("timestamp", "start of the step", required=True),
        _device_kw("power_kw", "mean over the step, AC at the connector; negative feeds in", low=-_DEVICE_KW_MAX),
    ),
    ("session_id", "timestamp"),
)

READINGS: Final = TableSpec(
    "readings",
    "What devices measured.",
    (
        _instant("timestamp", "start of an interval; sample time of a register or an instant", required=True),
        _text("device_id", "device", required=True),
        _word("source", "what measured", ("evse", "vehicle", "meter")),
        _word("kind", "mean over an interval, state of a counter, or a sample", ("interval", "register", "instant")),
        Column(
            "duration_s", "length of an interval", blank=nan, low=1, high=86_400, unit="s", wrong_unit="milliseconds"
        ),
        Column("power_kw", "power", blank=nan, low=-100_000, high=100_000, unit="kW", wrong_unit="W"),
        Column("energy_kwh_import", "energy from the grid", blank=nan, low=0, high=1e9, unit="kWh", wrong_unit="Wh"),
        Column("energy_kwh_export", "energy to the grid", blank=nan, low=0, high=1e9, unit="kWh", wrong_unit="Wh"),
        _share("soc", "state of charge", blank=nan),
        _word("quality", "how it came about", ("measured", "estimated", "missing"), "measured"),
    ),
    ("timestamp", "device_id", "source", "kind"),
    (
        RowRule(
            "duration_s", RowReason.BLANK,
            lambda cells: np.asarray((cells["kind"] == "interval") & np.isnan(cells["duration_s"])),
            "is blank, but a reading of kind interval needs its length",
        ),
        RowRule(
            "quality", RowReason.BLANK, _nothing_measured,
            "is not missing, but no power, energy or state of charge is given; write missing, or what was measured",
        ),
    ),
)  # fmt: skip

SPECS: Final = (SESSIONS, HISTORY, GRID, LIMITS, LOAD, SIGNAL, EVENTS, PLAN, READINGS)
"""Every canonical file, in the order of the documentation."""
