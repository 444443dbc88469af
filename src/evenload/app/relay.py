"""The relay of a site: what happened goes up, orders come down, and while the line is cut the site plans for itself."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from evenload.app.brain import Brain
from evenload.app.stations import StationSide
from evenload.app.upstream import RefusedByUpstreamError, Upstream, UpstreamError
from evenload.base.errors import EvenloadError
from evenload.domain.station import StationId
from evenload.service import relay
from evenload.service.dispatch import Given, given_before
from evenload.service.ports import Store
from evenload.service.relay_state import take_state
from evenload.service.rows import EventRow

_log = logging.getLogger("evenload.app.relay")

T = TypeVar("T")
_AT_ONCE: Final = 500


class Mark(msgspec.Struct, frozen=True):
    """How far both sides have told each other; kept beside the database. Lost, it only costs telling again."""

    site_id: str = ""
    told: int = 0
    ordered: int = 0
    alone: bool = False
    may_plan: bool = False


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """The file of the mark, and which site this is, ``""`` for the only one there is.

    The other server is asked every ``period_s``, and every ``state_s`` told what is connected and asked for what a site
    has to know (s, of the event loop). After ``alone_after`` of silence the site plans for itself.
    """

    file: Path
    site_id: str = ""
    period_s: float = 1.0
    state_s: float = 10.0
    alone_after: timedelta = timedelta(minutes=5)


class Relay:
    """For the event loop's thread. A site has one tenant."""

    def __init__(
        self, upstream: Upstream, store: Store, writer: Executor, clock: Callable[[], datetime], brain: Brain,
        stations: StationSide, settings: RelaySettings,
    ) -> None:  # fmt: skip
        self.given: Mapping[str, Given] = {}
        self._upstream = upstream
        self._store = store
        self._writer = writer
        self._clock = clock
        self._brain = brain
        self._tenant = next(iter(brain.tenants))
        self._stations = stations
        self._settings = settings
        self._mark = _read(settings.file, settings.site_id)
        self._loop = asyncio.get_running_loop()
        self._contact_at = clock()
        self._state_at_s = 0.0
        self._tag = ""
        self._is_cut = False
        self._planning: asyncio.Task[None] | None = None

    @property
    def site_id(self) -> str:
        """Which site this is, ``""`` before that is known."""
        return self._mark.site_id

    @property
    def is_alone(self) -> bool:
        """Whether the site plans for itself."""
        return self._planning is not None

    async def run(self) -> None:
        """Relay for ever."""
        try:
            await self._remember()
            while True:
                try:
                    await self._exchange()
                except UpstreamError as error:
                    self._cut(error)
                except EvenloadError as error:
                    _log.error("event=relay_failed why=%s", error)
                self._stand_in()
                await asyncio.sleep(self._settings.period_s)
        finally:
            await self._stop_planning()
            await self._upstream.close()

    # the exchange

    async def _exchange(self) -> None:
        """Tell what happened until all is told, then hear what is wanted. In this order: what is planned up there for
        these stations from here on is planned knowing all of it."""
        if not self._mark.site_id:
            await self._learn()
        mended = self._is_cut or self._mark.alone
        while rows := await self._store_call(relay.to_tell, self._tenant, self._mark.told, _AT_ONCE):
            await self._tell(rows)
            self._note(told=rows[-1].number)
            await self._store_call(relay.told, self._tenant, rows[-1].number)
        due = self._loop.time() >= self._state_at_s
        if mended:
            await self._stop_planning()
        if mended or due:
            await self._learn()
            connected = [one.identity for one in self._stations.server.connected if one.tenant == self._tenant]
            await self._upstream.tell(self._mark.site_id, (), connected)
            self._state_at_s = self._loop.time() + self._settings.state_s
        await self._hear(anew=self._mark.alone)
        self._mended()

    async def _tell(self, rows: Sequence[EventRow]) -> None:
        """Tell what happened. What is not taken is told in halves and in the end left out, not to block the rest."""
        try:
            refused = await self._upstream.tell(self._mark.site_id, rows, None)
        except RefusedByUpstreamError as error:
            if len(rows) > 1:
                await self._tell(rows[: len(rows) // 2])
                await self._tell(rows[len(rows) // 2 :])
                return
            refused = (f"{rows[0].kind} of {rows[0].station}: {error}",)
        for why in refused:
            _log.error("site=%s event=not_relayed why=%s", self._mark.site_id, why)

    async def _learn(self) -> None:
        """Take over what the site has to know."""
        site_id, tag, state = await self._upstream.site(self._mark.site_id, self._tag)
        if state is not None:
            await self._store_call(take_state, self._tenant, state)
            self._note(site_id=site_id, may_plan=state.alone)
            self._tag = tag
            _log.info("site=%s event=state_taken devices=%d", site_id, len(state.devices))

    async def _hear(self, *, anew: bool) -> None:
        """Take orders. ``anew``: the site told its stations something else meanwhile, so all that is wanted is."""
        ordered = await self._upstream.orders(self._mark.site_id, 0 if anew else self._mark.ordered, self._tenant)
        if ordered.last < self._mark.ordered:  # another database up there
            ordered = await self._upstream.orders(self._mark.site_id, 0, self._tenant)
            self._note(ordered=0)
        take = relay.resume if anew else relay.take_orders
        stations: set[StationId] = await self._store_call(take, self._tenant, ordered.orders)
        if anew:
            self._stations.give_again(stations)
        if stations or anew:
            self._stations.delivery.wake()
            await self._remember()
        highest = max([self._mark.ordered, *(one.number for one in ordered.orders)])
        if anew or highest > self._mark.ordered:
            self._note(ordered=highest, alone=False)

    async def _remember(self) -> None:
        """What devices were told last, from the outbox here."""
        self.given = await asyncio.to_thread(self._given)

    def _given(self) -> Mapping[str, Given]:
        with self._store.reading() as unit:
            return given_before(unit, self._tenant)

    # alone

    def _cut(self, error: UpstreamError) -> None:
        if not self._is_cut:
            _log.warning("site=%s event=line_cut why=%s", self._mark.site_id, error)
        self._is_cut = True

    def _mended(self) -> None:
        if self._is_cut:
            _log.warning("site=%s event=line_mended", self._mark.site_id)
        self._is_cut = False
        self._contact_at = self._clock()

    def _stand_in(self) -> None:
        """Begin to plan where nobody else does."""
        silent = self._clock() - self._contact_at
        if self._planning is not None and self._planning.done():
            self._planning.result()
        if self._planning is None and silent > self._settings.alone_after and self._mark.may_plan:
            _log.warning("site=%s event=alone silent_s=%.0f; it plans for itself", self._mark.site_id,
                         silent.total_seconds())  # fmt: skip
            self._note(alone=True)
            self._brain.tenants[self._tenant].given = None
            self._planning = self._loop.create_task(self._brain.run())

    async def _stop_planning(self) -> None:
        if self._planning is not None:
            self._planning.cancel()
            with suppress(asyncio.CancelledError):
                await self._planning
            self._planning = None

    def wanted(self) -> Mapping[str, Given]:
        """What devices were told last by whoever plans now."""
        own = self._brain.tenants[self._tenant].given if self.is_alone else None
        return self.given if own is None else own

    # what is kept

    def _note(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the mark
        self._mark = msgspec.structs.replace(self._mark, **changes)
        file = self._settings.file
        made = file.with_name(file.name + ".new")
        made.write_bytes(msgspec.json.encode(self._mark))
        made.replace(file)

    async def _store_call(self, act: Callable[..., T], *arguments: object) -> T:
        return await self._loop.run_in_executor(self._writer, partial(act, self._store, *arguments))


def _read(file: Path, site_id: str) -> Mark:
    """How far it was; from the beginning where that is not known, or of another site."""
    try:
        mark = msgspec.json.decode(file.read_bytes(), type=Mark)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return Mark(site_id)
    return mark if site_id in ("", mark.site_id) else Mark(site_id)


def mark_of(database: Path) -> Path:
    """Where the mark of the site with that database is."""
    return database.with_name(database.name + ".relay")
