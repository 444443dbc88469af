"""Transactions in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, tuple_

from evenload.domain.station import StationId, Token
from evenload.domain.station_readings import Quality
from evenload.service.rows import TransactionRow
from evenload.store.sql.columns import FAR_OFF
from evenload.store.sql.kept import portions
from evenload.store.sql.schema import numbers, transactions
from evenload.store.sql.writing import put

_OF: Final = transactions.c
_PLAIN: Final = (
    "transaction_id", "evse_id", "started_at", "connector_id", "register_kwh_start", "state", "last_at", "sequence",
    "ended_at", "register_kwh_end", "energy_kwh", "reason",
)  # fmt: skip
_AT_STATION: Final = (
    select(transactions)
    .where(_OF.tenant == bindparam("t"), _OF.identity == bindparam("i"))
    .where(_OF.lately_until >= bindparam("ended_from", type_=_OF.lately_until.type))
)  # sorted here, since SQLite would walk the whole tenant in order of start instead


@dataclass(frozen=True, slots=True)
class SqlTransactions:
    """Transactions."""

    connection: Connection

    def find(self, keys: Iterable[tuple[StationId, str]]) -> Mapping[tuple[StationId, str], TransactionRow]:
        """Those of these keys that there are."""
        found: dict[tuple[StationId, str], TransactionRow] = {}
        for some in portions((station.tenant, station.identity, own_id) for station, own_id in keys):
            asked = tuple_(_OF.tenant, _OF.identity, _OF.transaction_id).in_(some)
            rows = [_transaction(row) for row in self.connection.execute(select(transactions).where(asked))]
            found.update({row.key: row for row in rows})
        return found

    def at_station(self, station: StationId, ended_from: datetime) -> Sequence[TransactionRow]:
        """Those that go on, and those that ended at an instant or later, in order of their start."""
        values = {"t": station.tenant, "i": station.identity, "ended_from": ended_from}
        rows = [_transaction(row) for row in self.connection.execute(_AT_STATION, values)]
        return sorted(rows, key=lambda row: (row.started_at, row.transaction_id))

    def at_stations(
        self, stations: Iterable[StationId], ended_from: datetime
    ) -> Mapping[StationId, Sequence[TransactionRow]]:
        """As ``at_station``, of many; a station without any is absent."""
        asked = list(stations)
        if len(asked) == 1:  # which is most often, and three times as fast
            return {station: rows for station in asked if (rows := self.at_station(station, ended_from))}
        found_at: dict[StationId, list[TransactionRow]] = {}
        for some in portions((one.tenant, one.identity) for one in asked):
            found = select(transactions).where(tuple_(_OF.tenant, _OF.identity).in_(some))
            for row in map(_transaction, self.connection.execute(found.where(_OF.lately_until >= ended_from))):
                found_at.setdefault(row.station, []).append(row)
        return {station: sorted(own, key=lambda row: (row.started_at, row.transaction_id))
                for station, own in found_at.items()}  # fmt: skip

    def last(self, tenant: str, count: int, *, only_open: bool = False) -> Sequence[TransactionRow]:
        """The last that began, the latest first."""
        found = select(transactions).where(_OF.tenant == tenant)
        if only_open:
            found = found.where(_OF.ended.is_(None))
        found = found.order_by(_OF.started_at.desc(), _OF.identity.desc(), _OF.transaction_id.desc()).limit(count)
        return [_transaction(row) for row in self.connection.execute(found)]

    def put(self, rows: Iterable[TransactionRow]) -> None:
        """Add or replace."""
        put(self.connection, transactions, [_values(row) for row in rows])

    def reserve_ids(self, tenant: str, count: int) -> int:
        """The first of ``count`` numbers above 0 in a row that are given to nobody else, ever."""
        kept = select(numbers.c.next_transaction_id).where(numbers.c.tenant == tenant)
        first = self.connection.execute(kept).scalar() or 1
        put(self.connection, numbers, [{"tenant": tenant, "next_transaction_id": first + count}])
        return first


def _transaction(row: Row[Any]) -> TransactionRow:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return TransactionRow(
        StationId(row.tenant, row.identity),
        token=None if row.token_text is None else Token(row.token_text, row.token_kind),
        began=Quality(row.began),
        ended=Quality(row.ended) if row.ended else None,
        energy_quality=Quality(row.energy_quality) if row.energy_quality else None,
        **plain,
    )


def _values(row: TransactionRow) -> dict[str, Any]:
    return {
        "tenant": row.station.tenant,
        "identity": row.station.identity,
        "token_text": row.token.text if row.token else None,
        "token_kind": row.token.kind if row.token else None,
        "lately_until": row.ended_at or FAR_OFF,
        "began": str(row.began),
        "ended": str(row.ended) if row.ended else None,
        "energy_quality": str(row.energy_quality) if row.energy_quality else None,
        **{name: getattr(row, name) for name in _PLAIN},
    }
