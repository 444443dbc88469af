"""A virtual cloud in the shape of Enode's API: vehicles, actions that end later, batches of signed events.

Written from the public reference: one token for the application, a link session for each driver, actions that go from
PENDING to CONFIRMED, FAILED or CANCELLED and are told by webhook, problems as RFC 7807 has them.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from evenload.simulate.clouds.asgi import Answer, Asked, Router
from evenload.simulate.clouds.car import CloudCar, Did, Drawing, Report
from evenload.simulate.clouds.cloud import Core, iso, redirected
from evenload.simulate.clouds.faults import Quirk

QUIRKS: Final = (Quirk.NULLS, Quirk.ZERO_SOC, Quirk.CLOCK_AHEAD)
SCOPES: Final = frozenset({"vehicle:read:data", "vehicle:read:location", "vehicle:control:charging"})
EVENTS_MOST: Final = 100
VERSION: Final = "2024-10-01"

_STATE: Final = {
    Drawing.UNPLUGGED: "UNPLUGGED", Drawing.CHARGING: "PLUGGED_IN:CHARGING", Drawing.COMPLETE: "PLUGGED_IN:COMPLETE",
    Drawing.STOPPED: "PLUGGED_IN:STOPPED", Drawing.WAITS_FOR_TIMER: "PLUGGED_IN:STOPPED",
    Drawing.NO_POWER: "PLUGGED_IN:NO_POWER",
}  # fmt: skip
_FAILS: Final = {
    Did.UNPLUGGED: ("FAILED_PRECONDITION", "the vehicle is not plugged in"),
    Did.CANNOT: ("FAILED_PRECONDITION", "the vehicle cannot do that"),
    Did.COMPLETE: ("UNNECESSARY", "the vehicle is charged as far as it is to be"),
}


@dataclass(frozen=True, slots=True)
class Action:
    """Something a car is to do, and how far that has come."""

    action_id: str
    car: CloudCar
    kind: str
    made_at: datetime
    state: str = "PENDING"
    done_at: datetime | None = None
    failure: tuple[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """As the API tells it."""
        failure = self.failure and {"type": self.failure[0], "detail": self.failure[1]}
        at = self.done_at or self.made_at
        return {
            "id": self.action_id, "userId": self.car.spec.user_id, "createdAt": iso(self.made_at),
            "updatedAt": iso(at), "completedAt": iso(at) if self.done_at else None, "state": self.state,
            "targetId": self.car.spec.remote_id, "targetType": "vehicle", "kind": self.kind, "failureReason": failure,
        }  # fmt: skip


class EnodeCloud:
    """``app`` is the ASGI application, ``core`` its state; ``tick`` makes webhooks of what changed."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.actions: dict[str, Action] = {}
        self._pending: dict[str, str] = {}
        self._links: dict[str, tuple[str, str]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._events: list[dict[str, Any]] = []
        self.app = router = Router(self._before, _problem(404, "not-found"))
        router.on("POST", "/oauth2/token", self._token)
        router.on("POST", "/users/{user}/link", self._link)
        router.on("GET", "/link/{token}", self._linked)
        router.on("DELETE", "/users/{user}", self._unlink)
        router.on("GET", "/users/{user}/vehicles", self._cars_of)
        router.on("GET", "/vehicles", self._cars)
        router.on("GET", "/vehicles/{id}", self._vehicle)
        router.on("POST", "/vehicles/{id}/charging", self._charging)
        router.on("POST", "/vehicles/{id}/max-current", self._max_current)
        router.on("POST", "/vehicles/{id}/refresh-hint", self._hint)
        router.on("GET", "/vehicles/actions/{action}", self._action)
        router.on("POST", "/vehicles/actions/{action}/cancel", self._cancel)
        router.on("POST", "/webhooks", self._subscribe)

    def consent(self, user_id: str) -> None:
        """A driver finishes the link session that was begun for him."""
        self.core.accounts.consent(user_id, SCOPES, self.core.now())
        for car in self.core.cars_of(user_id):
            self._event("user:vehicle:discovered", user_id, vehicle=self._told(car, car.see(self.core.now())))

    def withdraw(self, user_id: str) -> None:
        """A driver takes consent back at the maker's; that is told, if it does not get lost."""
        self.core.accounts.withdraw(user_id)
        self._event("user:credentials:invalidated", user_id, vendor="RIVULET")

    def tick(self) -> None:
        """Make webhooks of what changed."""
        for car, report, before in self.core.look():
            changed = ["chargeState.powerDeliveryState"] if before and before.drawing != report.drawing else []
            updated = [*changed, "chargeState.batteryLevel", "chargeState.lastUpdated"]
            self._event(
                "user:vehicle:updated", car.spec.user_id, vehicle=self._told(car, report), updatedFields=updated
            )
        while self._events:
            batch, self._events = self._events[:EVENTS_MOST], self._events[EVENTS_MOST:]
            body = json.dumps(batch).encode()
            headers = {
                "content-type": "application/json", "x-enode-delivery": self.core.uuid(),
                "x-enode-signature": signature(self.core.hook.secret, body),
            }  # fmt: skip
            self.core.push(headers, body)

    async def settle(self) -> None:
        """Wait until no action is under way; what is not, is cancelled with its loop."""
        await asyncio.gather(*self._running, return_exceptions=True)

    # who asks

    async def _before(self) -> Answer | None:
        stumbled = await self.core.stumble()
        return _problem(503 if stumbled == "down" else 500, "internal") if stumbled else None

    async def _token(self, asked: Asked) -> Answer:
        return self.core.accounts.token(asked, self.core.now())

    def _let_in(self, asked: Asked) -> Answer | None:
        if self.core.accounts.grant_of(asked, self.core.now()) is None:
            return _problem(401, "unauthorized")
        wait_s = self.core.app_waits()
        return _problem(429, "too-many-requests", self.core.retry_after(wait_s)) if wait_s else None

    def _car(self, asked: Asked, remote_id: str, scope: str) -> CloudCar | Answer:
        refused = self._let_in(asked)
        if refused:
            return refused
        car = self.core.cars.get(remote_id)
        if car is None or car.spec.user_id not in self.core.accounts.consents:
            return _problem(404, "not-found")
        if scope not in self.core.accounts.consents[car.spec.user_id]:
            return _problem(403, "forbidden")
        return car

    async def _link(self, asked: Asked, user_id: str) -> Answer:
        refused = self._let_in(asked)
        token = self.core.uuid()
        self._links[token] = user_id, str(asked.json().get("redirectUri", ""))
        return refused or Answer(200, {"linkUrl": f"{asked.base}/link/{token}", "linkToken": token})

    async def _linked(self, asked: Asked, token: str) -> Answer:
        """The driver, who is told by ``login``, says yes at once."""
        user_id, target = self._links.pop(token, ("", ""))
        if not user_id:
            return _problem(404, "not-found")
        self.core.sign_in(asked.query.get("login", ""), user_id)
        self.consent(user_id)
        return redirected(target, {})

    async def _unlink(self, asked: Asked, user_id: str) -> Answer:
        refused = self._let_in(asked)
        if refused:
            return refused
        self.core.accounts.withdraw(user_id)
        return Answer(204)

    # reading

    async def _cars(self, asked: Asked) -> Answer:
        refused = self._let_in(asked)
        users = list(self.core.accounts.consents)
        return refused or self._page([car for user_id in users for car in self.core.cars_of(user_id)])

    async def _cars_of(self, asked: Asked, user_id: str) -> Answer:
        return self._let_in(asked) or self._page(self.core.cars_of(user_id))

    def _page(self, cars: list[CloudCar]) -> Answer:
        now = self.core.now()
        listed = [self._told(car, car.see(now)) for car in cars]
        return Answer(200, {"data": listed, "pagination": {"after": None, "before": None}})

    async def _vehicle(self, asked: Asked, remote_id: str) -> Answer:
        car = self._car(asked, remote_id, "vehicle:read:data")
        return car if isinstance(car, Answer) else Answer(200, self._told(car, car.see(self.core.now())))

    def _told(self, car: CloudCar, report: Report) -> dict[str, Any]:
        """A car as the API tells it; cached, so as old as the car's last upload."""
        spec = car.spec
        has_nulls = Quirk.NULLS in spec.quirks
        latitude, longitude = car.place(is_home=report.is_home)
        can = {"isCapable": True, "interventionIds": []}
        cannot = {"isCapable": False, "interventionIds": []}
        return {
            "id": spec.remote_id, "userId": spec.user_id, "vendor": "RIVULET", "lastSeen": iso(report.at),
            "isReachable": None if has_nulls else car.is_reachable,
            "information": {"vin": spec.vin, "brand": spec.make, "model": spec.model, "year": spec.year},
            "chargeState": {
                "batteryLevel": int(100 * report.soc + 1e-6), "batteryCapacity": spec.battery_kwh,
                "range": None if has_nulls else round(spec.range_km_full * report.soc, 1),
                "isPluggedIn": report.drawing is not Drawing.UNPLUGGED,
                "isCharging": report.drawing is Drawing.CHARGING,
                "isFullyCharged": report.drawing is Drawing.COMPLETE,
                "chargeLimit": round(100 * report.charge_limit),
                "chargeRate": None if has_nulls else round(report.power_kw, 2),
                "chargeTimeRemaining": None,
                "maxCurrent": round(report.current_a_wanted) if spec.can_set_amps else None,
                "powerDeliveryState": _STATE[report.drawing], "lastUpdated": iso(report.at),
            },
            "location": {"latitude": latitude, "longitude": longitude, "lastUpdated": iso(report.at), "id": None},
            "smartChargingPolicy": {"isEnabled": False, "deadline": None, "minimumChargeLimit": 0},
            "odometer": {"distance": None, "lastUpdated": None},
            "capabilities": {
                "information": can, "chargeState": can, "location": can, "odometer": cannot, "startCharging": can,
                "stopCharging": can, "smartCharging": cannot, "setMaxCurrent": can if spec.can_set_amps else cannot,
            },
            "scopes": sorted(self.core.accounts.consents.get(spec.user_id, ())),
        }  # fmt: skip

    async def _hint(self, asked: Asked, remote_id: str) -> Answer:
        car = self._car(asked, remote_id, "vehicle:read:data")
        return car if isinstance(car, Answer) else Answer(204)

    # acting

    async def _charging(self, asked: Asked, remote_id: str) -> Answer:
        kind = asked.json().get("action")
        if kind not in ("START", "STOP"):
            return _problem(400, "invalid-body")
        do: Callable[[CloudCar, datetime], Did] = _start if kind == "START" else _stop
        return await self._act(asked, remote_id, kind, do)

    async def _max_current(self, asked: Asked, remote_id: str) -> Answer:
        current_a = asked.json().get("maxCurrent")
        if not isinstance(current_a, int | float):
            return _problem(400, "invalid-body")
        return await self._act(asked, remote_id, "MAX_CURRENT", lambda car, now: car.set_amps(current_a, now))

    async def _act(
        self, asked: Asked, remote_id: str, kind: str, do: Callable[[CloudCar, datetime], Did]
    ) -> Answer:  # fmt: skip
        """Begin an action, or tell of the same one that is under way; another one is cancelled by it."""
        car = self._car(asked, remote_id, "vehicle:control:charging")
        if isinstance(car, Answer):
            return car
        wait_s = self.core.car_waits(remote_id)
        if wait_s:
            return _problem(429, "too-many-requests", self.core.retry_after(wait_s))
        if car.see(self.core.now()).drawing is Drawing.UNPLUGGED:
            return _problem(422, "failed-precondition", detail="the vehicle is not plugged in")
        before = self.actions.get(self._pending.get(remote_id, ""))
        if before and before.state == "PENDING":
            if before.kind == kind and kind in ("START", "STOP"):
                return Answer(200, before.to_json())
            self._end(before, "CANCELLED", None)
        action = Action(self.core.uuid(), car, kind, self.core.now())
        self.actions[action.action_id], self._pending[remote_id] = action, action.action_id
        task = asyncio.get_running_loop().create_task(self._carry_out(action.action_id, do))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Answer(200, action.to_json())

    async def _carry_out(self, action_id: str, do: Callable[[CloudCar, datetime], Did]) -> None:
        car = self.actions[action_id].car
        heard = await self.core.radio(car)
        action = self.actions[action_id]
        if action.state != "PENDING":
            return
        if not heard:
            if self.core.heard_anyway(car):
                do(car, self.core.now())
            self._end(action, "FAILED", ("NO_RESPONSE", "the vehicle did not answer"))
            return
        did = do(car, self.core.now())
        failure = _FAILS.get(did)
        self._end(action, "FAILED" if failure else "CONFIRMED", failure)

    def _end(self, action: Action, state: str, failure: tuple[str, str] | None) -> None:
        ended = replace(action, state=state, done_at=self.core.now(), failure=failure)
        self.actions[action.action_id] = ended
        self._event(
            "user:vendor-action:updated", action.car.spec.user_id, vendorAction=ended.to_json(),
            updatedFields=["state", "updatedAt", "completedAt", "failureReason"],
        )  # fmt: skip

    async def _action(self, asked: Asked, action_id: str) -> Answer:
        refused = self._let_in(asked)
        action = self.actions.get(action_id)
        return refused or (Answer(200, action.to_json()) if action else _problem(404, "not-found"))

    async def _cancel(self, asked: Asked, action_id: str) -> Answer:
        refused = self._let_in(asked)
        action = self.actions.get(action_id)
        if refused or action is None:
            return refused or _problem(404, "not-found")
        if action.state != "PENDING":
            return _problem(409, "conflict")
        self._end(action, "CANCELLED", None)
        return Answer(200, self.actions[action_id].to_json())

    # webhooks

    async def _subscribe(self, asked: Asked) -> Answer:
        refused = self._let_in(asked)
        if refused:
            return refused
        wanted = asked.json()
        self.core.hook = replace(
            self.core.hook, url=self.core.hook.url or wanted.get("url", ""),
            secret=wanted.get("secret") or self.core.hook.secret,
        )  # fmt: skip
        told = {"id": self.core.uuid(), "url": wanted.get("url"), "events": wanted.get("events", ["*"]),
                "isActive": True, "apiVersion": VERSION, "createdAt": iso(self.core.now())}  # fmt: skip
        return Answer(200, told)

    def _event(self, event: str, user_id: str, **more: object) -> None:
        told = {"event": event, "createdAt": iso(self.core.now()), "version": VERSION, "user": {"id": user_id}}
        self._events.append({**told, **more})


def signature(secret: str, body: bytes) -> str:
    """How a webhook is signed."""
    return "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def _start(car: CloudCar, now: datetime) -> Did:
    return car.start(now)


def _stop(car: CloudCar, now: datetime) -> Did:
    return car.stop(now)


def _problem(status: int, kind: str, headers: dict[str, str] | None = None, detail: str = "") -> Answer:
    told = {"type": f"https://developers.invalid/problems/{kind}", "title": kind.replace("-", " "), "detail": detail}
    return Answer(status, told, {"content-type": "application/problem+json", **(headers or {})})
