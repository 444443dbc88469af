"""A virtual cloud in the shape of Smartcar's API, version 3: signals, synchronous commands, signed webhooks.

Written from the public reference: an application's own token with the driver named in ``sc-user-id``, signals with a
code, a unit and the time at which the maker had them, commands that are answered once the car answered.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from evenload.simulate.clouds.asgi import Answer, Asked, Router
from evenload.simulate.clouds.car import CloudCar, Did, Drawing, Report
from evenload.simulate.clouds.cloud import Core, iso, redirected
from evenload.simulate.clouds.faults import Quirk

QUIRKS: Final = (Quirk.IMPERIAL, Quirk.FRACTION, Quirk.ENERGY_ONLY, Quirk.NULLS, Quirk.ZERO_SOC, Quirk.CLOCK_AHEAD)
SCOPES: Final = frozenset({"read_vehicle_info", "read_charge", "read_battery", "read_location", "control_charge"})

_CONNECTION: Final = "connection-"
_KM_PER_MILE: Final = 1.609344
_STATUS: Final = {
    Drawing.UNPLUGGED: "NOT_CHARGING", Drawing.CHARGING: "CHARGING", Drawing.COMPLETE: "FULLY_CHARGED",
    Drawing.STOPPED: "NOT_CHARGING", Drawing.WAITS_FOR_TIMER: "SCHEDULED", Drawing.NO_POWER: "NO_POWER",
}  # fmt: skip
_REFUSED: Final = {
    Did.ALREADY: (409, "VEHICLE_STATE", "CHARGING_IN_PROGRESS"),
    Did.COMPLETE: (409, "VEHICLE_STATE", "FULLY_CHARGED"),
    Did.UNPLUGGED: (409, "VEHICLE_STATE", "CHARGING_PLUG_NOT_CONNECTED"),
    Did.NOT_CHARGING: (409, "VEHICLE_STATE", "NOT_CHARGING"),
    Did.CANNOT: (501, "COMPATIBILITY", "VEHICLE_NOT_CAPABLE"),
}
_TITLES: Final = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
    429: "Too Many Requests", 430: "Billing", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
}  # fmt: skip
_SIGNALS_LEFT_OUT: Final = ("charge-voltage", "charge-energyadded", "tractionbattery-range")


class SmartcarCloud:
    """``app`` is the ASGI application, ``core`` its state; ``tick`` makes webhooks of what changed."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.subscribed: set[str] = set()
        self.app = router = Router(self._before, _error(404, "RESOURCE_NOT_FOUND", "PATH"))
        router.on("GET", "/oauth/authorize", self._authorise)
        router.on("POST", "/oauth2/token", self._token)
        router.on("POST", "/oauth/token", self._token)
        router.on("GET", "/v3/vehicles", self._list)
        router.on("GET", "/v3/connections", self._connections)
        router.on("GET", "/v3/vehicles/{id}", self._vehicle)
        router.on("GET", "/v3/vehicles/{id}/signals", self._signals)
        router.on("GET", "/v3/vehicles/{id}/signals/{code}", self._signal)
        router.on("POST", "/v3/vehicles/{id}/commands/charge/start", self._start)
        router.on("POST", "/v3/vehicles/{id}/commands/charge/stop", self._stop)
        router.on("POST", "/v3/vehicles/{id}/commands/charge/set-limit", self._limit)
        router.on("POST", "/v3/vehicles/{id}/webhooks/{hook}", self._subscribe)
        router.on("POST", "/v3/subscriptions", self._subscribe_to)
        router.on("DELETE", "/v3/connections/{connection}", self._disconnect)

    def tick(self) -> None:
        """Make a webhook for every subscribed car that tells something new."""
        for car, report, before in self.core.look():
            if car.spec.remote_id in self.subscribed:
                self._tell(car, report, before)

    # who asks

    async def _before(self) -> Answer | None:
        stumbled = await self.core.stumble()
        if stumbled == "down":
            return _error(502, "UPSTREAM", "NO_RESPONSE")
        if stumbled == "error":
            return _error(500, "SERVER", "INTERNAL")
        return None

    async def _authorise(self, asked: Asked) -> Answer:
        """The driver, who is told by ``login``, says yes at once; ``user`` is what the application calls him."""
        driver = asked.query.get("login", "")
        user_id = asked.query.get("user", driver)
        self.core.sign_in(driver, user_id)
        scopes = frozenset(asked.query.get("scope", "").split())
        code = self.core.accounts.consent(user_id, scopes or SCOPES, self.core.now())
        told = {"code": code, "state": asked.query.get("state", ""), "user_id": user_id}
        return redirected(asked.query.get("redirect_uri", ""), told)

    async def _token(self, asked: Asked) -> Answer:
        return self.core.accounts.token(asked, self.core.now())

    def _let_in(self, asked: Asked) -> Answer | None:
        if self.core.accounts.grant_of(asked, self.core.now()) is None:
            return _error(401, "AUTHENTICATION", None)
        wait_s = self.core.app_waits()
        if wait_s:
            return _error(429, "RATE_LIMIT", "SMARTCAR_API", self.core.retry_after(wait_s))
        return None

    def _car(self, asked: Asked, remote_id: str, scope: str) -> CloudCar | Answer:
        refused = self._let_in(asked)
        if refused:
            return refused
        car = self.core.cars.get(remote_id)
        if car is None or asked.headers.get("sc-user-id", car.spec.user_id) != car.spec.user_id:
            return _error(404, "RESOURCE_NOT_FOUND", "PATH")
        if scope not in self.core.accounts.consents.get(car.spec.user_id, frozenset()):
            return _error(403, "PERMISSION", None)
        if self.core.is_over_plan(remote_id):
            return _error(430, "BILLING", "VEHICLE_REQUEST_LIMIT")
        wait_s = self.core.car_waits(remote_id)
        return _error(429, "RATE_LIMIT", "VEHICLE", self.core.retry_after(wait_s)) if wait_s else car

    # reading

    async def _list(self, asked: Asked) -> Answer:
        refused = self._let_in(asked)
        if refused:
            return refused
        cars = self.core.cars_of(asked.headers.get("sc-user-id", ""))
        return Answer(200, _page([_vehicle(car) for car in cars]))

    async def _connections(self, asked: Asked) -> Answer:
        refused = self._let_in(asked)
        if refused:
            return refused
        user_id = asked.query.get("filter[userId]", asked.headers.get("sc-user-id", ""))
        listed = [
            {"id": f"{_CONNECTION}{car.spec.remote_id}", "type": "connection",
             "attributes": {"vehicleId": car.spec.remote_id, "userId": user_id, "mode": "live"},
             "relationships": {"vehicle": {"data": _vehicle(car)}, "user": {"data": {"id": user_id, "type": "user"}}}}
            for car in self.core.cars_of(user_id)
        ]  # fmt: skip
        return Answer(200, _page(listed))

    async def _vehicle(self, asked: Asked, remote_id: str) -> Answer:
        car = self._car(asked, remote_id, "read_vehicle_info")
        return car if isinstance(car, Answer) else Answer(200, {"data": _vehicle(car)})

    async def _signals(self, asked: Asked, remote_id: str) -> Answer:
        car = self._car(asked, remote_id, "read_charge")
        if isinstance(car, Answer):
            return car
        signals = signals_of(car, car.see(self.core.now()), self.core.now())
        return Answer(200, {**_page(signals), "included": {"vehicle": _vehicle(car)}})

    async def _signal(self, asked: Asked, remote_id: str, code: str) -> Answer:
        car = self._car(asked, remote_id, "read_charge")
        if isinstance(car, Answer):
            return car
        signals = signals_of(car, car.see(self.core.now()), self.core.now())
        found = next((one for one in signals if one["attributes"]["code"] == code), None)
        return Answer(200, {"data": found}) if found else _error(404, "RESOURCE_NOT_FOUND", "PATH")

    # acting

    async def _start(self, asked: Asked, remote_id: str) -> Answer:
        return await self._act(asked, remote_id, "charge-start", lambda car, now: car.start(now))

    async def _stop(self, asked: Asked, remote_id: str) -> Answer:
        return await self._act(asked, remote_id, "charge-stop", lambda car, now: car.stop(now))

    async def _limit(self, asked: Asked, remote_id: str) -> Answer:
        attributes = asked.json().get("data", {}).get("attributes", {})
        percent = attributes.get("percent")
        if not isinstance(percent, int | float) or not 50 <= percent <= 100:
            return _error(400, "VALIDATION", "PARAMETER")
        return await self._act(
            asked, remote_id, "charge-set-limit", lambda car, now: car.set_limit(percent / 100, now), percent=percent
        )

    async def _act(
        self, asked: Asked, remote_id: str, kind: str, do: Callable[[CloudCar, datetime], Did], **parameters: float
    ) -> Answer:  # fmt: skip
        car = self._car(asked, remote_id, "control_charge")
        if isinstance(car, Answer):
            return car
        if "sc-user-id" not in asked.headers:
            return _error(400, "VALIDATION", "PARAMETER")
        began = self.core.now()
        if not await self.core.radio(car):
            if self.core.heard_anyway(car):
                do(car, self.core.now())
            return _error(502, "UPSTREAM", "NO_RESPONSE")
        now = self.core.now()
        did = do(car, now)
        if did is not Did.DONE and not (did is Did.ALREADY and kind == "charge-set-limit"):
            status, group, code = _REFUSED[did]
            return _error(status, group, code)
        execution = {
            "id": f"exec_{self.core.uuid()}", "type": "command-execution",
            "attributes": {"commandType": kind, "status": {"value": "SUCCESS"}, "executionMode": "sync",
                           "parameters": parameters},
            "meta": {"executedAt": iso(began), "completedAt": iso(now),
                     "durationInSeconds": round((now - began).total_seconds(), 3)},
        }  # fmt: skip
        return Answer(200, {"data": execution})

    # webhooks and connections

    async def _subscribe(self, asked: Asked, remote_id: str, hook: str) -> Answer:
        car = self._car(asked, remote_id, "read_vehicle_info")
        if isinstance(car, Answer):
            return car
        self.subscribed.add(remote_id)
        self._tell(car, car.see(self.core.now()), None)
        return Answer(200, {"webhookId": hook, "vehicleId": remote_id})

    def _tell(self, car: CloudCar, report: Report, before: Report | None) -> None:
        now = self.core.now()
        changed = "charge-detailedchargingstatus" if before and before.drawing != report.drawing else (
            "tractionbattery-stateofcharge"
        )  # fmt: skip
        trigger = {"type": "SIGNAL_UPDATED", "signal": {"code": changed}} if before else {"type": "FIRST_DELIVERY"}
        told = {
            "eventId": self.core.uuid(), "eventType": "VEHICLE_STATE",
            "data": {
                "vehicle": {"id": car.spec.remote_id, "make": car.spec.make, "model": car.spec.model,
                            "year": car.spec.year, "vin": car.spec.vin},
                "user": {"id": car.spec.user_id},
                "signals": [{**one["attributes"], "meta": one["meta"]} for one in signals_of(car, report, now)],
            },
            "triggers": [trigger],
            "meta": {"version": "4.0", "deliveryId": self.core.uuid(), "deliveredAt": iso(now), "mode": "LIVE",
                     "webhookId": "virtual", "webhookName": "virtual"},
        }  # fmt: skip
        body = json.dumps(told).encode()
        self.core.push(
            {"content-type": "application/json", "sc-signature": signature(self.core.hook.secret, body)}, body
        )

    async def _subscribe_to(self, asked: Asked) -> Answer:
        wanted = asked.json().get("data", {}).get("attributes", {})
        return await self._subscribe(asked, str(wanted.get("vehicleId")), str(wanted.get("webhookId")))

    async def _disconnect(self, asked: Asked, connection: str) -> Answer:
        refused = self._let_in(asked)
        car = self.core.cars.get(connection.removeprefix(_CONNECTION))
        if refused or car is None:
            return refused or _error(404, "RESOURCE_NOT_FOUND", "PATH")
        self.core.accounts.withdraw(car.spec.user_id)
        return Answer(204)


