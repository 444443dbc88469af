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
    ForbiddenApiError,
    Load,
    NotFoundApiError,
    Signal,
    Site,
    UnauthorisedApiError,
    UnreachableApiError,
    Vehicle,
)
from evenload.service.access_rows import Role
from evenload.web.routes import (
    circuits,
    decisions,
    devices,
    limits,
    loads,
    me,
    plans,
    readings,
    sessions,
    signals,
    sites,
    stations,
    vehicles,
)

RESOURCES = {
    "Site": sites.Site, "Circuit": circuits.NamedCircuit, "Device": devices.Device, "Station": stations.Station,
    "Vehicle": vehicles.Vehicle, "Session": sessions.Session, "Limit": limits.PostedLimit, "Load": loads.Load,
    "LoadFlag": loads.Flag, "LoadsKept": loads.LoadsKept, "Signal": signals.Signal,
    "Reading": readings.MeteredReading, "Decision": decisions.Decision, "PlannedSession": plans.Planned,
    "Plan": plans.Plan, "PlannedStep": sessions.PlannedStep, "Explanation": sessions.Explained, "Me": me.Me,
}  # fmt: skip


def test_the_client_knows_every_field_the_server_answers() -> None:
    structs = {
        name: one for name, one in vars(client_room).items() if inspect.isclass(one) and issubclass(one, msgspec.Struct)
    }
    assert set(structs) == set(RESOURCES) | {"News"}
    for name, model in RESOURCES.items():
        assert set(structs[name].__struct_fields__) == set(model.model_fields), name


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
