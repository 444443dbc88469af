"""A virtual cloud in the shape of Tesla's Fleet API: drivers' tokens, cars that sleep, telemetry records pushed.

Written from the public reference: a car that sleeps answers nothing (408) until it is woken, commands answer with a
``result`` and a ``reason``, refresh tokens work once, records of telemetry are keys with values of changed things.
Records come to the operator's own receiver, which hands them on as signed JSON.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zlib import crc32

from evenload.simulate.clouds.asgi import Answer, Asked, Router
from evenload.simulate.clouds.car import CloudCar, Did, Drawing, Report
from evenload.simulate.clouds.cloud import Core, iso, redirected
from evenload.simulate.clouds.faults import Quirk

QUIRKS: Final = (Quirk.NULLS, Quirk.ZERO_SOC, Quirk.CLOCK_AHEAD)
SCOPES: Final = frozenset(
    {"openid", "offline_access", "vehicle_device_data", "vehicle_cmds", "vehicle_charging_cmds", "vehicle_location"}
)
SIGNATURE: Final = "x-evenload-signature"

_KM_PER_MILE: Final = 1.609344
_WAKES_IN_S: Final = (5.0, 30.0)
_STATE: Final = {
    Drawing.UNPLUGGED: "Disconnected", Drawing.CHARGING: "Charging", Drawing.COMPLETE: "Complete",
    Drawing.STOPPED: "Stopped", Drawing.WAITS_FOR_TIMER: "Stopped", Drawing.NO_POWER: "NoPower",
}  # fmt: skip
_REASON: Final = {
    Did.DONE: "", Did.ALREADY: "is_charging", Did.COMPLETE: "complete", Did.UNPLUGGED: "disconnected",
    Did.NOT_CHARGING: "not_charging", Did.CANNOT: "not_supported",
}  # fmt: skip


class TeslaCloud:
    """``app`` is the ASGI application, ``core`` its state; ``tick`` makes records of what changed.

    Cars are found by their VIN, which is their ``remote_id``, or by a number.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.streaming: set[str] = set()
        self.app = router = Router(self._before, _error(404, "not_found"))
        router.on("GET", "/oauth2/v3/authorize", self._authorise)
        router.on("POST", "/oauth2/v3/token", self._token)
        router.on("POST", "/oauth2/v3/revoke", self._revoke)
        router.on("GET", "/api/1/vehicles", self._list)
        router.on("POST", "/api/1/vehicles/fleet_telemetry_config", self._stream)
        router.on("POST", "/api/1/vehicles/fleet_telemetry_config_create", self._stream)
        router.on("GET", "/api/1/vehicles/{tag}", self._vehicle)
        router.on("GET", "/api/1/vehicles/{tag}/vehicle_data", self._data)
        router.on("POST", "/api/1/vehicles/{tag}/wake_up", self._wake)
        router.on("POST", "/api/1/vehicles/{tag}/command/{command}", self._command)
        router.on("DELETE", "/api/1/vehicles/{tag}/fleet_telemetry_config", self._stream_no_more)

    def tick(self) -> None:
        """Push a record for every streaming car that tells something new."""
        for car, report, before in self.core.look():
            if car.spec.remote_id in self.streaming:
                told = {"vin": car.spec.vin, "createdAt": iso(report.at), "data": record_of(car, report, before)}
                body = json.dumps(told).encode()
                headers = {"content-type": "application/json", SIGNATURE: signature(self.core.hook.secret, body)}
                self.core.push(headers, body)

    # who asks

    async def _before(self) -> Answer | None:
        stumbled = await self.core.stumble()
        return _error(503 if stumbled == "down" else 500, "upstream internal error") if stumbled else None

    async def _authorise(self, asked: Asked) -> Answer:
        """The driver, who is told by ``login``, says yes at once."""
        scopes = frozenset(asked.query.get("scope", "").split()) or SCOPES
        code = self.core.accounts.consent(asked.query.get("login", ""), scopes, self.core.now())
        target = asked.query.get("redirect_uri", "")
        return redirected(target, {"code": code, "state": asked.query.get("state", "")})

    async def _token(self, asked: Asked) -> Answer:
        return self.core.accounts.token(asked, self.core.now())

    async def _revoke(self, asked: Asked) -> Answer:
        grant = self.core.accounts.grant_of(asked, self.core.now())
        if grant is None:
            return _error(401, "invalid bearer token")
        self.core.accounts.withdraw(grant.user_id)
        return Answer(200, {})

    def _car(self, asked: Asked, tag: str, scope: str) -> CloudCar | Answer:
        grant = self.core.accounts.grant_of(asked, self.core.now())
        if grant is None:
            return _error(401, "token expired (401)")
        car = self.core.cars.get(tag) or next(
            (one for one in self.core.cars.values() if str(_number(one)) == tag), None
        )
        if car is None or car.spec.user_id != grant.user_id:
            return _error(404, "not_found")
        if scope not in self.core.accounts.consents.get(grant.user_id, frozenset()):
            return _error(403, f"Unauthorized missing scopes {scope}")
        return car

    # reading

    async def _list(self, asked: Asked) -> Answer:
        grant = self.core.accounts.grant_of(asked, self.core.now())
        if grant is None:
            return _error(401, "token expired (401)")
        cars = [self._outline(car) for car in self.core.cars_of(grant.user_id)]
        return Answer(200, {"response": cars, "pagination": {"next": None, "current": 1}, "count": len(cars)})

    async def _vehicle(self, asked: Asked, tag: str) -> Answer:
        car = self._car(asked, tag, "vehicle_device_data")
        return car if isinstance(car, Answer) else Answer(200, {"response": self._outline(car)})

    def _outline(self, car: CloudCar) -> dict[str, Any]:
        number = _number(car)
        state = "offline" if not car.is_reachable else "asleep" if car.is_asleep(self.core.now()) else "online"
        return {
            "id": number, "id_s": str(number), "vehicle_id": number, "vin": car.spec.vin, "state": state,
            "display_name": car.spec.model, "access_type": "OWNER", "in_service": False, "api_version": 80,
        }  # fmt: skip

    async def _data(self, asked: Asked, tag: str) -> Answer:
        car = self._car(asked, tag, "vehicle_device_data")
        if isinstance(car, Answer):
            return car
        wait_s = self.core.car_waits(car.spec.remote_id)
        if wait_s:
            return _too_many(self.core, wait_s)
        now = self.core.now()
        if not car.is_reachable or car.is_asleep(now):
            return _unavailable()
        wanted = asked.query.get("endpoints", "charge_state").replace("%3B", ";").split(";")
        told = {**self._outline(car), "charge_state": charge_state_of(car, car.see(now))}
        if "location_data" in wanted:
            latitude, longitude = car.place(is_home=car.is_home)
            told["drive_state"] = {"latitude": latitude, "longitude": longitude, "timestamp": _millis(now)}
        return Answer(200, {"response": told})

    # acting

    async def _wake(self, asked: Asked, tag: str) -> Answer:
        car = self._car(asked, tag, "vehicle_cmds")
        if isinstance(car, Answer):
            return car
        wait_s = self.core.wake_waits(car.spec.remote_id)
        if wait_s:
            return _too_many(self.core, wait_s)
        if not car.is_reachable:
            return _unavailable()
        if car.is_asleep(self.core.now()):
            await self.core.sleep(float(self.core.rng.uniform(*_WAKES_IN_S)))
            car.wake(self.core.now())
        return Answer(200, {"response": self._outline(car)})

    async def _command(self, asked: Asked, tag: str, command: str) -> Answer:
        do = _doing(command, asked.json())
        if do is None:
            return _error(400, "invalid_command")
        car = self._car(asked, tag, "vehicle_charging_cmds")
        if isinstance(car, Answer):
            return car
        wait_s = self.core.car_waits(car.spec.remote_id)
        if wait_s:
            return _too_many(self.core, wait_s)
        if not car.is_reachable or car.is_asleep(self.core.now()):
            return _unavailable()
        if not await self.core.radio(car):
            if self.core.heard_anyway(car):
                do(car, self.core.now())
            return _unavailable()
        did = do(car, self.core.now())
        reason = "already_set" if did is Did.ALREADY and command != "charge_start" else _REASON[did]
        return Answer(200, {"response": {"result": did is Did.DONE, "reason": reason}})

    # telemetry

    async def _stream(self, asked: Asked) -> Answer:
        vins = [str(vin) for vin in asked.json().get("vins", [])]
        for vin in vins:
            car = self._car(asked, vin, "vehicle_device_data")
            if isinstance(car, Answer):
                return car
            self.streaming.add(vin)
        return Answer(200, {"response": {"updated_vehicles": len(vins), "skipped_vehicles": {}}})

    async def _stream_no_more(self, asked: Asked, tag: str) -> Answer:
        car = self._car(asked, tag, "vehicle_device_data")
        if isinstance(car, Answer):
            return car
        self.streaming.discard(car.spec.remote_id)
        return Answer(200, {"response": {"updated_vehicles": 1}})


