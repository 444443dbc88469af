"""What a desk must know that no station tells it: a small synchronous port, and one that lives in memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Final, Protocol

from evenload.domain.station import Registration, StationDetails, Token, TokenStatus, Verdict


@dataclass(frozen=True, slots=True)
class KnownTransaction:
    """A transaction of a station as it was recorded; ``ended`` also where its end was only concluded.

    ``token_key`` is that of the token that began it, ``register_kwh`` what the meter showed then, ``sequence`` the
    highest number an event of it had, where the protocol numbers them and it is known.
    """

    transaction_id: str
    evse_id: int
    started_at: datetime
    token_key: str = ""
    register_kwh: float | None = None
    ended: bool = False
    sequence: int | None = None


class Records(Protocol):
    """What is recorded of one station. Calls are synchronous and quick: a message waits for them."""

    def registration(self, details: StationDetails | None) -> Registration:
        """Whether the station may take part; ``None`` before it said what it is."""
        ...

    def authorise(self, token: Token, evse_id: int, now: datetime) -> Verdict:
        """Whether a token may charge here and now."""
        ...

    def next_transaction_id(self) -> int:
        """A new number above 0, never given twice."""
        ...

    def known_transactions(self) -> Iterable[KnownTransaction]:
        """Transactions that are open, and those that ended lately: a station may still send or repeat messages."""
        ...


_ACCEPTED: Final = Verdict(TokenStatus.ACCEPTED)


@dataclass
class MemoryRecords:
    """Records of one station in memory. Tokens that are not listed get ``otherwise``."""

    tokens: Mapping[str, Verdict] = field(default_factory=dict)
    otherwise: Verdict = _ACCEPTED
    registered: Registration = Registration.ACCEPTED
    transactions: Iterable[KnownTransaction] = ()
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def registration(self, details: StationDetails | None) -> Registration:  # noqa: ARG002
        """As ``registered`` says."""
        return self.registered

    def authorise(self, token: Token, evse_id: int, now: datetime) -> Verdict:  # noqa: ARG002
        """As ``tokens`` says, by ``Token.key``."""
        return self.tokens.get(token.key, self.otherwise)

    def next_transaction_id(self) -> int:
        """1, 2, 3 and so on."""
        return next(self._numbers)

    def known_transactions(self) -> Iterable[KnownTransaction]:
        """As ``transactions`` says."""
        return self.transactions
