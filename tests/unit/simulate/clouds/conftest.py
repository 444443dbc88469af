"""Virtual clouds on a clock that a test moves: what sleeps is woken when time is moved past it."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import numpy as np
import pytest

from evenload.simulate.clouds.accounts import Grant
from evenload.simulate.clouds.car import CarSpec, CloudCar
from evenload.simulate.clouds.cloud import Push
from evenload.simulate.clouds.enode import SCOPES as ENODE_SCOPES
from evenload.simulate.clouds.faults import CALM, CloudFaults, Quirk
from evenload.simulate.clouds.makers import CLIENT_ID, CLIENT_SECRET, LIMITS, Makers
from evenload.simulate.clouds.smartcar import SCOPES as SMARTCAR_SCOPES
from evenload.simulate.clouds.tesla import SCOPES as TESLA_SCOPES
from evenload.simulate.station_car import Car

BEGAN = datetime(2026, 1, 13, 18, tzinfo=UTC)
SECRET = "hook-secret"  # noqa: S105 - signs webhooks of virtual clouds
T = TypeVar("T")


@dataclass
class Stage:
    """Clouds with one car each, and a client for each that has been let in."""

    faults: CloudFaults = CALM
    limits: Any = None
    quirks: frozenset[Quirk] = frozenset()
    now: datetime = BEGAN
    slept_s: float = 0.0
    pushes: list[Push] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.makers = Makers(
            lambda: self.now, self.sleep, np.random.default_rng(7), self.faults, {**LIMITS, **(self.limits or {})}
        )
        self.cars = {
            name: CloudCar(
                CarSpec(name.upper(), name.upper(), f"user-{name}", can_set_amps=name != "smartcar",
                        quirks=self.quirks), self.now,
            )
            for name in self.makers.all
        }  # fmt: skip
        for name, cloud in self.makers.all.items():
            cloud.core.add([self.cars[name]])
        self.makers.hook({name: f"http://hook/{name}" for name in self.makers.all}, SECRET)

    async def sleep(self, seconds: float) -> None:
        """Time passes for all as soon as anybody waits."""
        self.slept_s += seconds
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def let_in(self) -> None:
        """Every driver consents."""
        scopes = {"smartcar": SMARTCAR_SCOPES, "enode": ENODE_SCOPES, "tesla": TESLA_SCOPES}
        for name, cloud in self.makers.all.items():
            cloud.core.accounts.consent(f"user-{name}", scopes[name], self.now)

    def client(self, name: str, **headers: str) -> httpx.AsyncClient:
        """A client with a token that lets in all day, and what every request needs."""
        accounts = self.makers.all[name].core.accounts
        user = f"user-{name}" if name == "tesla" else ""
        scopes = accounts.consents.get(f"user-{name}", frozenset())
        accounts._access["t"] = Grant(user, scopes, self.now + timedelta(days=3))
        told = {"authorization": "Bearer t", "sc-user-id": "user-smartcar", **headers}
        return self.bare(name, told)

    def bare(self, name: str, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.makers.app)
        return httpx.AsyncClient(transport=transport, base_url=f"http://cloud/{name}", headers=headers)

    async def beat(self) -> list[Push]:
        """What is delivered now."""
        came: list[Push] = []

        async def deliver(push: Push) -> bool:
            came.append(push)
            return True

        await self.makers.beat(deliver)
        return came


def an_empty_car(**car: Any) -> Car:
    return Car(**{"battery_kwh": 60.0, "soc": 0.3, "soc_target": 0.9, "current_a_max": 32.0, "phases": 1, **car})


class Tools:
    stage = Stage
    car = staticmethod(an_empty_car)
    began = BEGAN
    secret = SECRET
    client_id, client_secret = CLIENT_ID, CLIENT_SECRET

    @staticmethod
    def run(what: Awaitable[T]) -> T:
        async def main() -> T:
            return await asyncio.wait_for(what, 10)

        return asyncio.run(main())


@pytest.fixture
def clouds() -> type[Tools]:
    return Tools
