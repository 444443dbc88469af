"""The virtual clouds of three shapes together: one application to serve, one list of webhooks to deliver."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np

from evenload.simulate.clouds import enode, smartcar, tesla
from evenload.simulate.clouds.accounts import Accounts
from evenload.simulate.clouds.asgi import Asgi, mounted
from evenload.simulate.clouds.cloud import Core, Hook, Push, Sleep
from evenload.simulate.clouds.enode import EnodeCloud
from evenload.simulate.clouds.faults import (
    CALM,
    ENODE_LIMITS,
    SMARTCAR_LIMITS,
    TESLA_LIMITS,
    CloudFaults,
    CloudLimits,
    Quirk,
)
from evenload.simulate.clouds.smartcar import SmartcarCloud
from evenload.simulate.clouds.tesla import TeslaCloud

CLIENT_ID: Final = "evenload-virtual"
CLIENT_SECRET: Final = "virtual-secret"  # noqa: S105 - opens virtual clouds only
LIMITS: Final[Mapping[str, CloudLimits]] = {
    "smartcar": SMARTCAR_LIMITS, "enode": ENODE_LIMITS, "tesla": TESLA_LIMITS,
}  # fmt: skip
QUIRKS: Final[Mapping[str, tuple[Quirk, ...]]] = {
    "smartcar": smartcar.QUIRKS, "enode": enode.QUIRKS, "tesla": tesla.QUIRKS,
}  # fmt: skip
_USER_TOKENS_LAST: Final = timedelta(hours=8)
_LONGEST_NAP_S: Final = 0.05

Deliver = Callable[[Push], Awaitable[bool]]
"""Delivers a webhook; whether it was taken."""


class Makers:
    """Three virtual clouds. Their applications are served below ``/smartcar``, ``/enode`` and ``/tesla`` by ``app``."""

    def __init__(
        self,
        now: Callable[[], datetime],
        sleep: Sleep,
        rng: np.random.Generator,
        faults: CloudFaults = CALM,
        limits: Mapping[str, CloudLimits] = LIMITS,
    ) -> None:
        def core(name: str, lasts: timedelta = timedelta(hours=1)) -> Core:
            accounts = Accounts(CLIENT_ID, CLIENT_SECRET, rng, lasts)
            return Core(now, sleep, rng, accounts, faults, limits[name])

        self.smartcar = SmartcarCloud(core("smartcar"))
        self.enode = EnodeCloud(core("enode"))
        self.tesla = TeslaCloud(core("tesla", _USER_TOKENS_LAST))
        self.app: Asgi = mounted({name: one.app for name, one in self.all.items()})

    @property
    def all(self) -> dict[str, SmartcarCloud | EnodeCloud | TeslaCloud]:
        """The clouds by name."""
        return {"smartcar": self.smartcar, "enode": self.enode, "tesla": self.tesla}

    def hook(self, urls: Mapping[str, str], secret: str) -> None:
        """Where each delivers its webhooks, all signed with one secret."""
        for name, cloud in self.all.items():
            cloud.core.hook = Hook(urls.get(name, ""), secret)

    async def beat(self, deliver: Deliver) -> None:
        """Let cars tell what is new, and deliver what is due. To be called as often as news may be late."""
        for cloud in self.all.values():
            cloud.tick()
            for push in cloud.core.take_pushes():
                if not await deliver(push):
                    cloud.core.missed(push)


def addresses(base_url: str, name: str) -> dict[str, str]:
    """Where a cloud's hosts are (consent, tokens, API, management) if ``Makers.app`` is served at ``base_url``."""
    root = f"{base_url}/{name}"
    api = f"{root}/v3" if name == "smartcar" else root
    return {"connect": root, "auth": root, "api": api, "manage": api}


class VirtualSeconds(Protocol):
    """A clock in virtual seconds."""

    @property
    def speed(self) -> float:
        """Virtual seconds a second."""

    def seconds(self) -> float:
        """Virtual seconds since some instant."""


def sleep_on(clock: VirtualSeconds) -> Sleep:
    """Waits on a clock whose speed may change."""

    async def sleep(seconds: float) -> None:
        until = clock.seconds() + seconds
        while (left := until - clock.seconds()) > 0:
            await asyncio.sleep(min(_LONGEST_NAP_S, left / clock.speed) if clock.speed else _LONGEST_NAP_S)

    return sleep
