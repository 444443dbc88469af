"""A called event: what is asked of whom and when, by a program."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite, nan
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import as_utc
from evenload.domain.event import Event, EventKind
from evenload.program.rules import EventAsked

MINUTES_MAX: Final = 24 * 60


class CallKind(StrEnum):
    """What is asked for.

    ``pause``: no power. ``limit``: each device no more than a power, or a share of its own. ``group_limit``: all
    together no more than a power. ``increase``: charge more. ``price``: a price for the time being. ``alert``: only
    told. ``preparatory``: be as full as wished before the start, which is that of an outage.
    """

    PAUSE = "pause"
    LIMIT = "limit"
    GROUP_LIMIT = "group_limit"
    INCREASE = "increase"
    PRICE = "price"
    ALERT = "alert"
    PREPARATORY = "preparatory"


_PLANNED_AS: Final = {
    CallKind.PAUSE: EventKind.PAUSE,
    CallKind.LIMIT: EventKind.LIMIT,
    CallKind.GROUP_LIMIT: EventKind.LIMIT,
    CallKind.INCREASE: EventKind.INCREASE,
    CallKind.PREPARATORY: EventKind.PREPARATORY,
}


class TargetKind(StrEnum):
    """What a target names; ``program`` is everybody in it."""

    PROGRAM = "program"
    ARM = "arm"
    CIRCUIT = "circuit"
    GROUP = "group"
    PORT = "port"


@dataclass(frozen=True, slots=True)
class Target:
    """Those an event is for: its whole program, or those of an arm, at or below a circuit, of a group, of a port."""

    kind: TargetKind
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", TargetKind(self.kind))
        if (self.kind is TargetKind.PROGRAM) != (self.name == ""):
            raise InputError(f"target {self.kind} {self.name!r}: a program needs no name, every other target one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked. Whoever meets one of ``targets`` is meant; none means everybody in the program.

    ``power_kw`` is of each device for ``limit``, of all together for ``group_limit`` and ``increase``; ``power_share``
    (0-1) of a device's own power. Devices begin within ``start_after_minutes`` and return within
    ``return_over_minutes``, each at a random minute, later where a circuit's cap on change is reached. A test is told,
    but asks nothing of devices. Nobody below one of ``critical_circuits`` is asked to charge more. Raises
    ``InputError``, naming the key.
    """

    event_id: str
    program_id: str
    kind: CallKind
    start: datetime
    end: datetime
    targets: tuple[Target, ...] = ()
    power_kw: float | None = None
    power_share: float | None = None
    price_per_kwh: float | None = None
    mandatory: bool = False
    is_test: bool = False
    start_after_minutes: int = 0
    return_over_minutes: int = 15
    critical_circuits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", CallKind(self.kind))
        for key in ("start", "end"):
            object.__setattr__(self, key, as_utc(getattr(self, key)))
        if self.end <= self.start:
            raise InputError(f"event {self.event_id!r}: end {self.end.isoformat()} is not after its start")
        _check_amounts(self)
        for key in ("start_after_minutes", "return_over_minutes"):
            if not 0 <= getattr(self, key) <= MINUTES_MAX:
                raise InputError(f"event {self.event_id!r}: {key} must be 0 to {MINUTES_MAX}")

    @property
    def steers(self) -> bool:
        """Whether devices are to do something; a test and an alert are only told."""
        return self.kind is not CallKind.ALERT and not self.is_test

    @property
    def asks_for_more(self) -> bool:
        """Whether devices are to charge more rather than less."""
        return self.kind in (CallKind.INCREASE, CallKind.PREPARATORY)

    def span(self, notified_at: datetime) -> tuple[datetime, datetime]:
        """When it asks: from start to end; one that prepares from when it was notified to its start."""
        if self.kind is CallKind.PREPARATORY:
            return min(notified_at, self.start), self.start
        return self.start, self.end

    def asked(self, notified_at: datetime) -> EventAsked:
        """As the rules of a program look at it; prices and alerts have no kind there and are taken for a limit."""
        kind = _PLANNED_AS.get(self.kind, EventKind.LIMIT)
        return EventAsked(kind, self.start, self.end, notified_at, self.mandatory, self.power_share)

    def planned(
        self,
        power_kw: float,
        notified_at: datetime,
        cancelled_at: datetime | None = None,
        *,
        node: str = "",
        group: str = "",
    ) -> Event | None:
        """As the planner knows it, for devices together; None for what asks it for no power: price, alert, test.

        ``power_kw`` is what all that are asked may draw together (NaN: as said by the call itself).
        """
        kind = _PLANNED_AS.get(self.kind)
        if kind is None or self.is_test:
            return None
        return Event(
            self.event_id, kind, self.start, self.end, node, group, nan if kind is EventKind.PAUSE else power_kw,
            self.mandatory, notified_at, cancelled_at,
        )  # fmt: skip

    def device_kw_max(self, power_kw_max: float) -> float:
        """What one device may draw meanwhile, kW, where the call limits devices one by one; else its own power."""
        if self.kind is CallKind.PAUSE:
            return 0.0
        if self.kind is not CallKind.LIMIT:
            return power_kw_max
        most = power_kw_max * (1.0 if self.power_share is None else self.power_share)
        return most if self.power_kw is None else min(most, self.power_kw)


def _check_amounts(call: Call) -> None:
    who = f"event {call.event_id!r} of kind {call.kind}"
    for key in ("power_kw", "power_share"):
        amount = getattr(call, key)
        if amount is not None and not (isfinite(amount) and amount >= 0):
            raise InputError(f"{who}: {key} = {amount} must be 0 or more")
    if call.power_share is not None and call.power_share > 1:
        raise InputError(f"{who}: power_share = {call.power_share} must be a share from 0 to 1")
    if call.kind is CallKind.LIMIT and call.power_kw is None and call.power_share is None:
        raise InputError(f"{who} needs power_kw or power_share")
    if call.kind is CallKind.GROUP_LIMIT and call.power_kw is None:
        raise InputError(f"{who} needs power_kw, what all may draw together")
    if (call.kind is CallKind.PRICE) != (call.price_per_kwh is not None):
        raise InputError(f"{who}: an event of kind price needs price_per_kwh, and no other has one")
