import inspect
from datetime import timedelta
from typing import Any

import msgspec
import pytest

import evenload.client as client_room
from evenload.client import (
    ApiError,
    Circuit,
    Client,
    ConflictApiError,
    Device,
    Driver,
    EnergyManager,
    ForbiddenApiError,
    Load,
    NotFoundApiError,
    Signal,
    Site,
    UnauthorisedApiError,
    UnreachableApiError,
    Vehicle,
    Week,
    Wish,
)
from evenload.service.access_rows import Role
from evenload.web.routes import (
    cables,
    circuits,
    decisions,
    devices,
    driver_figures,
    driver_wishes,
    drivers,
    ems,
    limits,
    loads,
    me,
    plans,
    readings,
    sessions,
    signals,
    sites,
    stations,
    vehicle_links,
    vehicles,
)

RESOURCES = {
    "Site": sites.Site, "Circuit": circuits.NamedCircuit, "Device": devices.Device, "Station": stations.Station,
    "Vehicle": vehicles.Vehicle, "Session": sessions.Session, "Limit": limits.PostedLimit, "Load": loads.Load,
    "LoadFlag": loads.Flag, "LoadsKept": loads.LoadsKept, "Signal": signals.Signal,
    "Reading": readings.MeteredReading, "Decision": decisions.Decision, "PlannedSession": plans.Planned,
    "Plan": plans.Plan, "PlannedStep": sessions.PlannedStep, "Explanation": sessions.Explained, "Me": me.Me,
    "Driver": drivers.Driver, "Reason": drivers.Reason, "Promise": drivers.Promise, "DriverLink": drivers.DriverLink,
    "Week": driver_wishes.Week, "Wish": driver_wishes.Wish, "Choice": driver_wishes.Choice,
    "VehicleLink": vehicle_links.VehicleLink, "VehicleLinkBegun": vehicle_links.VehicleLinkBegun,
    "VehicleState": vehicle_links.VehicleState, "VehicleAct": vehicle_links.VehicleAct,
    "VehicleActsAccount": vehicle_links.ActsAccount,
    "CablePair": cables.Pair, "CableConflict": cables.Conflict, "CableEnds": cables.CableEnds,
    "EnergyManager": ems.EnergyManager,
    "Charged": driver_figures.Charged, "HistoryEntry": driver_figures.HistoryEntry, "Quote": driver_figures.Quote,
    "HistoryOfDriver": driver_figures.HistoryOfDriver, "Suggestion": driver_figures.Suggestion,
}  # fmt: skip


def test_the_client_knows_every_field_the_server_answers() -> None:
    structs = {
        name: one for name, one in vars(client_room).items() if inspect.isclass(one) and issubclass(one, msgspec.Struct)
    }
    assert set(structs) == set(RESOURCES) | {"News"}
    for name, model in RESOURCES.items():
        assert set(structs[name].__struct_fields__) == set(model.model_fields), name


def test_a_driver_is_asked_and_speaks(served: Any) -> None:
    with served.client() as evenload:
        evenload.put_vehicle(Vehicle(vehicle_id="leaf", battery_kwh=45.0))
        ann = evenload.driver("ann")
        assert ann.put(Driver(driver_id="ann", vehicles=["leaf"], currency="EUR")) == ann.get()
        assert [one.driver_id for one in evenload.drivers()] == ["ann"]
        wish = ann.wish(Wish(ready_by=Week(mon="07:00"), soc_target=0.8))
        assert (wish.vehicle_id, wish.ready_by.mon, ann.wishes()) == ("leaf", "07:00", [wish])
        ann.wish(Wish(energy_kwh=12.0))
        assert (ann.undo_wish().soc_target, len(ann.wishes(past=True))) == (0.8, 3)
        skip = ann.skip(reason="on foot")
        assert ann.undo(skip.choice_id).settled
        assert skip.end is not None
        away = ann.vacation(skip.end + timedelta(days=9), skip.end)
        out = ann.opt_out(start=skip.start, end=skip.end)
        assert [one.choice_id for one in ann.choices(2)] == [out.choice_id, away.choice_id]
        assert [one.code for one in ann.why()] == ["not_plugged_in"]
        assert (ann.forecast(), ann.suggestions(), ann.history().items) == ([], [], [])
        for ask in (ann.boost, ann.quote):
            with pytest.raises(ConflictApiError, match="no vehicle of ann is plugged in"):
                ask()
        with pytest.raises(NotFoundApiError, match="no suggestion"):
            ann.answer("leaf.fri.0640", accept=True)
        link = ann.add_link(days=2.0)
        with Client(served.url, link) as own:
            assert (own.me().role, own.me().driver_id) == ("driver", "ann")
            assert own.driver("ann").why() == ann.why()
            with pytest.raises(ForbiddenApiError):
                list(own.sessions())
        (known,) = ann.links()
        assert ann.revoke_link(known.link_id).revoked_at is not None
        ann.remove()
        assert list(evenload.drivers()) == []


