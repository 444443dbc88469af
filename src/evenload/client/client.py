"""The client."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from evenload.client import resources as r
from evenload.client.cable_resources import CableConflict, CableEnds, CablePair, EnergyManager
from evenload.client.driver import DriverClient
from evenload.client.driver_resources import Driver
from evenload.client.transport import Transport

_NOTHING = type(None)


class Client(Transport):
    """The REST API of a server, for one tenant: the one the key belongs to.

    Lists are iterators that fetch page after page. Errors are ``ApiError`` and what is below it. ``idempotency_key``
    makes a request safe to repeat: it is done once. ::

        from evenload.client import Client

        with Client("http://127.0.0.1:8000", "evl_...") as evenload:
            for session in evenload.sessions(going_on=True):
                print(session.session_id, session.energy_kwh_delivered, "of", session.energy_kwh, "kWh")
            evenload.post_limit("F12", start, end, limit_kw=250, reason="evening peak", idempotency_key="peak-1")
            for news in evenload.stream(["load"]):
                print(news.data)
    """

    def me(self) -> r.Me:
        """Who asks."""
        return self.send("GET", "/v1/me", r.Me)

    # the grid and its sites

    def circuits(self) -> Iterator[r.Circuit]:
        """The grid, by name."""
        return self.pages("/v1/circuits", r.Circuit)

    def put_circuits(self, circuits: Sequence[r.Circuit]) -> int:
        """Add or replace circuits together; how many."""
        return int(self.send("POST", "/v1/circuits", dict[str, Any], body={"circuits": circuits})["count"])

    def sites(self) -> Iterator[r.Site]:
        """Sites, by id."""
        return self.pages("/v1/sites", r.Site)

    def site(self, site_id: str) -> r.Site:
        """One site."""
        return self.send("GET", f"/v1/sites/{site_id}", r.Site)

    def put_site(self, site: r.Site, circuit: r.Circuit | None = None) -> r.Site:
        """Add or replace a site; ``circuit`` says where it hangs, where that is not known yet."""
        body: dict[str, Any] = _without(site, "site_id", "made_at")
        if circuit is not None:
            body["circuit"] = _without(circuit, "node")
        return self.send("PUT", f"/v1/sites/{site.site_id}", r.Site, body=body)

    # devices, stations, vehicles

    def devices(self, *, site_id: str = "", retired: bool = False) -> Iterator[r.Device]:
        """Devices, by id."""
        return self.pages("/v1/devices", r.Device, {"site_id": site_id, "retired": retired})

    def device(self, device_id: str) -> r.Device:
        """One device."""
        return self.send("GET", f"/v1/devices/{device_id}", r.Device)

    def enrol(self, device: r.Device) -> r.Device:
        """Enrol a device, or change one."""
        body = _without(device, "device_id", "enrolled_at", "retired_at", "fallback_allotted")
        return self.send("PUT", f"/v1/devices/{device.device_id}", r.Device, body=body)

    def retire(self, device_id: str) -> r.Device:
        """Retire a device."""
        return self.send("DELETE", f"/v1/devices/{device_id}", r.Device)

    def stations(self) -> Iterator[r.Station]:
        """Stations, by identity."""
        return self.pages("/v1/stations", r.Station)

    def add_station(self, identity: str, *, new_password: bool = False) -> str | None:
        """Add a station before it connects; its password where one was to be drawn."""
        body = {"identity": identity, "profile": int(new_password), "new_password": new_password}
        password = self.send("POST", "/v1/stations", dict[str, Any], body=body)["password"]
        return None if password is None else str(password)

    def vehicles(self) -> Iterator[r.Vehicle]:
        """Vehicles, by id."""
        return self.pages("/v1/vehicles", r.Vehicle)

    def put_vehicle(self, vehicle: r.Vehicle) -> r.Vehicle:
        """Add or replace a vehicle."""
        body = _without(vehicle, "vehicle_id", "made_at")
        return self.send("PUT", f"/v1/vehicles/{vehicle.vehicle_id}", r.Vehicle, body=body)

    # drivers

    def drivers(self) -> Iterator[Driver]:
        """Drivers, by id."""
        return self.pages("/v1/drivers", Driver)

    def driver(self, driver_id: str) -> DriverClient:
        """What can be asked and said of one driver."""
        return DriverClient(self, driver_id)

    # cars by their makers' clouds

    def vehicle_links(self) -> Iterator[r.VehicleLink]:
        """Cars that are linked, or were, by vehicle."""
        return self.pages("/v1/vehicle-links", r.VehicleLink)

    def begin_vehicle_link(
        self, vehicle_id: str, provider: str, site_id: str, home: tuple[float, float] | None = None
    ) -> r.VehicleLinkBegun:
        """Ask for a driver's consent: send the driver to its ``url``. ``home`` is latitude and longitude."""
        body: dict[str, Any] = {"vehicle_id": vehicle_id, "provider": provider, "site_id": site_id}
        if home is not None:
            body["home"] = {"latitude": home[0], "longitude": home[1]}
        return self.send("POST", "/v1/vehicle-links", r.VehicleLinkBegun, body=body)

    def revoke_vehicle_link(self, vehicle_id: str, why: str = "") -> r.VehicleLink:
        """End a link: nothing is asked of the car any more."""
        return self.send("DELETE", f"/v1/vehicle-links/{vehicle_id}", r.VehicleLink, query={"why": why})

    def vehicle_state(self, vehicle_id: str) -> r.VehicleState:
        """What a car told last, and how old that is."""
        return self.send("GET", f"/v1/vehicles/{vehicle_id}/state", r.VehicleState)

    def vehicle_acts(self, *, event_id: str = "", vehicle_id: str = "") -> Iterator[r.VehicleAct]:
        """What cars were asked: the last, the latest first; or all of a limit or event."""
        return self.pages("/v1/vehicle-acts", r.VehicleAct, {"event_id": event_id, "vehicle_id": vehicle_id})

    def vehicle_acts_account(self, event_id: str) -> r.VehicleActsAccount:
        """What became of all that cars were asked for a limit or event: every car counted."""
        return self.send("GET", "/v1/vehicle-acts/account", r.VehicleActsAccount, query={"event_id": event_id})

    # both ends of the cable, and energy managers

    def cables(self) -> Iterator[CablePair]:
        """Cars that stand at chargers now, or may, and how sure that is."""
        return self.pages("/v1/cables", CablePair)

    def cable_conflicts(self) -> Iterator[CableConflict]:
        """What is wrong now between cars, chargers and plans, and what to do about it."""
        return self.pages("/v1/cables/conflicts", CableConflict)

    def cable_ends(self, session_id: str) -> CableEnds:
        """Both ends of a charger's session."""
        return self.send("GET", f"/v1/cables/{session_id}", CableEnds)

    def say_vehicle(self, session_id: str, vehicle_id: str, *, is_it: bool = True) -> CablePair:
        """Say which vehicle a session is of, or of which it is not; it stands above what is worked out."""
        body = {"vehicle_id": vehicle_id, "is_it": is_it}
        return self.send("POST", f"/v1/cables/{session_id}/say", CablePair, body=body)

    def energy_managers(self) -> Iterator[EnergyManager]:
        """Energy managers of buildings and parking lots, by device."""
        return self.pages("/v1/energy-managers", EnergyManager)

    def put_energy_manager(self, row: EnergyManager, secret: str | None = None) -> EnergyManager:
        """Enrol an energy manager, or change one. ``None`` leaves the secret that is kept."""
        body = _without(row, "device_id", "has_secret", "connected", "made_at") | {"secret": secret}
        return self.send("PUT", f"/v1/energy-managers/{row.device_id}", EnergyManager, body=body)

    def remove_energy_manager(self, device_id: str) -> None:
        """Ask it nothing any more; its device stays."""
        self.send("DELETE", f"/v1/energy-managers/{device_id}", type(None))

    # sessions

    def sessions(
        self, start: datetime | None = None, end: datetime | None = None, *, going_on: bool = False, device_id: str = ""
    ) -> Iterator[r.Session]:
        """Sessions plugged in at some time of a window, by id; or those that go on."""
        query = {"start": start, "end": end, "going_on": going_on, "device_id": device_id}
        return self.pages("/v1/sessions", r.Session, query)

    def session(self, session_id: str) -> r.Session:
        """One session."""
        return self.send("GET", f"/v1/sessions/{session_id}", r.Session)

    def declare(
        self, session_id: str, *, energy_kwh: float | None = None, departs_at: datetime | None = None,
        energy_kwh_minimum: float | None = None,
    ) -> r.Session:  # fmt: skip
        """Say what a session needs, at the connector, and by when."""
        said = {"energy_kwh": energy_kwh, "departs_at": departs_at, "energy_kwh_minimum": energy_kwh_minimum}
        body = {name: value for name, value in said.items() if value is not None}
        return self.send("POST", f"/v1/sessions/{session_id}/declare", r.Session, body=body)

    def boost(self, session_id: str, *, on: bool = True, why: str = "") -> r.Session:
        """Let a session go before others, within the limits."""
        return self.send("POST", f"/v1/sessions/{session_id}/boost", r.Session, body={"on": on, "why": why})

    def opt_out(self, session_id: str, *, out: bool = True, why: str = "") -> r.Session:
        """Take a session out: it charges at once, as fast as the limits allow."""
        return self.send("POST", f"/v1/sessions/{session_id}/opt-out", r.Session, body={"out": out, "why": why})

    def explanation(self, session_id: str) -> r.Explanation:
        """Why a session is given what it is given."""
        return self.send("GET", f"/v1/sessions/{session_id}/explanation", r.Explanation)

    # limits, loads, signals

    def limits(
        self, start: datetime | None = None, end: datetime | None = None, *, cancelled: bool = False
    ) -> Iterator[r.Limit]:
        """Limits that hold at some time of a window."""
        return self.pages("/v1/limits", r.Limit, {"start": start, "end": end, "cancelled": cancelled})

    def post_limit(
        self, node: str, start: datetime, end: datetime, *, limit_kw: float, reason: str = "", idempotency_key: str = ""
    ) -> r.Limit:
        """Limit a circuit for a time."""
        body = {"node": node, "start": start, "end": end, "limit_kw": limit_kw, "reason": reason}
        return self.send("POST", "/v1/limits", r.Limit, body=body, headers=_once(idempotency_key))

    def cancel_limit(self, limit_id: str) -> r.Limit:
        """Cancel a limit."""
        return self.send("DELETE", f"/v1/limits/{limit_id}", r.Limit)

    def loads(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        node: str = "",
        latest: bool = False,
    ) -> Iterator[r.Load]:
        """Loads that begin in a window, by circuit and instant; or the last of each circuit."""
        query = {"start": start, "end": end, "node": node, "latest": latest}
        return self.pages("/v1/loads", r.Load, query)

    def put_loads(self, loads: Sequence[r.Load]) -> r.LoadsKept:
        """Send what was metered at circuits."""
        return self.send("POST", "/v1/loads", r.LoadsKept, body={"loads": loads})

    def signals(
        self, start: datetime | None = None, end: datetime | None = None, node: str | None = None
    ) -> Iterator[r.Signal]:
        """Prices and carbon that hold at some time of a window."""
        return self.pages("/v1/signals", r.Signal, {"start": start, "end": end, "node": node})

    def put_signals(self, signals: Sequence[r.Signal]) -> int:
        """Send prices and carbon; how many were kept."""
        return int(self.send("POST", "/v1/signals", dict[str, Any], body={"signals": signals})["count"])

    # what happened

    def readings(
        self, device_id: str, start: datetime | None = None, end: datetime | None = None, *, step_minutes: int = 0,
        count: int = 1000,
    ) -> list[r.Reading]:  # fmt: skip
        """The last readings of a device in a window; with ``step_minutes`` as mean powers of steps."""
        query = {"device_id": device_id, "start": start, "end": end, "step_minutes": step_minutes, "count": count}
        return msgspec.convert(self.send("GET", "/v1/readings", dict[str, Any], query=query)["items"], list[r.Reading])

    def decisions(self, *, device_id: str = "", session_id: str = "") -> Iterator[r.Decision]:
        """Decisions, the latest first."""
        return self.pages("/v1/decisions", r.Decision, {"device_id": device_id, "session_id": session_id})

    def plan(self, plan_id: str = "latest") -> r.Plan:
        """A plan; the last one unless another is named."""
        return self.send("GET", f"/v1/plans/{plan_id}", r.Plan)

    def stream(self, topics: Sequence[str] = ()) -> Iterator[r.News]:
        """The latest state of each topic (load, sessions, decisions, events), and again whenever it changes.

        Ends after a quarter of an hour: ask again.
        """
        return self.listen("/v1/stream", {"topics": ",".join(topics)})


def _without(resource: msgspec.Struct, *names: str) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(resource).items() if name not in names}


def _once(idempotency_key: str) -> Mapping[str, str]:
    return {"Idempotency-Key": idempotency_key} if idempotency_key else {}
