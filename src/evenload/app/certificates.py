"""Certificates of stations: what one asks for is checked, signed and ordered to be installed."""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final

from evenload.domain.station import StationId
from evenload.domain.station_events import CertificateIssued, CertificateRefused, CertificateRequested, StationEvent
from evenload.net.authority import Authority, RequestError, Signed
from evenload.net.ports import CommitError, Sink
from evenload.service import station_access
from evenload.service.ports import Store, StoreError

_log = logging.getLogger("evenload.app.certificates")

_AGAIN_S: Final = 10.0
_KEPT_MAX: Final = 20_000
_AT_ONCE: Final = 2
_USES: Final = ("", "ChargingStationCertificate")


class Certificates:
    """A ``Sink`` before another one: a request that was committed is answered, by an order or with the reason why not.

    ``authority`` may be exchanged while it runs. Who asks again within ten seconds is refused.
    """

    def __init__(
        self, sink: Sink, store: Store, writer: Executor, authority: Authority, clock: Callable[[], datetime]
    ) -> None:
        self.authority = authority
        self._sink = sink
        self._store = store
        self._writer = writer
        self._clock = clock
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._asked: OrderedDict[StationId, float] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def commit(self, events: Sequence[StationEvent]) -> None:
        """Make events durable, then answer the requests among them."""
        await self._sink.commit(events)
        for event in events:
            if isinstance(event, CertificateRequested):
                task = asyncio.get_running_loop().create_task(self._answer(event))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, event: CertificateRequested) -> None:
        station = event.station
        try:
            signed = await self._signed(event)
            await self._in_writer(
                station_access.order_installation, self._store, station, signed.chain_pem, event.use,
                secrets.token_hex(8), self._clock(),
            )  # fmt: skip
            now = self._clock()
            await self._sink.commit([
                CertificateIssued(station=station, at=now, received_at=now, name=signed.name, serial=signed.serial,
                                  expires_at=signed.expires_at)
            ])  # fmt: skip
        except RequestError as error:
            await self._refuse(station, str(error))
        except (StoreError, CommitError) as error:  # the station asks again where it gets no certificate
            _log.warning("station=%s event=certificate_not_stored why=%s", station, error)
        else:
            _log.info("station=%s event=certificate_issued name=%s serial=%s until=%s", station, signed.name,
                      signed.serial, signed.expires_at.isoformat())  # fmt: skip

    async def _signed(self, event: CertificateRequested) -> Signed:
        station = event.station
        if event.use not in _USES:
            raise RequestError(f"certificates for the use {event.use[:50]!r} are not signed here")
        self._check_patience(station)
        name = await self._in_writer(station_access.certificate_name, self._store, station)
        if name is None:
            raise RequestError("the station may not come in any more")
        async with self._slots:
            return await asyncio.to_thread(self.authority.sign, event.request_pem, station, name, self._clock())

    def _check_patience(self, station: StationId) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._asked.get(station, now - _AGAIN_S) < _AGAIN_S:
            raise RequestError(f"it asked for one less than {_AGAIN_S:.0f} seconds ago")
        self._asked[station] = now
        self._asked.move_to_end(station)
        while len(self._asked) > _KEPT_MAX:
            self._asked.popitem(last=False)

    async def _refuse(self, station: StationId, reason: str) -> None:
        _log.warning("station=%s event=certificate_refused why=%r", station, reason,
                     extra={"event": "certificate_refused", "station": str(station)})  # fmt: skip
        now = self._clock()
        try:
            await self._sink.commit([CertificateRefused(station=station, at=now, received_at=now, reason=reason)])
        except CommitError as error:
            _log.warning("station=%s event=certificate_not_stored why=%s", station, error)

    async def _in_writer(self, call: Callable[..., str | None], *given: object) -> str | None:
        return await asyncio.get_running_loop().run_in_executor(self._writer, partial(call, *given))