def signature(secret: str, body: bytes) -> str:
    """How a webhook is signed."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _page(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": data, "meta": {"page": 1, "pageSize": len(data), "totalCount": len(data)}, "links": {"next": None}}


def _vehicle(car: CloudCar) -> dict[str, Any]:
    spec = car.spec
    attributes = {"make": spec.make, "model": spec.model, "year": spec.year, "vin": spec.vin, "powertrainType": "BEV"}
    return {"id": spec.remote_id, "type": "vehicle", "attributes": attributes}


def signals_of(car: CloudCar, report: Report, now: datetime) -> list[dict[str, Any]]:
    """Everything a car tells, as signals."""
    meta = {"retrievedAt": _millis(now), "oemUpdatedAt": _millis(report.at)}
    nulls = _SIGNALS_LEFT_OUT if Quirk.NULLS in car.spec.quirks else ()
    return [
        {
            "id": f"{car.spec.remote_id}-{code}", "type": "signal", "meta": meta,
            "attributes": {"code": code, "name": code.partition("-")[2], "group": code.partition("-")[0],
                           "status": {"value": "SUCCESS"}, "body": body}
            if code not in nulls else
            {"code": code, "name": code.partition("-")[2], "group": code.partition("-")[0],
             "status": {"value": "ERROR", "error": {"type": "COMPATIBILITY", "code": "VEHICLE_NOT_CAPABLE"}}},
        }
        for code, body in _bodies(car, report).items()
    ]  # fmt: skip


def _bodies(car: CloudCar, report: Report) -> dict[str, dict[str, Any]]:
    spec, quirks = car.spec, car.spec.quirks
    latitude, longitude = car.place(is_home=report.is_home)
    range_km = spec.range_km_full * report.soc
    limit = 100 * report.charge_limit
    bodies: dict[str, dict[str, Any]] = {
        "charge-ischarging": {"value": report.drawing is Drawing.CHARGING},
        "charge-ischargingcableconnected": {"value": report.drawing is not Drawing.UNPLUGGED},
        "charge-detailedchargingstatus": {"value": _STATUS[report.drawing]},
        "charge-wattage": {"value": round(1000 * report.power_kw, 1), "unit": "watts"},
        "charge-amperage": {"value": round(report.current_a, 2), "unit": "amps"},
        "charge-voltage": {"value": report.voltage_v, "unit": "volts"},
        "charge-energyadded": {"value": round(report.energy_kwh_added, 3), "unit": "kilowatt_hours"},
        "charge-chargelimits": {
            "values": [{"type": "global", "limit": limit, "condition": None}],
            "activeLimit": limit if report.drawing is not Drawing.UNPLUGGED else None, "unit": "percent",
        },
        "tractionbattery-nominalcapacity": {
            "capacity": spec.battery_kwh, "unit": "kWhr", "source": "SMARTCAR", "availableCapacities": []
        },
        "tractionbattery-range": {"value": round(range_km, 1), "unit": "kilometers"},
        "tractionbattery-stateofcharge": {"value": round(100 * report.soc, 1), "unit": "percent"},
        "location-preciselocation": {"latitude": latitude, "longitude": longitude, "locationType": "PARKED"},
    }  # fmt: skip
    if report.timer_at is not None:
        begins = {"startTime": iso(report.timer_at)}
        bodies["charge-chargetimers"] = {"values": [{"type": "GLOBAL", "departureTimers": [], "schedules": [begins]}]}
    if Quirk.IMPERIAL in quirks:
        bodies["tractionbattery-range"] = {"value": round(range_km / _KM_PER_MILE, 1), "unit": "miles"}
    if Quirk.FRACTION in quirks:
        bodies["tractionbattery-stateofcharge"] = {"value": round(report.soc, 4)}
    if Quirk.ENERGY_ONLY in quirks:
        left = {"value": round(report.soc * spec.battery_kwh, 2), "unit": "kilowatt_hours"}
        bodies["tractionbattery-stateofcharge"] = left
    return bodies


def _millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _error(status: int, group: str, code: str | None, headers: dict[str, str] | None = None) -> Answer:
    resolution = "RETRY_LATER" if status in (429, 500, 502) else "REAUTHENTICATE" if status == 403 else None
    error = {
        "status": str(status), "type": group, "code": code, "title": _TITLES[status],
        "detail": f"{group}:{code or 'NULL'}", "resolution": {"type": resolution},
    }  # fmt: skip
    return Answer(status, {"errors": [error]}, headers or {})
