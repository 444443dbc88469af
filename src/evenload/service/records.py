"""What a desk must know of its station, from what is kept."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.station import Registration, StationDetails, StationId, Token, TokenStatus, Verdict
from evenload.ocpp.records import KnownTransaction
from evenload.service.ports import Store
from evenload.service.rows import TransactionRow

_IDS_AT_ONCE: Final = 1000
_ENDED_FOR: Final = timedelta(days=7)
"""How long a station may take to tell again of a transaction that ended."""


class TransactionNumbers:
    """Numbers for transactions of one tenant, reserved in blocks; what is left of a block at the end is lost."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self._left: range = range(0)

    def take(self) -> int:
        """A number never given before."""
        if not self._left:
            with self._store.writing() as unit:
                first = unit.transactions.reserve_ids(self._tenant, _IDS_AT_ONCE)
            self._left = range(first, first + _IDS_AT_ONCE)
        number, self._left = self._left[0], self._left[1:]
        return number


class StoreRecords:
    """The ``Records`` of one station. Tokens that are not listed get ``otherwise``.

    ``foreseen`` are its transactions where they were just read, together with those of others.
    """

    def __init__(
        self,
        store: Store,
        station: StationId,
        numbers: TransactionNumbers,
        clock: Callable[[], datetime],
        otherwise: TokenStatus,
        foreseen: Sequence[TransactionRow] | None = None,
    ) -> None:
        self._store = store
        self._station = station
        self._numbers = numbers
        self._clock = clock
        self._otherwise = Verdict(otherwise)
        self._foreseen = foreseen

    def registration(self, details: StationDetails | None) -> Registration:  # noqa: ARG002
        """Accepted: nobody else comes through the door, and asking again would cost a storm of stations dear."""
        return Registration.ACCEPTED

    def authorise(self, token: Token, evse_id: int, now: datetime) -> Verdict:  # noqa: ARG002  # one list for all
        """Whether the token may charge here and now."""
        with self._store.reading() as unit:
            row = unit.tokens.find(self._station.tenant, token.key)
        if row is None:
            return self._otherwise
        expired = row.expires_at is not None and row.expires_at <= now and row.status is TokenStatus.ACCEPTED
        return Verdict(TokenStatus.EXPIRED if expired else row.status, row.expires_at, row.group)

    def next_transaction_id(self) -> int:
        """A number never given before in the tenant."""
        return self._numbers.take()

    def known_transactions(self) -> Iterable[KnownTransaction]:
        """Those that go on, and those that ended within a week."""
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is None:
            with self._store.reading() as unit:
                foreseen = unit.transactions.at_station(self._station, ended_from(self._clock()))
        return [known(row) for row in foreseen]


def ended_from(now: datetime) -> datetime:
    """Since when a transaction must have ended to be of use to a desk."""
    return now - _ENDED_FOR


def known(row: TransactionRow) -> KnownTransaction:
    """A transaction as a desk knows it."""
    return KnownTransaction(
        row.transaction_id, row.evse_id, row.started_at, row.token.key if row.token else "",
        row.register_kwh_start, ended=row.ended is not None, sequence=row.sequence,
    )  # fmt: skip
