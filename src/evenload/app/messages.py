"""Sends queued messages: at a bounded rate, once each, tried again, given up; queues what nobody has to ask for."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from evenload.app.looking import look
from evenload.base.errors import EvenloadError
from evenload.net.notify import Notifier
from evenload.service.access_rows import Role
from evenload.service.consents import agreed
from evenload.service.messages import outbox, producing
from evenload.service.messages.catalogue import Catalogue
from evenload.service.messages.outbox import Outcome, Policy, Sending
from evenload.service.people.ports import PeopleStore
from evenload.service.people.rights import erase, to_forget
from evenload.service.people.rows import Way
from evenload.service.people_rows import Purpose
from evenload.service.ports import Store, StoreError
from evenload.service.scope import Scope

_log = logging.getLogger("evenload.app.messages")

POLL_S: Final = 1.0
AT_ONCE: Final = 4
"""Messages under way at the same time."""
_SHORT: Final = (Way.SMS, Way.PUSH)
_EVERY: Final = timedelta(hours=1)
_LOOK_S: Final = 10.0
_PEOPLE_A_UNIT: Final = 10
"""Others wait to write meanwhile."""


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """``per_minute`` is the most that is sent; ``0`` days keep for good."""

    policy: Policy
    per_minute: float = 60.0
    people_days: int = 400
    messages_days: int = 400


class Messages:
    """Queued messages on their way. ``clock`` says what is due; what is sent and why not is in the store."""

    def __init__(
        self, store: Store, people: PeopleStore, tenants: Sequence[str], clock: Callable[[], datetime],
        notifier: Notifier, catalogue: Catalogue, settings: MessageSettings,
    ) -> None:  # fmt: skip
        self._store = store
        self._people = people
        self._tenants = tuple(tenants)
        self._clock = clock
        self._notifier = notifier
        self._catalogue = catalogue
        self._settings = settings
        self._looked_at: datetime | None = None
        self._told: dict[str, int] = {}
        self._nudged: dict[tuple[str, str], date] = {}
        self.sent = 0
        self.failed = 0

    async def run(self) -> None:
        """Send until cancelled, and look beside that for what is to be told. What the store refuses is tried again."""
        await asyncio.gather(self._sending(), self._looking())

    async def _looking(self) -> None:
        while True:
            await look(lambda: self._look(self._clock()), _log, "messages")
            await asyncio.sleep(_LOOK_S)

    async def _sending(self) -> None:
        while True:
            count = 0
            try:
                await asyncio.to_thread(self._tell_promises, self._clock())
                count = await self._sent()
            except EvenloadError as error:
                _log.warning("event=messages_wait why=%s", error)
            except Exception:  # noqa: BLE001  # the rest of the program must not fall with it
                _log.exception("event=messages_defect")
            await asyncio.sleep(max(count * 60 / self._settings.per_minute, 0 if count else POLL_S))

    async def round(self) -> int:
        """Queue what is to be told, and send some of what is due; how many were tried."""
        await asyncio.to_thread(self._tell_promises, self._clock())
        await asyncio.to_thread(self._look, self._clock())
        return await self._sent()

    async def _sent(self) -> int:
        batch = await asyncio.to_thread(self._claim)
        await self._settle(await asyncio.gather(*(self._send(one) for one in batch)))
        return len(batch)

    def _claim(self) -> Sequence[Sending]:
        now = self._clock()
        outbox.recover(self._store, self._tenants, now)
        return outbox.claim(
            self._store, self._people, self._tenants, self._catalogue, self._settings.policy, now, AT_ONCE
        )  # fmt: skip

    async def _send(self, one: Sending) -> Outcome:
        """Try the ways in turn, until one took it; after an uncertain one no other is tried."""
        faults, certain = [], True
        for way, addresses in one.addresses.items():
            text = one.rendered.short if way in _SHORT else one.rendered.text
            went = await self._notifier.send(way, addresses, one.rendered.subject, text)
            if not went.fault:
                return Outcome(one.row, way)
            faults.append(f"{way}: {went.fault}")
            certain = went.is_certain
            if not certain:
                break
        return Outcome(one.row, fault="; ".join(faults), is_certain=certain)

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        if not outcomes:
            return
        for one in outcomes:
            self.sent += not one.fault
            self.failed += bool(one.fault)
            if one.fault:
                _log.warning("event=message_failed tenant=%s message=%s kind=%s why=%s", one.message.tenant,
                             one.message.message_id, one.message.kind, one.fault)  # fmt: skip
        try:
            await asyncio.to_thread(outbox.settle, self._store, outcomes, self._clock())
        except StoreError as error:  # they stay "sending", and are given up as uncertain: none is sent twice
            _log.warning("event=messages_not_noted why=%s", error)

    def _tell_promises(self, now: datetime) -> None:
        for tenant in self._tenants:
            self._promises(tenant, now)

    def _look(self, now: datetime) -> None:
        """Once an hour: what nobody has to ask for, and what was kept long enough. With many people it takes long."""
        if self._looked_at is not None and now - self._looked_at < _EVERY:
            return
        self._looked_at = now
        for tenant in self._tenants:
            with self._store.writing() as unit:
                producing.remind_of_consents(unit, tenant, now)
                producing.tell_lost_links(unit, tenant, now)
            self._nudge(tenant, now)
            self._forget(tenant, now)

    def _promises(self, tenant: str, now: datetime) -> None:
        with self._store.reading() as unit:
            if tenant not in self._told:
                self._told[tenant] = unit.promises.number_before(tenant, now - producing.PROMISE_AGE_MAX)
            before = self._told[tenant]
            if not unit.promises.after(tenant, before, 1):
                return
        with self._store.writing() as unit:
            self._told[tenant] = producing.tell_promises(unit, tenant, before, now)

    def _nudge(self, tenant: str, now: datetime) -> None:
        with self._store.reading() as unit:
            willing = agreed(unit, tenant, Purpose.NUDGES, now)
        for some in (willing[start : start + _PEOPLE_A_UNIT] for start in range(0, len(willing), _PEOPLE_A_UNIT)):
            with self._store.writing() as unit:
                for driver in filter(None, (unit.drivers.find(tenant, one) for one in some)):
                    if self._nudged.get((tenant, driver.driver_id)) != now.date():  # a week changes little in an hour
                        self._nudged[tenant, driver.driver_id] = now.date()
                        producing.tell_savings(unit, driver, now)
                    producing.tell_clean_hours(unit, driver, now)

    def _forget(self, tenant: str, now: datetime) -> None:
        """What was kept long enough."""
        if days := self._settings.people_days:
            scope = Scope(tenant, "evenload", Role.ADMIN)
            for person_id in to_forget(self._store, self._people, tenant, now, timedelta(days=days)):
                erase(scope, self._store, self._people, person_id, now)
                _log.info("event=person_forgotten tenant=%s person=%s", tenant, person_id)
        if days := self._settings.messages_days:
            with self._store.writing() as unit:
                unit.messages.prune(now - timedelta(days=days))
