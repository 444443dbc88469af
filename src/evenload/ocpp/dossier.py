"""What a desk keeps of its station: the blocks of a version share it, and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import WHOLE_STATION, Registration, StationDetails, StationId
from evenload.domain.station_commands import CompositeReported, Settlement
from evenload.domain.station_events import (
    DisobedienceFound,
    FallbackVerified,
    MeterFaultFound,
    MeterSampled,
    StationEvent,
    TransactionEnded,
)
from evenload.domain.station_limits import Disobedience, Limits, LimitStep
from evenload.domain.station_readings import MeterFault, Quality, Reading, ReadingKind, SampleContext
from evenload.ocpp.charging import Charging, LimitPolicy
from evenload.ocpp.composite import Period, Unit
from evenload.ocpp.outcome import Reply, Request
from evenload.ocpp.profiles import Abilities
from evenload.ocpp.quirk_facts import QUIRKS
from evenload.ocpp.quirks import NO_QUIRKS, Habits, habits_of
from evenload.ocpp.records import Records
from evenload.ocpp.transactions import Transaction, Transactions

_LATE: Final = timedelta(minutes=1)
_LIMITS: Final = LimitPolicy()
_ABILITIES: Final = Abilities()
_MODELS_KEPT_MAX: Final = 1024
E = TypeVar("E", bound=StationEvent)


@lru_cache(_MODELS_KEPT_MAX)
def _habits(vendor: str, model: str, firmware: str, subprotocol: str) -> Habits:
    """What fleets have in common, worked out once: many stations may start at one moment."""
    return habits_of(StationDetails(vendor, model, firmware=firmware), subprotocol, QUIRKS)


@dataclass(frozen=True, slots=True)
class DeskPolicy:
    """Numbers of a desk, in seconds. ``vendors`` are those whose data messages are accepted;
    ``verify_s`` is how often at most a station is asked what schedule it follows after a plan.

    ``measurands`` is asked for in this order of importance; a station that refuses them all is asked for the first.
    ``signs_certificates``: somebody signs what stations ask to be signed for their connection.
    """

    heartbeat_s: int = 300
    retry_boot_s: int = 60
    sample_s: int = 60
    verify_s: int = 900
    measurands: tuple[str, ...] = (
        "Energy.Active.Import.Register",
        "Power.Active.Import",
        "Current.Import",
        "Voltage",
        "SoC",
    )
    vendors: frozenset[str] = frozenset()
    signs_certificates: bool = False
    limits: LimitPolicy = _LIMITS
    abilities: Abilities = _ABILITIES


@dataclass
class Dossier:
    """One station: who, by whose records, and all that was learned from its messages. ``to_call`` waits to be sent,
    ``asked_for`` are the actions a pending station was asked for."""

    station: StationId
    records: Records
    policy: DeskPolicy
    subprotocol: str
    registration: Registration = field(init=False)
    transactions: Transactions = field(init=False)
    charging: Charging = field(init=False)
    details: StationDetails | None = None
    habits: Habits = NO_QUIRKS
    settings: dict[str, str | None] = field(default_factory=dict)
    is_set_up: bool = False
    booted_at: datetime | None = None
    clock_interval_s: int = 0
    sample_interval_s: int = 0
    asked_for: set[str] = field(default_factory=set)
    to_call: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registration = self.records.registration(None)
        self.transactions = Transactions(self.records.known_transactions())
        self.charging = Charging(self.policy.limits, self.policy.abilities, self.transactions)

    def event(
        self,
        kind: type[E],
        now: datetime,
        /,
        at: datetime | None = None,
        evse_id: int = WHOLE_STATION,
        **rest: Any,  # noqa: ANN401
    ) -> E:
        """An event of this station that came in ``now``."""
        return kind(station=self.station, at=at or now, received_at=now, evse_id=evse_id, **rest)

    def booted(self, details: StationDetails, now: datetime) -> Registration:
        """The station started and said what it is: what it was given must be asserted anew."""
        if details != self.details:  # else what was learned of it still holds
            self.habits = _habits(details.vendor, details.model, details.firmware, self.subprotocol)
            self.charging.abilities = self.habits.applied(self.policy.abilities)
        self.details, self.booted_at, self.is_set_up = details, now, False
        self.registration = self.records.registration(details)
        self.asked_for.clear()
        self.charging.restarted()
        return self.registration

    def number(self, setting: str) -> int:
        """A setting of the station as a whole number, 0 where it has none."""
        value = self.settings.get(setting) or ""
        return int(value) if value.strip().isdecimal() else 0

    def number_of(self, transaction_id: str) -> int:
        """The number OCPP 1.6 has for a transaction; ``InputError`` where it has none."""
        if not transaction_id.lstrip("-").isdecimal():
            raise InputError(f"{transaction_id!r} is not a transaction of OCPP 1.6, which are numbers")
        return int(transaction_id)

    @property
    def heartbeat_s(self) -> int:
        """How often the station is to give a sign of life; one that must be asked for its meter, as often as that."""
        return min(self.policy.heartbeat_s, self.policy.sample_s) if self.habits.ask_meter else self.policy.heartbeat_s

    def is_late(self, at: datetime, now: datetime) -> bool:
        """Whether a message tells of something so long ago that it must have waited for the connection."""
        return now - at > _LATE

    def begin(self, transaction: Transaction) -> None:
        """A transaction began."""
        self.transactions.begin(transaction)
        self.charging.began(transaction)

    def goes_on(self, transaction: Transaction) -> None:
        """A transaction that had been concluded is heard of again and has no other in its place."""
        if transaction.ended is Quality.ESTIMATED and self.transactions.open_on(transaction.evse_id) is None:
            transaction.ended = None
            self.charging.began(transaction)

    def superseded(self, evse_id: int, started_at: datetime, now: datetime) -> list[TransactionEnded]:
        """Conclude what must have ended at an EVSE, since another began there: those ends were never told."""
        return [self._concluded(one, now) for one in self.transactions.superseded(evse_id, started_at)]

    def freed(self, evse_id: int, now: datetime) -> list[TransactionEnded]:
        """Conclude the transactions of an EVSE that is available after a restart that happened in the midst of them."""
        told = self.booted_at is not None and self.habits.status_tells_cable
        begun = self.transactions.superseded(evse_id, self.booted_at) if told and self.booted_at else []
        return [self._concluded(one, now) for one in begun]

    def _concluded(self, transaction: Transaction, now: datetime) -> TransactionEnded:
        transaction.ended = Quality.ESTIMATED
        self.charging.ended(transaction)
        return self.event(
            TransactionEnded,
            now,
            transaction.last_at or transaction.started_at,
            transaction.evse_id,
            transaction_id=transaction.transaction_id,
            register_kwh=transaction.register_kwh,
            energy_kwh=transaction.energy(transaction.register_kwh)[0],
            energy_quality=Quality.ESTIMATED,
            quality=Quality.ESTIMATED,
        )

    def saw(self, evse_id: int) -> None:
        """The station has an EVSE of that number."""
        self.charging.saw(evse_id)

    def interval_s(self, context: SampleContext) -> float | None:
        """Length of the intervals (s) whose energy is sampled in a context, by the station's settings."""
        clock = context is SampleContext.CLOCK
        return float(self.clock_interval_s if clock else self.sample_interval_s) or None

    def metered(
        self,
        evse_id: int,
        readings: Iterable[Reading],
        faults: Iterable[tuple[MeterFault, str]],
        now: datetime,
        transaction: Transaction | None,
        signed_data: tuple[str, ...] = (),
    ) -> list[StationEvent]:
        """What readings of one instant mean: themselves, what is wrong with them, and whether limits are kept."""
        taken = tuple(readings)
        events: list[StationEvent] = []
        own_id = transaction.transaction_id if transaction else ""
        if taken or signed_data:
            at = taken[0].at if taken else now
            sampled = MeterSampled(
                station=self.station,
                at=at,
                received_at=now,
                evse_id=evse_id,
                readings=taken,
                transaction_id=own_id,
                signed_data=signed_data,
            )
            events.append(sampled)
        for one, text in (*faults, *self._learned(evse_id, taken, transaction)):
            events.append(self.event(MeterFaultFound, now, evse_id=evse_id, fault=one, text=text))
        running = transaction is not None and transaction.ended is None
        if running and (proof := self.charging.judge(evse_id, taken)):
            found_kw, limit_kw = proof
            how = Disobedience.METER
            event = self.event(
                DisobedienceFound,
                now,
                None,
                evse_id,
                how=how,
                found_kw=found_kw,
                limit_kw=limit_kw,
                transaction_id=own_id,
            )
            events.append(event)
        return events

    def composite_told(
        self, evse_id: int, periods: Sequence[Period], unit: Unit, window: Interval, now: datetime
    ) -> Reply:
        """What a station says is in force, held against what it was given. Periods count from the window's start."""
        supply = self.charging.electrics(evse_id).supply
        power_kw = {
            one.start_s: supply.convert(one, unit, Unit.W) / 1000.0 for one in periods
        }  # the last at a time counts
        steps = [
            LimitStep(window.start + timedelta(seconds=start_s), power_kw[start_s])
            for start_s in sorted(power_kw)
            if timedelta(seconds=start_s) < window.end - window.start
        ]
        if not steps or any(step.power_kw < 0 for step in steps):
            return Reply(Settlement.REJECTED, "its schedule cannot be read")
        told = Limits(tuple(steps), window.end)
        events: list[StationEvent] = [self.event(CompositeReported, now, evse_id=evse_id, limits=told)]
        fallback = self.charging.fallbacks.get(evse_id)
        if excess := self.charging.exceeding(evse_id, told):
            how = Disobedience.COMPOSITE
            found_kw, limit_kw = excess
            rest = {"how": how, "found_kw": found_kw, "limit_kw": limit_kw}
            events.append(self.event(DisobedienceFound, now, None, evse_id, **rest))
        elif fallback and not self.charging.policy.tolerance.exceeded(told.steps[-1].power_kw, fallback.power_kw):
            events.append(self.event(FallbackVerified, now, evse_id=evse_id, power_kw=fallback.power_kw))
        return Reply(value=told, events=tuple(events))

    def _learned(
        self, evse_id: int, readings: Iterable[Reading], transaction: Transaction | None
    ) -> list[tuple[MeterFault, str]]:
        electrics, faults = self.charging.electrics(evse_id), []
        running = transaction if transaction and transaction.ended is None else None
        for one in readings:
            electrics.note(one)
            register_kwh = one.energy_kwh_import
            if running is None or one.kind is not ReadingKind.REGISTER or register_kwh is None:
                continue
            if text := count(running, register_kwh, one.at):
                faults.append((MeterFault.REGISTER_FELL, text))
        return faults


def count(transaction: Transaction, register_kwh: float, at: datetime) -> str:
    """Take what the meter shows within a transaction; a sentence where that is less than before, else ``""``."""
    before_kwh = transaction.shown_kwh
    fell = transaction.count(register_kwh, at)
    return f"from {before_kwh:g} to {register_kwh:g} kWh within a transaction" if fell else ""
