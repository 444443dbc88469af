"""Who may connect, from the store."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final

from evenload.app.together import Together
from evenload.domain.station import StationId
from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
from evenload.service import admission, station_access
from evenload.service.ports import Store, StoreError, Unit
from evenload.service.rows import StationRow

_log = logging.getLogger("evenload.app.directory")

_KEPT_S: Final = 2.0
_GATHER_S: Final = 0.02
_KEPT_MAX: Final = 20_000
_NOTED_EVERY_S: Final = 60.0


class StoreDirectory:
    """A ``Directory``. What was read is good for two seconds: so soon an approval works.

    With ``welcome`` a station nobody knows is taken in; otherwise it is noted, for somebody to approve. ``foresee`` may
    read more of known stations along with them.
    """

    def __init__(
        self, store: Store, writer: Executor, tenants: dict[str, TenantRecord], clock: Callable[[], datetime],
        *, welcome: bool, foresee: Callable[[Unit, Collection[StationId]], None] = lambda _unit, _stations: None,
    ) -> None:  # fmt: skip
        self._store = store
        self._writer = writer
        self._tenants = tenants
        self._clock = clock
        self._welcome = welcome
        self._foresee = foresee
        self._rows = Together(self._read_rows, _GATHER_S)
        self._seconds = asyncio.get_running_loop().time
        self._read: dict[StationId, tuple[float, StationRecord | None]] = {}
        self._noted: dict[StationId, float] = {}

    async def look_up(self, station: StationId) -> tuple[TenantRecord | None, StationRecord | None]:
        """The tenant and the station, each ``None`` where unknown."""
        tenant = self._tenants.get(station.tenant)
        if tenant is None:
            return None, None
        read_at, record = self._read.get(station, (-_KEPT_S, None))
        if self._seconds() - read_at >= _KEPT_S:
            record = await self._record(station)
            if len(self._read) >= _KEPT_MAX:
                self._read.clear()
            self._read[station] = (self._seconds(), record)
        return tenant, record

    async def _record(self, station: StationId) -> StationRecord | None:
        row = await self._rows.find(station)
        if self._welcome and (row is None or not (row.approved or row.revoked_at)):
            note = partial(self._note, station, "", welcome=True)
            row = await asyncio.get_running_loop().run_in_executor(self._writer, note)
        return record_of(row, self._clock()) if row else None

    def _read_rows(self, stations: Collection[StationId]) -> Mapping[StationId, StationRow]:
        with self._store.reading() as unit:  # in this thread: handing it to another costs more than it takes
            found = unit.stations.find_all(stations)
            self._foresee(unit, found.keys())
        return found

    def forget(self, station: StationId) -> None:
        """Read anew what is kept of a station: it changed."""
        self._read.pop(station, None)

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        """A station came in by the other password it was sent, which is its only one from now on."""
        self._writer.submit(self._note_password, station, password_hash_next)

    def _note_password(self, station: StationId, hashed: str) -> None:
        try:
            if station_access.took_password(self._store, station, hashed, self._clock()):
                _log.info("station=%s event=password_changed", station)
        except StoreError as error:  # noted when it comes again
            _log.warning("station=%s event=not_noted why=%s", station, error)

    def hold(self, station: StationId, address: str) -> None:
        """Note a station that knocked and may not come in yet, each once a minute."""
        now = self._seconds()
        if now - self._noted.get(station, -_NOTED_EVERY_S) < _NOTED_EVERY_S:
            return
        if len(self._noted) >= admission.HELD_MAX:
            self._noted = {one: at for one, at in self._noted.items() if now - at < _NOTED_EVERY_S}
        if len(self._noted) < admission.HELD_MAX:
            self._noted[station] = now
            self._writer.submit(self._note, station, address)

    def _note(self, station: StationId, address: str, *, welcome: bool = False) -> StationRow | None:
        try:
            row = admission.note(self._store, station, address, self._clock(), welcome=welcome)
        except StoreError as error:
            _log.warning("station=%s event=not_noted why=%s", station, error)
            return None
        if row is not None and row.revoked_at:
            _log.warning("station=%s event=revoked_knocked address=%s", station, address,
                         extra={"event": "revoked_knocked", "station": str(station)})  # fmt: skip
        elif row is not None and not row.approved:
            _log.warning("station=%s event=held address=%s; to let it in: evenload ocpp approve %s", station, address,
                         station.identity, extra={"event": "held", "station": str(station)})  # fmt: skip
        return row


def record_of(row: StationRow, now: datetime) -> StationRecord:
    """A station as the door knows it at an instant."""
    hashed, following, profile = row.password_hash, row.password_hash_next, row.profile
    if row.password_until is not None and row.password_until <= now:
        hashed, following, profile = following, "", max(profile, 1)
    return StationRecord(
        row.approved, SecurityProfile(profile), hashed, row.certificate_name, following,
        revoked=row.revoked_at is not None,
    )  # fmt: skip
