"""The transactions of a station: which are open, which message belongs to which, and how much energy they took."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from evenload.domain.station_readings import Quality
from evenload.ocpp.records import KnownTransaction
from evenload.ocpp.sequences import Sequences

ENDED_KEPT_MAX: Final = 64
_NOISE_KWH: Final = 0.01


@dataclass(slots=True)
class Transaction:
    """One transaction as the desk knows it. ``ended`` is the quality of its end, ``None`` while it goes on."""

    transaction_id: str
    evse_id: int
    started_at: datetime
    token_key: str = ""
    register_kwh_start: float | None = None
    register_kwh: float | None = None
    counted_kwh: float = 0.0
    register_fell: bool = False
    last_at: datetime | None = None
    ended: Quality | None = None
    sequences: Sequences = field(default_factory=Sequences)

    @property
    def shown_kwh(self) -> float | None:
        """What the meter showed last, ``None`` where it was never told."""
        return self.register_kwh_start if self.register_kwh is None else self.register_kwh

    def count(self, register_kwh: float, at: datetime) -> bool:
        """Take what the meter shows; whether it shows less than before. Late samples are not counted."""
        if self.last_at is not None and at < self.last_at:
            return False
        before = self.shown_kwh
        self.last_at, self.register_kwh = at, register_kwh
        if before is None:
            return False
        fell = register_kwh < before - _NOISE_KWH
        self.counted_kwh += max(0.0, register_kwh - before)
        self.register_fell = self.register_fell or fell
        return fell

    def energy(self, register_kwh: float | None) -> tuple[float | None, Quality]:
        """Energy (kWh) up to an end at which the meter shows ``register_kwh``, and how far it can be trusted."""
        begin = self.register_kwh_start
        if begin is not None and register_kwh is not None and not self.register_fell:
            energy_kwh = register_kwh - begin
            if energy_kwh >= -_NOISE_KWH:
                return max(0.0, energy_kwh), Quality.MEASURED
        known = self.register_kwh is not None or register_kwh is not None
        return (self.counted_kwh if known else None), Quality.ESTIMATED


class Transactions:
    """The transactions of one station, those that ended lately included. ``aliases`` are ids a station made up."""

    def __init__(self, known: Iterable[KnownTransaction] = ()) -> None:
        self._by_id: dict[str, Transaction] = {}
        self._aliases: dict[str, str] = {}
        self._told_ends: dict[tuple[datetime, str, float], str] = {}
        for one in known:
            own = Transaction(one.transaction_id, one.evse_id, one.started_at, one.token_key, one.register_kwh)
            own.ended = Quality.ESTIMATED if one.ended else None
            own.sequences = Sequences(one.sequence)
            self.begin(own)

    def begin(self, transaction: Transaction) -> None:
        """Add one; the oldest that ended are forgotten beyond what is kept."""
        self._by_id[transaction.transaction_id] = transaction
        ended = [one for one in self._by_id.values() if one.ended]
        for one in ended[: max(0, len(ended) - ENDED_KEPT_MAX)]:
            del self._by_id[one.transaction_id]
            self._aliases = {alias: own for alias, own in self._aliases.items() if own != one.transaction_id}

    def find(self, transaction_id: str) -> Transaction | None:
        """By its id, or an id the station made up for it."""
        return self._by_id.get(self._aliases.get(transaction_id, transaction_id))

    def open_on(self, evse_id: int) -> Transaction | None:
        """The one that goes on at an EVSE: the last begun."""
        found = [one for one in self._by_id.values() if one.evse_id == evse_id and one.ended is None]
        return max(found, key=lambda one: one.started_at, default=None)

    def open(self) -> list[Transaction]:
        """All that go on."""
        return [one for one in self._by_id.values() if one.ended is None]

    def superseded(self, evse_id: int, started_at: datetime) -> list[Transaction]:
        """Those on an EVSE that must have ended before another began there."""
        return [one for one in self.open() if one.evse_id == evse_id and one.started_at < started_at]

    def began(
        self, evse_id: int, started_at: datetime, token_key: str, register_kwh: float | None
    ) -> Transaction | None:
        """The one that began exactly so: its start is being told again."""
        told = (evse_id, started_at, token_key, register_kwh)
        for one in self._by_id.values():
            if (one.evse_id, one.started_at, one.token_key, one.register_kwh_start) == told:
                return one
        return None

    def at_evse(self, transaction_id: str, evse_id: int) -> Transaction | None:
        """The one meant by an id at an EVSE: an id that is not known is made up for the one that goes on there."""
        found = self.find(transaction_id)
        if found is None and (found := self.open_on(evse_id)):
            self._aliases[transaction_id] = found.transaction_id
        return found

    def ending(self, ended_at: datetime, token_key: str, register_kwh: float) -> Transaction | None:
        """The one an end without a known id is of: open and begun before, its token and register fit, the oldest.

        A station that never got an answer to the start of a transaction has no id for it (it sends 0 or -1), and it
        tells what it queued in order. An end told again is of the same transaction.
        """
        told = (ended_at, token_key, register_kwh)
        if told in self._told_ends:
            return self.find(self._told_ends[told])

        def misfit(one: Transaction) -> tuple[bool, bool, datetime]:
            begin = one.register_kwh_start
            return (
                bool(token_key) and one.token_key != token_key,
                begin is not None and begin > register_kwh,
                one.started_at,
            )

        found = min((one for one in self.open() if one.started_at <= ended_at), key=misfit, default=None)
        if found:
            self._told_ends[told] = found.transaction_id
        while len(self._told_ends) > ENDED_KEPT_MAX:
            del self._told_ends[next(iter(self._told_ends))]
        return found
