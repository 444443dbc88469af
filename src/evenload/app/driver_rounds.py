"""Begins and ends in time what drivers chose, and tells them again what each plan makes of what they were told."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from evenload.app.looking import look
from evenload.service.driver_rows import PromiseRow
from evenload.service.drivers import promising, standing
from evenload.service.ports import Store

_log = logging.getLogger("evenload.app.drivers")

EVERY_S: Final = 5.0
_AT_ONCE: Final = 1000
_FORGET: Final = timedelta(days=2)


class DriverRounds:
    """Looks every few seconds, in a thread; what breaks there is logged and tried again. ``changed`` is told of tenants
    that have to be planned for anew.
    """

    def __init__(
        self, store: Store, tenants: Sequence[str], clock: Callable[[], datetime],
        changed: Callable[[frozenset[str]], None], every_s: float = EVERY_S,
    ) -> None:  # fmt: skip
        self._store = store
        self._tenants = tenants
        self._clock = clock
        self._changed = changed
        self._every_s = every_s
        self._told: dict[str, dict[str, PromiseRow]] = {}
        self._numbers: dict[str, int] = {}
        self._plans: dict[str, str] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            changed = await look(self.look, _log, "driver_rounds")
            if changed:
                self._changed(changed)

    def look(self) -> frozenset[str]:
        """One round; the tenants of which sessions changed."""
        changed = [tenant for tenant in self._tenants if self._settle(tenant)]
        for tenant in self._tenants:
            self._confirm(tenant)
        return frozenset(changed)

    def _settle(self, tenant: str) -> bool:
        now = self._clock()
        with self._store.reading() as unit:
            if not standing.due(unit, tenant, now):
                return False
        with self._store.writing() as unit:
            return standing.settle(unit, tenant, now) > 0

    def _confirm(self, tenant: str) -> None:
        """Hold what was told against the last plan; that changes no session."""
        now = self._clock()
        told = self._heard(tenant, now)
        if not told:
            return
        with self._store.reading() as unit:
            plan = next(iter(unit.plans.last(tenant, only=())), None)
        if plan is None or self._plans.get(tenant) == plan.plan_id:
            return
        with self._store.reading() as unit:
            plan = unit.plans.last(tenant, only=tuple(told))[0]
            rows = promising.confirmed(unit, plan, told, now)
        if rows:  # nobody waits to write while so many are looked at
            with self._store.writing() as unit:
                unit.promises.add(rows)
        self._plans[tenant] = plan.plan_id

    def _heard(self, tenant: str, now: datetime) -> dict[str, PromiseRow]:
        """What drivers were told last, by session; without those that should have left."""
        told = self._told.setdefault(tenant, {})
        with self._store.reading() as unit:
            if tenant not in self._numbers:
                self._numbers[tenant] = unit.promises.number_before(tenant, now - _FORGET)
            while rows := unit.promises.after(tenant, self._numbers[tenant], _AT_ONCE):
                self._numbers[tenant] = rows[-1].number
                for row in rows:
                    told[row.session_id] = row
                    if not row.plan_id:
                        self._plans.pop(tenant, None)  # the plan that holds it may be there already
        for name in [name for name, row in told.items() if row.by < now or row.at < now - _FORGET]:
            del told[name]
        return told