def test_a_tenant_is_furnished_and_a_car_charges(served: Any) -> None:
    with served.client() as evenload:
        now = next(iter(evenload.sessions(going_on=True))).plugged_at + timedelta(hours=1)
        assert evenload.me().role == "operator"
        assert evenload.put_circuits([Circuit(node="T", parent="F", kind="transformer", limit_kw=50.0)]) == 1
        site = evenload.put_site(Site(site_id="depot", guard_kw=40.0), Circuit(node="depot", parent="T", limit_kw=45.0))
        assert evenload.site("depot") == site
        assert [one.node for one in evenload.circuits()] == ["F", "T", "depot"]
        device = evenload.enrol(Device(device_id="D", site_id="depot", identity="CP1", fallback_kw=4.2))
        assert list(evenload.devices(site_id="depot")) == [device]
        assert evenload.put_vehicle(Vehicle(vehicle_id="van", token="AB")).token == "ab"  # noqa: S105, S106
        assert evenload.add_station("CP2") is None
        assert [one.identity for one in evenload.stations()] == ["CP1", "CP2"]
        assert evenload.declare("S", energy_kwh=31.0, departs_at=now + timedelta(hours=9)).basis == "driver"
        assert evenload.boost("S", why="late").boosted
        assert evenload.opt_out("S").opted_out
        assert evenload.explanation("S").why == "key:keyoperator takes it out: it charges at once"
        assert [one.kind for one in evenload.decisions(session_id="S")] == ["opted_out", "boosted", "declared"]
        kept = evenload.put_loads([Load(node="T", at=now - timedelta(minutes=15), load_kw=12.5)])
        assert (kept.count, kept.flags) == (1, ())
        assert [one.load_kw for one in evenload.loads(latest=True)] == [12.5]
        prices = [Signal(at=now + timedelta(hours=i), price_per_kwh=0.1 * i, currency="EUR") for i in range(3)]
        assert evenload.put_signals(prices) == 3
        assert list(evenload.signals()) == prices
        assert evenload.readings("D") == []
        limit = evenload.post_limit("T", now, now + timedelta(hours=1), limit_kw=30.0, idempotency_key="a")
        assert evenload.post_limit("T", now, now + timedelta(hours=1), limit_kw=30.0, idempotency_key="a") == limit
        assert list(evenload.limits()) == [limit]
        assert evenload.cancel_limit(limit.limit_id).cancelled_at == now


def test_both_ends_of_the_cable_and_energy_managers(served: Any) -> None:
    with served.client() as evenload:
        evenload.put_vehicle(Vehicle(vehicle_id="van"))
        assert list(evenload.cables()) == list(evenload.cable_conflicts()) == []
        pair = evenload.say_vehicle("S", "van")
        assert (pair.state, pair.confidence, pair.reason_text) == ("matched", 1.0, "somebody said so")
        assert list(evenload.cables()) == [pair]
        ends = evenload.cable_ends("S")
        assert (ends.vehicle_id, ends.pairs, ends.conflicts) == ("van", [pair], [])
        assert evenload.say_vehicle("S", "van", is_it=False).state == "undone"
        evenload.put_site(Site(site_id="depot"), Circuit(node="depot", parent="F", limit_kw=45.0))
        wanted = EnergyManager(
            device_id="lot", site_id="depot", address="http://lot", power_kw_max=90.0, fallback_kw=9.0
        )
        kept = evenload.put_energy_manager(wanted, "drawn-at-the-lot")
        assert kept.has_secret
        assert evenload.put_energy_manager(kept) == kept
        assert list(evenload.energy_managers()) == [kept]
        assert evenload.put_energy_manager(kept, "").has_secret is False
        evenload.remove_energy_manager("lot")
        assert list(evenload.energy_managers()) == []


def test_lists_are_fetched_page_after_page(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenload.client.transport._PAGE", 2)
    with served.client() as evenload:
        for i in range(5):
            evenload.put_vehicle(Vehicle(vehicle_id=f"v{i}"))
        assert [one.vehicle_id for one in evenload.vehicles()] == ["v0", "v1", "v2", "v3", "v4"]


def test_problems_are_exceptions(served: Any) -> None:
    with served.client() as evenload:
        with pytest.raises(NotFoundApiError, match="there is no session 'T'") as caught:
            evenload.session("T")
        assert (caught.value.status, caught.value.reason) == (404, "unknown")
        with pytest.raises(NotFoundApiError, match="no plan yet"):
            evenload.plan()
        with pytest.raises(ConflictApiError):
            evenload.add_station("CP1")
        with pytest.raises(ApiError, match=r"body\.guard_kw"):
            evenload.put_site(Site(site_id="x", guard_kw=-1.0))
    with served.client(Role.VIEWER) as viewer, pytest.raises(ForbiddenApiError, match="driver_agent"):
        viewer.boost("S")
    with Client(served.url, "evl_000000_" + "0" * 32) as stranger:
        with pytest.raises(UnauthorisedApiError):
            stranger.me()
        with pytest.raises(UnauthorisedApiError):
            next(stranger.stream(["load"]))
    with Client("http://127.0.0.1:9", "x") as nowhere, pytest.raises(UnreachableApiError, match="does not answer"):
        nowhere.me()


def test_news_come_as_they_happen_until_the_server_stops(served: Any) -> None:
    with served.client() as evenload, served.client() as other:
        stream = evenload.stream(["sessions"])
        first = next(stream)
        assert (first.topic, first.data["sessions"][0]["boosted"]) == ("sessions", False)
        other.boost("S")
        second = next(stream)
        assert second.data["sessions"][0]["boosted"] is True
        assert second.event_id != first.event_id
