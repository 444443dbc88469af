"""What every store promises of sites, devices, sessions, limits, plans and users."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from evenload.base.errors import InvariantError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.session import Control
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality
from evenload.service.access_rows import AuditRow, KeyRow, ReplyRow, Role, UserRow, WebhookRow
from evenload.service.live_rows import (
    CircuitRow,
    DecisionRow,
    DeviceRow,
    LimitRow,
    LoadKind,
    LoadRow,
    NeedBasis,
    PlannedSession,
    PlanRow,
    SessionRow,
    SignalRow,
    SiteRow,
    VehicleRow,
)
from evenload.service.ports import Store

pytestmark = pytest.mark.requirement("R106")

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE, THERE = "home", "depot"
WINDOW = Interval(T0, T0 + HOUR)


def test_circuits_come_back_with_what_is_unlimited_or_unknown(store: Store) -> None:
    root = Circuit("T1", "", CircuitKind.TRANSFORMER, 100.5, 120, inf, 160, 0.95, "ABC", "Europe/Oslo")
    plain = Circuit("S1", "T1", CircuitKind.SITE)
    with store.writing() as unit:
        unit.circuits.put([CircuitRow(HERE, root), CircuitRow(HERE, plain), CircuitRow(THERE, plain)])
        unit.circuits.put([CircuitRow(HERE, replace(root, limit_kw=90.0))])
    with store.reading() as unit:
        assert unit.circuits.of(HERE) == [plain, replace(root, limit_kw=90.0)]
        assert unit.circuits.of(HERE, count=1) == [plain]
        assert unit.circuits.of(HERE, after="S1", count=9) == [replace(root, limit_kw=90.0)]
        assert unit.circuits.find(HERE, "S1") == plain
        assert unit.circuits.find(THERE, "T1") is None
    with store.writing() as unit:
        unit.circuits.remove(HERE, ["S1", "none"])
    with store.reading() as unit:
        assert [one.node for one in unit.circuits.of(HERE)] == ["T1"]
        assert unit.circuits.of(THERE) == [plain]


def test_sites_by_pages(store: Store) -> None:
    full = SiteRow(HERE, "b", "Café", "Europe/Oslo", "06:30", 12.5, 3.0, "modbus:10.0.0.1", 88.0, T0)
    rows = [SiteRow(HERE, "a"), full, SiteRow(HERE, "c"), SiteRow(THERE, "a", "other")]
    with store.writing() as unit:
        unit.sites.put(rows)
    with store.reading() as unit:
        assert unit.sites.find(HERE, "b") == full
        assert unit.sites.of(HERE) == rows[:3]
        assert unit.sites.of(HERE, after="a", count=1) == [full]
    with store.writing() as unit:
        unit.sites.remove(HERE, "b")
        unit.sites.remove(HERE, "none")
    with store.reading() as unit:
        assert unit.sites.find(HERE, "b") is None
        assert unit.sites.find(THERE, "a") == rows[3]


FULL_DEVICE = DeviceRow(
    HERE, "d1", "site", "CP1", 2, 22.0, 4.14, 3, 400.0, 3.7, 5, Control.STEPPED, managed=False, enrolled_at=T0,
    commands_max=6, dwell_minutes=12.5,
)  # fmt: skip


def test_devices_of_stations_sites_and_claims(store: Store) -> None:
    retired = DeviceRow(HERE, "d0", "site", "CP1", 2, retired_at=T0)
    second = DeviceRow(HERE, "d2", "elsewhere", "CP1", 1)
    claimed = DeviceRow(THERE, "d9", "site", "CP1", 1)
    with store.writing() as unit:
        unit.devices.put([FULL_DEVICE, retired, second, claimed])
    with store.reading() as unit:
        assert unit.devices.find(HERE, "d1") == FULL_DEVICE
        assert unit.devices.at_stations([StationId(HERE, "CP1"), StationId(HERE, "none")]) == [second, FULL_DEVICE]
        assert unit.devices.of(HERE) == [FULL_DEVICE, second]
        assert unit.devices.of(HERE, retired=True, count=2) == [retired, FULL_DEVICE]
        assert unit.devices.of(HERE, after="d1") == [second]
        assert unit.devices.of(HERE, site_id="site") == [FULL_DEVICE]
        assert unit.devices.claimed_by("CP1") == [THERE, HERE]
        assert unit.devices.claimed_by("CP2") == []


def test_two_devices_may_not_be_one_evse(store: Store) -> None:
    twin = replace(FULL_DEVICE, device_id="d2")
    with store.writing() as unit:
        unit.devices.put([FULL_DEVICE])
    with pytest.raises(InvariantError), store.writing() as unit:
        unit.devices.put([twin])
    with store.writing() as unit:  # one takes the place of the other
        unit.devices.put([twin, replace(FULL_DEVICE, retired_at=T0)])
    with store.reading() as unit:
        assert unit.devices.of(HERE) == [twin]


def test_vehicles_by_token(store: Store) -> None:
    full = VehicleRow(HERE, "v1", "Leaf", "card7", 40.0, 6.6, "05:00", 9.5, 2.0, T0)
    without = VehicleRow(HERE, "v2")
    with store.writing() as unit:
        unit.vehicles.put([full, without, replace(full, tenant=THERE)])
    with store.reading() as unit:
        assert unit.vehicles.with_tokens(HERE, ["card7", "", "x"]) == [full]
        assert unit.vehicles.of(HERE, after="v1") == [without]
    with store.writing() as unit:
        unit.vehicles.remove(HERE, "v1")
    with store.reading() as unit:
        assert unit.vehicles.find(HERE, "v1") is None


def session(name: str, hours: float, ended: float | None = None, device: str = "d1") -> SessionRow:
    plugged = T0 + hours * HOUR
    unplugged = None if ended is None else T0 + ended * HOUR
    return SessionRow(HERE, name, device, "site", plugged, plugged + 8 * HOUR, 20.0, unplugged_at=unplugged)


def test_sessions_by_time_and_device(store: Store) -> None:
    full = replace(
        session("s9", -2), basis=NeedBasis.DRIVER, energy_kwh_minimum=4.0, power_kw_max=11.0, began=Quality.ESTIMATED,
        vehicle_id="v", transaction_id="17", energy_kwh_delivered=3.25, energy_quality=Quality.ESTIMATED,
        energy_kwh_before=1.5, register_kwh_start=100.125, power_kw=7.4, soc=0.5, metered_at=T0,
        suspended_by_vehicle=True, opted_out=True, boosted=True, heard_at=T0, transaction_ended="16",
        energy_kwh_ended=1.5,
    )  # fmt: skip
    ended, touching, later = session("s1", -3, 0.5), session("s2", -3, 0), session("s3", 1, device="d2")
    with store.writing() as unit:
        unit.sessions.put([full, ended, touching, later, replace(full, tenant=THERE)])
    with store.reading() as unit:
        assert unit.sessions.find(HERE, "s9") == full
        assert unit.sessions.going_on(HERE) == [full, later]
        assert unit.sessions.going_on_at(HERE, ["d2", "d1", "d7"]) == [full, later]
        assert unit.sessions.going_on_at(HERE, []) == []
        assert unit.sessions.within(HERE, WINDOW) == [ended, full]
        assert unit.sessions.within(HERE, WINDOW, after="s1", count=5) == [full]
        assert unit.sessions.within(HERE, Interval(T0, T0 + 2 * HOUR), device_id="d2") == [later]
    with store.writing() as unit:
        unit.sessions.put([replace(full, unplugged_at=T0 + HOUR)])
    with store.reading() as unit:
        assert unit.sessions.going_on(HERE) == [later]
        assert len(unit.sessions.going_on(THERE)) == 1


def test_limits_that_hold_in_a_window(store: Store) -> None:
    holds = LimitRow(HERE, "l2", "T1", T0 - HOUR, T0 + HOUR, 50.5, "peak", "ann", T0)
    before, after = (
        replace(holds, limit_id="l1", end=T0),
        replace(holds, limit_id="l3", start=T0 + HOUR, end=T0 + 2 * HOUR),
    )
    cancelled = replace(holds, limit_id="l0", cancelled_at=T0)
    with store.writing() as unit:
        unit.limits.put([holds, before, after, cancelled, replace(holds, tenant=THERE)])
    with store.reading() as unit:
        assert unit.limits.within(HERE, WINDOW) == [holds]
        assert unit.limits.within(HERE, WINDOW, cancelled=True) == [cancelled, holds]
        assert unit.limits.find(HERE, "l3") == after


def test_signals_are_replaced_and_held(store: Store) -> None:
    first = SignalRow(HERE, "", T0 - HOUR / 2, 3600.0, 0.25, -0.05, "EUR", 300.0)
    node = SignalRow(HERE, "T1", T0, 900.0, carbon_g_per_kwh=1.0)
    gone = SignalRow(HERE, "", T0 - HOUR, 1800.0, 0.1)
    with store.writing() as unit:
        unit.signals.put([node, first, gone, replace(node, at=T0 + HOUR), replace(first, tenant=THERE)])
        unit.signals.put([replace(first, price_per_kwh=0.5)])
    with store.reading() as unit:
        assert unit.signals.within(HERE, WINDOW) == [replace(first, price_per_kwh=0.5), node]
        assert unit.signals.within(HERE, WINDOW, "T1") == [node]


def test_loads_and_the_latest(store: Store) -> None:
    rows = [LoadRow(HERE, "T1", T0 + n * HOUR / 4, 900.0, float(n)) for n in range(5)]
    total = LoadRow(HERE, "T1", T0, 900.0, -3.5, LoadKind.TOTAL, Quality.ESTIMATED)
    other = LoadRow(HERE, "T2", T0, 900.0, 1.0)
    with store.writing() as unit:
        unit.loads.put([*reversed(rows[1:]), total, other, replace(other, tenant=THERE)])
        unit.loads.put([rows[0], replace(rows[4], load_kw=9.0)])  # late, and corrected
    with store.reading() as unit:
        assert unit.loads.within(HERE, WINDOW) == [rows[0], total, *rows[1:4], other]
        assert unit.loads.within(HERE, WINDOW, ["T2", "none"]) == [other]
        latest = [replace(rows[4], load_kw=9.0), total, other]
        assert unit.loads.latest(HERE) == latest
        for place, row in enumerate(latest):
            assert unit.loads.latest(HERE, after=(row.node, str(row.kind)), count=1) == latest[place + 1 : place + 2]
        assert unit.loads.latest(HERE, after=("T1", "")) == latest


def test_plans_keep_powers_and_never_the_last_one_less(store: Store) -> None:
    sessions = (
        PlannedSession("s1", 3, (7.4, 0.0, -3.6, 11.0001), "feeder F1 is at its limit"),
        PlannedSession("s2", 0, ()),
        PlannedSession("ß", 95, (0.1,)),
    )
    plans = [PlanRow(HERE, f"p{n}", T0 + n * HOUR, "tick", T0, 15.0, 96, '{"gap":0.01}', sessions) for n in range(3)]
    with store.writing() as unit:
        for row in (*plans, replace(plans[0], tenant=THERE, sessions=())):
            unit.plans.add(row)
    with store.reading() as unit:
        assert unit.plans.find(HERE, "p1") == plans[1]
        assert unit.plans.find(HERE, "p9") is None
        assert unit.plans.last(HERE) == [plans[2]]
        assert unit.plans.last(HERE, 2) == [plans[2], plans[1]]
        assert unit.plans.last(HERE, 2, only=()) == [replace(row, sessions=()) for row in (plans[2], plans[1])]
        assert unit.plans.last(HERE, only=("ß", "none")) == [replace(plans[2], sessions=sessions[2:])]
    with store.writing() as unit:
        assert unit.plans.prune(HERE, T0 + HOUR) == 1
        assert unit.plans.prune(HERE, T0 + 99 * HOUR) == 1
    with store.reading() as unit:
        assert unit.plans.last(HERE, 9) == [plans[2]]
        assert len(unit.plans.last(THERE, 9)) == 1


def test_decisions_from_the_last_back(store: Store) -> None:
    rows = [DecisionRow(HERE, T0 + n * HOUR, f"d{n % 2}", f"s{n}", "limit", "why", 7.4, "p", "o") for n in range(4)]
    with store.writing() as unit:
        unit.decisions.add([*rows, replace(rows[0], tenant=THERE)])
    with store.reading() as unit:
        kept = unit.decisions.last(HERE, 9)
        assert [replace(row, number=0) for row in kept] == rows[::-1]
        assert [row.number for row in kept] == sorted({row.number for row in kept}, reverse=True)
        assert unit.decisions.last(HERE, 1, device_id="d0") == [kept[1]]
        assert unit.decisions.last(HERE, 9, session_id="s0") == [kept[3]]
        assert unit.decisions.last(HERE, 9, before=kept[1].number) == kept[2:]


def test_users_and_keys(store: Store) -> None:
    ann = UserRow(HERE, "u1", "Ann@Example.com", Role.ADMIN, "Ann", "hash", "", "", T0)
    twin = UserRow(THERE, "u1", "ann@example.COM", issuer="https://idp", subject="7", disabled_at=T0)
    key = KeyRow(HERE, "k1", "script", Role.OPERATOR, "hash", "u1", T0, T0 + HOUR)
    with store.writing() as unit:
        unit.users.put([twin, ann])
        unit.users.put_keys([key, replace(key, key_id="k0"), replace(key, tenant=THERE, key_id="k2")])
        unit.users.put_keys([replace(key, revoked_at=T0)])
    with store.reading() as unit:
        assert unit.users.find(HERE, "u1") == ann
        assert unit.users.with_email("ANN@example.com") == [twin, ann]
        assert unit.users.with_subject("https://idp", "7") == [twin]
        assert unit.users.of(HERE) == [ann]
        assert unit.users.find_key("k1") == replace(key, revoked_at=T0)
        assert unit.users.find_key("k9") is None
        assert [row.key_id for row in unit.users.keys_of(HERE)] == ["k0", "k1"]


def test_the_audit_log_only_grows(store: Store) -> None:
    rows = [AuditRow(HERE, T0, "ann", "limit.put", f"l{n}", "{}", f"d{n - 1}", f"d{n}") for n in range(3)]
    with store.writing() as unit:
        assert unit.audit.last_digest(HERE) == ""
        for row in (*rows, replace(rows[0], tenant=THERE)):
            unit.audit.add(row)
    with store.reading() as unit:
        kept = unit.audit.after(HERE, 0, 9)
        assert [replace(row, number=0) for row in kept] == rows
        assert unit.audit.after(HERE, kept[0].number, 1) == [kept[1]]
        assert unit.audit.last(HERE, 2) == [kept[2], kept[1]]
        assert unit.audit.last_digest(HERE) == "d2"


def test_webhooks_and_replies(store: Store) -> None:
    hook = WebhookRow(HERE, "w1", "https://x.example/y", ("session.started", "limit.put"), "secret", T0, None, 7)
    reply = ReplyRow(HERE, "key", "digest", 201, '{"a":1}', T0)
    with store.writing() as unit:
        unit.webhooks.put([hook, WebhookRow(HERE, "w0", "u"), replace(hook, tenant=THERE)])
        unit.webhooks.remove(HERE, "w0")
        unit.replies.add(reply)
        unit.replies.add(replace(reply, status=500))
        unit.replies.add(replace(reply, key="late", made_at=T0 + HOUR))
    with store.reading() as unit:
        assert unit.webhooks.of(HERE) == [hook]
        assert unit.webhooks.find(HERE, "w1") == hook
        assert unit.replies.find(HERE, "key") == reply
        assert unit.replies.find(THERE, "key") is None
    with store.writing() as unit:
        unit.replies.prune(T0 + HOUR)
    with store.reading() as unit:
        assert unit.replies.find(HERE, "key") is None
        assert unit.replies.find(HERE, "late") is not None
