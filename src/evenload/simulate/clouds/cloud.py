"""What virtual clouds of every shape have in common: cars, accounts, quotas, bad spells, and webhooks to deliver."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import Final
from urllib.parse import urlencode

import numpy as np

from evenload.simulate.clouds.accounts import Accounts
from evenload.simulate.clouds.asgi import Answer
from evenload.simulate.clouds.car import CloudCar, Report
from evenload.simulate.clouds.faults import Bucket, CloudFaults, CloudLimits, Spells

Sleep = Callable[[float], Awaitable[object]]
"""Waits so many seconds of the clouds' own clock."""

_TRIES: Final = 4
_AGAIN_AFTER: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a cloud delivers webhooks, and the secret it signs them with; no address, no webhooks."""

    url: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Push:
    """A webhook to deliver at ``due`` or later. ``tries`` were in vain."""

    due: datetime
    url: str
    headers: Mapping[str, str]
    body: bytes
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A car as its cloud has it: what was told by webhook last, and the buckets that limit how often it is asked."""

    car: CloudCar
    reads: Bucket
    wakes: Bucket
    told: list[Report] = field(default_factory=list)
    month: Counter[str] = field(default_factory=Counter)


class Core:
    """State of one virtual cloud. ``now`` is its clock, never set back; ``sleep`` waits on that clock.

    What cars do is theirs: a driver (a test, a town) plugs in and out at ``cars[...]``. Whoever runs the cloud takes
    what is to be delivered with ``take_pushes`` as often as it likes, and says with ``missed`` what did not arrive.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        sleep: Sleep,
        rng: np.random.Generator,
        accounts: Accounts,
        faults: CloudFaults,
        limits: CloudLimits,
    ) -> None:
        self.now, self.sleep, self.rng, self.accounts, self.faults = now, sleep, rng, accounts, faults
        self.hook = Hook()
        self.cars: dict[str, CloudCar] = {}
        self.counts: Counter[str] = Counter()
        self.is_down = False
        self._limits = limits
        self._known: dict[str, Known] = {}
        self._pushes: list[Push] = []
        self._app = Bucket(limits.app_burst, limits.app_per_s, now())
        self._spells = Spells(faults, rng)

    def add(self, cars: Iterable[CloudCar]) -> None:
        """Have cars."""
        limits, now = self._limits, self.now()
        for car in cars:
            reads, wakes = (
                Bucket(limits.car_burst, limits.car_per_s, now), Bucket(limits.wake_burst, limits.wake_per_s, now)
            )  # fmt: skip
            self.cars[car.spec.remote_id] = car
            self._known[car.spec.remote_id] = Known(car, reads, wakes)

    def sign_in(self, driver: str, user_id: str) -> None:
        """A driver's cars are those of a user of the application from now on."""
        for car in self.cars.values():
            if driver and driver in (car.driver, car.spec.user_id):
                car.driver = car.driver or car.spec.user_id
                car.spec = replace(car.spec, user_id=user_id)

    def cars_of(self, user_id: str) -> list[CloudCar]:
        """A driver's cars, none where consent is not given."""
        return [one for one in self.cars.values() if one.spec.user_id == user_id and user_id in self.accounts.consents]

    # requests

    async def stumble(self) -> str | None:
        """What the cloud itself fails with now, if it does: ``down`` or ``error``; else ``None``."""
        self.counts["requests"] += 1
        if self.is_down or self._spells.is_on(self.now()):
            self.counts["in a bad spell"] += 1
            return "down"
        if self.rng.random() < self.faults.error_share:
            self.counts["errors"] += 1
            return "error"
        return None

    def app_waits(self) -> float:
        """Take from the application's quota: 0, or how long to wait (s)."""
        return self._counted(self._app.take(self.now()))

    def car_waits(self, remote_id: str) -> float:
        """Take from a car's quota."""
        return self._counted(self._known[remote_id].reads.take(self.now()))

    def wake_waits(self, remote_id: str) -> float:
        """Take from a car's quota of wake-ups."""
        return self._counted(self._known[remote_id].wakes.take(self.now()))

    def is_over_plan(self, remote_id: str) -> bool:
        """Whether a car was asked more this month than is paid for; counts this call."""
        month = self._known[remote_id].month
        month[f"{self.now():%Y-%m}"] += 1
        return 0 < self._limits.car_per_month < month[f"{self.now():%Y-%m}"]

    def _counted(self, wait_s: float) -> float:
        self.counts["over quota"] += wait_s > 0
        return wait_s

    def retry_after(self, wait_s: float) -> dict[str, str]:
        """The header that says when to ask again, in seconds or as a date."""
        if self.rng.random() < self.faults.date_share:
            at = (self.now() + timedelta(seconds=wait_s + 1)).replace(microsecond=0)
            return {"retry-after": format_datetime(at, usegmt=True)}
        return {"retry-after": str(ceil(wait_s))}

    async def radio(self, car: CloudCar) -> bool:
        """Send a command to a car: takes as long as it takes. Whether the cloud hears of it; see ``heard_anyway``."""
        latency_s = self.faults.latency(self.rng, is_asleep=car.is_asleep(self.now()))
        self.counts["commands"] += 1
        await self.sleep(latency_s)
        if not car.is_reachable or self.rng.random() < self.faults.no_answer_share:
            self.counts["commands without an answer"] += 1
            return False
        return True

    def heard_anyway(self, car: CloudCar) -> bool:
        """Whether a car that did not answer had heard."""
        return car.is_reachable and bool(self.rng.random() < 0.5)

    # webhooks

    def look(self) -> list[tuple[CloudCar, Report, Report | None]]:
        """The cars that tell something new, with that and what was told before; told they count as from now on.

        Only cars whose driver consented are told of.
        """
        now = self.now()
        news = []
        for known in self._known.values():
            if known.car.spec.user_id not in self.accounts.consents:
                continue
            report, before = known.car.see(now), known.told[-1] if known.told else None
            if report is not before and report.differs(before):
                known.told[:] = [report]
                news.append((known.car, report, before))
        return news

    def push(self, headers: Mapping[str, str], body: bytes) -> None:
        """Have a webhook delivered; it may get lost, or come twice."""
        if not self.hook.url:
            return
        self.counts["webhooks"] += 1
        if self.rng.random() < self.faults.lost_share:
            self.counts["webhooks lost"] += 1
            return
        twice = bool(self.rng.random() < self.faults.twice_share)
        self._pushes += [Push(self.now(), self.hook.url, headers, body)] * (1 + twice)

    def take_pushes(self) -> list[Push]:
        """The webhooks to deliver now."""
        now = self.now()
        due = [one for one in self._pushes if one.due <= now]
        self._pushes = [one for one in self._pushes if one.due > now]
        return due

    def missed(self, push: Push) -> None:
        """One was not taken: it is tried again some times."""
        if push.tries + 1 < _TRIES:
            after = _AGAIN_AFTER * 2**push.tries
            self._pushes.append(Push(self.now() + after, push.url, push.headers, push.body, push.tries + 1))
        else:
            self.counts["webhooks given up"] += 1

    def uuid(self) -> str:
        """Some id."""
        text = self.rng.bytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def redirected(target: str, told: Mapping[str, str]) -> Answer:
    """Back to the application, with what it is told."""
    query = urlencode(told)
    joint = "" if not query else "&" if "?" in target else "?"
    return Answer(302, None, {"location": f"{target}{joint}{query}"})


def iso(at: datetime) -> str:
    """An instant as clouds write it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