def signature(secret: str, body: bytes) -> str:
    """How a record that is handed on is signed."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _doing(command: str, body: Mapping[str, Any]) -> Callable[[CloudCar, datetime], Did] | None:
    match command:
        case "charge_start":
            return lambda car, now: car.start(now)
        case "charge_stop":
            return lambda car, now: car.stop(now)
        case "set_charging_amps":
            return lambda car, now: car.set_amps(float(body.get("charging_amps", 0)), now)
        case "set_charge_limit":
            return lambda car, now: car.set_limit(float(body.get("percent", 100)) / 100, now)
    return None


def charge_state_of(car: CloudCar, report: Report) -> dict[str, Any]:
    """``charge_state`` of the data of a vehicle; ranges are in miles."""
    has_nulls, timer_at = Quirk.NULLS in car.spec.quirks, report.timer_at
    percent = int(100 * report.soc + 1e-6)
    is_in = report.drawing is not Drawing.UNPLUGGED
    return {
        "battery_level": percent, "usable_battery_level": None if has_nulls else percent,
        "battery_range": round(car.spec.range_km_full / _KM_PER_MILE * report.soc, 2),
        "charging_state": _STATE[report.drawing], "charge_limit_soc": round(100 * report.charge_limit),
        "charge_limit_soc_min": 50, "charge_limit_soc_max": 100, "charge_limit_soc_std": 80,
        "charger_power": round(report.power_kw), "charger_actual_current": round(report.current_a),
        "charger_voltage": round(report.voltage_v) if report.drawing is Drawing.CHARGING else 2,
        "charger_phases": None if has_nulls or not is_in else report.phases if report.phases == 1 else 2,
        "charge_energy_added": round(report.energy_kwh_added, 2), "charge_amps": round(report.current_a_wanted),
        "charge_current_request": round(report.current_a_wanted), "charge_current_request_max": 32,
        "charge_port_door_open": is_in, "charge_port_latch": "Engaged" if is_in else "Disengaged",
        "conn_charge_cable": "IEC" if is_in else "<invalid>", "time_to_full_charge": 0.0,
        "scheduled_charging_mode": "StartAt" if timer_at else "Off", "scheduled_charging_pending": timer_at is not None,
        "scheduled_charging_start_time": round(timer_at.timestamp()) if timer_at else None,
        "user_charge_enable_request": report.drawing is Drawing.CHARGING if report.by_driver else None,
        "managed_charging_user_canceled": report.by_driver, "timestamp": _millis(report.at),
    }  # fmt: skip


def record_of(car: CloudCar, report: Report, before: Report | None) -> list[dict[str, Any]]:
    """What changed, as keys with typed values; everything where nothing was told before."""
    now, then = _fields(car, report), _fields(car, before) if before else {}
    return [{"key": key, "value": value} for key, value in now.items() if then.get(key) != value]


def _fields(car: CloudCar, report: Report) -> dict[str, dict[str, Any]]:
    no_soc = Quirk.NULLS in car.spec.quirks
    timer_at = report.timer_at
    latitude, longitude = car.place(is_home=report.is_home)
    return {
        "DetailedChargeState": {"detailedChargeStateValue": f"DetailedChargeState{_STATE[report.drawing]}"},
        "BatteryLevel": {"doubleValue": round(100 * report.soc, 2)},
        "Soc": {"invalid": True} if no_soc else {"doubleValue": round(100 * report.soc, 2)},
        "ChargeLimitSoc": {"intValue": round(100 * report.charge_limit)},
        "ACChargingPower": {"doubleValue": round(report.power_kw, 3)},
        "ACChargingEnergyIn": {"doubleValue": round(report.energy_kwh_added, 3)},
        "ChargeAmps": {"doubleValue": round(report.current_a, 1)},
        "ChargerVoltage": {"doubleValue": report.voltage_v},
        "ChargerPhases": {"intValue": report.phases},
        "ChargeCurrentRequest": {"intValue": round(report.current_a_wanted)},
        "EstBatteryRange": {"doubleValue": round(car.spec.range_km_full / _KM_PER_MILE * report.soc, 2)},
        "Location": {"locationValue": {"latitude": latitude, "longitude": longitude}},
        "ScheduledChargingPending": {"booleanValue": timer_at is not None},
        "ScheduledChargingStartTime": {"intValue": round(timer_at.timestamp())} if timer_at else {"invalid": True},
    }  # fmt: skip


def _number(car: CloudCar) -> int:
    return 10**15 + crc32(car.spec.vin.encode())


def _millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _unavailable() -> Answer:
    return _error(408, "vehicle unavailable: vehicle is offline or asleep")


def _too_many(core: Core, wait_s: float) -> Answer:
    return _error(429, "over rate limit", core.retry_after(wait_s))


def _error(status: int, error: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, {"response": None, "error": error, "error_description": ""}, headers or {})
