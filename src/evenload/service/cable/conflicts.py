"""Conflicts: where a car, its charger and the plan get in each other's way, each with a sentence and what to do. Pure.

What may pass by itself (a car that begins a minute late, one odd reading) is told only once it lasted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import time_zone
from evenload.domain.vehicle_state import PlugState
from evenload.service.cable.clocks import APART_S
from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap
from evenload.service.cable_rows import DRAWS_KW, CarStayRow, ConflictKind, ConflictRow
from evenload.service.car_rows import CarStateRow
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.needs import EFFICIENCY

_FRESH: Final = timedelta(minutes=45)
_ALLOWED_KW: Final = 1.0
_LOWER: Final = 0.75
_NEARLY_FULL: Final = 0.85
_ABOVE_LIMIT: Final = 0.03
_STUCK_KWH: Final = 6.0
_STUCK_SHARE: Final = 0.08
_APART: Final = 0.4
_APART_KW: Final = 1.0
_CLOCKS_SPREAD_S: Final = 60.0
_CLOCKS_DIFFER_H: Final = 0.1

PATIENCE: Final = {
    ConflictKind.CAR_TIMER: timedelta(minutes=5), ConflictKind.CAR_WAITS: timedelta(minutes=20),
    ConflictKind.CHARGER_LIMIT: timedelta(minutes=20), ConflictKind.CHARGE_LIMIT: timedelta(),
    ConflictKind.UNPLUGGED_BUT_METERED: timedelta(minutes=10), ConflictKind.PLUGGED_ELSEWHERE: timedelta(minutes=10),
    ConflictKind.SOC_STUCK: timedelta(), ConflictKind.POWER_APART: timedelta(minutes=45),
    ConflictKind.CLOCKS_APART: timedelta(),
}  # fmt: skip
"""How long something has to last before it is told."""


@dataclass(frozen=True, slots=True)
class BothEnds:
    """All that is known of a session: of the charger, or of a car alone at its own (``is_alone``).

    ``allowed_kw`` is what its device was told that holds now, ``None`` where nothing was.
    """

    now: datetime
    session: SessionRow
    device: DeviceRow
    state: CarStateRow
    stay: CarStayRow
    allowed_kw: float | None
    zone: str = "UTC"
    battery_kwh: float | None = None
    gap: ClockGap = UNKNOWN_GAP
    at_home: bool = False

    @property
    def is_fresh(self) -> bool:
        """Whether the car's state is of now."""
        return self.state.age(self.now) <= _FRESH

    @property
    def drawn_kw(self) -> float:
        """What flows, as far as it is known."""
        return self.session.power_kw or 0.0

    @property
    def is_alone(self) -> bool:
        """Whether the car's own session is all there is."""
        return self.session.device_id == f"car:{self.state.vehicle_id}"

    def clock(self, at: datetime) -> str:
        """An instant by the clocks of the site."""
        return f"{at.astimezone(time_zone(self.zone)):%a %H:%M}"


Said = tuple[ConflictKind, str, str]


def conflicts_of(seen: BothEnds) -> list[ConflictRow]:
    """What is wrong now, by kind."""
    said = [one for find in _FINDERS for one in find(seen)]
    return [
        ConflictRow(
            seen.session.tenant, seen.session.session_id, kind, seen.now, why, to_do, seen.state.vehicle_id,
            seen.device.device_id,
        )
        for kind, why, to_do in said
    ]  # fmt: skip


def followed(before: Sequence[ConflictRow], found: Sequence[ConflictRow], now: datetime) -> list[ConflictRow]:
    """What becomes of conflicts of one session: those that go on keep their beginning, and are told once they lasted;
    those that are over end. Only rows that changed are given.
    """
    known = {one.kind: one for one in before if one.ended_at is None}
    changed: list[ConflictRow] = []
    for one in found:
        old = known.pop(one.kind, None)
        row = replace(one, since=old.since, told_at=old.told_at) if old else one
        if row.told_at is None and now - row.since >= PATIENCE[row.kind]:
            row = replace(row, told_at=now)
        if row.told_at is not None and old is not None and old.told_at is not None:
            row = old  # told as it was then: numbers that move are no news
        if row != old:
            changed.append(row)
    changed += [replace(one, ended_at=now) for one in known.values()]
    return changed


# what can be wrong


def _waits(seen: BothEnds) -> Iterator[Said]:
    """It may draw, and draws nothing."""
    state = seen.state
    allowed = seen.allowed_kw is not None and seen.allowed_kw >= max(seen.device.power_kw_min, _ALLOWED_KW)
    if not allowed or seen.drawn_kw >= DRAWS_KW or not seen.is_fresh or state.plug is not PlugState.WAITING:
        return
    if _is_full(state):
        return
    who = state.vehicle_id
    if state.timer_start is not None and state.timer_start > seen.now:
        yield (
            ConflictKind.CAR_TIMER,
            f"{who} may charge at {seen.allowed_kw:.1f} kW but waits for its own timer until "
            f"{seen.clock(state.timer_start)}",
            "switch the timer off in the car or its app: the plan already waits for the best hours",
        )
        return
    yield (
        ConflictKind.CAR_WAITS,
        f"{who} may charge at {seen.allowed_kw:.1f} kW but takes nothing, and says that it is plugged in and waits",
        "look for a timer, a departure time or a cheap-hours setting in the car or its app and switch it off; if there "
        "is none, unplug and plug in again",
    )


def _is_full(state: CarStateRow) -> bool:
    limit = 1.0 if state.charge_limit_soc is None else state.charge_limit_soc
    return state.soc is not None and state.soc >= limit - 0.01


def _lower(seen: BothEnds) -> Iterator[Said]:
    """A limit that nobody here set holds at the charger, its cable or by a schedule of its own."""
    told = seen.allowed_kw
    if seen.is_alone or told is None or not seen.is_fresh or seen.state.plug is not PlugState.CHARGING:
        return
    could_kw = min(told, seen.device.power_kw_max, seen.session.power_kw_max or told)
    before_full = seen.state.soc is None or seen.state.soc < _NEARLY_FULL
    if DRAWS_KW < seen.drawn_kw < _LOWER * could_kw and before_full and _drew_more(seen, could_kw):
        yield (
            ConflictKind.CHARGER_LIMIT,
            f"{seen.device.device_id} gives {seen.drawn_kw:.1f} kW where {could_kw:.1f} kW are allowed and the car "
            "has taken as much before",
            "look for a schedule or a lower limit set at the charger, its app or its cable, and take it away",
        )


def _drew_more(seen: BothEnds, could_kw: float) -> bool:
    """Whether the car is known to take what is allowed."""
    known_kw = seen.session.power_kw_max or max((one.power_kw or 0.0 for one in seen.stay.samples), default=0.0)
    return known_kw >= 0.95 * could_kw


def _own_limit(seen: BothEnds) -> Iterator[Said]:
    """The car stops before it has what it is to have."""
    state, battery_kwh = seen.state, seen.battery_kwh
    if state.charge_limit_soc is None or state.soc is None or not battery_kwh or not seen.is_fresh:
        return
    missing_kwh = max(seen.session.energy_kwh - seen.session.energy_kwh_delivered, 0.0)
    wanted = min(state.soc + missing_kwh * EFFICIENCY / battery_kwh, 1.0)
    if wanted > state.charge_limit_soc + _ABOVE_LIMIT:
        yield (
            ConflictKind.CHARGE_LIMIT,
            f"{state.vehicle_id} stops at {state.charge_limit_soc:.0%} by its own charge limit, below the {wanted:.0%} "
            "that are wished for",
            "raise the charge limit in the car or its app, or wish for less",
        )


def _unplugged(seen: BothEnds) -> Iterator[Said]:
    """The car says that no cable is in it while the charger meters power."""
    state, session = seen.state, seen.session
    later = state.at > session.plugged_at + timedelta(seconds=seen.gap.ahead_s) + timedelta(minutes=15)
    metered = session.heard_at or session.metered_at
    still = metered is not None and metered > state.at - timedelta(minutes=10)
    draws = seen.drawn_kw > DRAWS_KW
    if not seen.is_alone and state.plug is PlugState.UNPLUGGED and later and still and draws:
        yield (
            ConflictKind.UNPLUGGED_BUT_METERED,
            f"{state.vehicle_id} says since {seen.clock(state.at)} that it is unplugged, but {seen.device.device_id} "
            f"meters {seen.drawn_kw:.1f} kW",
            "another car may stand there, or the car's cloud is stuck: the charger is believed, the car's state of "
            "charge is not",
        )


def _elsewhere(seen: BothEnds) -> Iterator[Said]:
    """The car says that it is not where its charger stands."""
    if not seen.is_alone and seen.at_home and seen.state.is_home is False and seen.is_fresh:
        yield (
            ConflictKind.PLUGGED_ELSEWHERE,
            f"{seen.state.vehicle_id} says that it is not at home, but its session is at {seen.device.device_id} there",
            "check the place of home in the car's link; the charger is believed until then",
        )


def _stuck(seen: BothEnds) -> Iterator[Said]:
    """Energy flows, and the state of charge stays as it was."""
    known = [one for one in seen.stay.samples if one.soc is not None]
    if len(known) < 2 or seen.session.plugged_at > seen.now:
        return
    least_kwh = max(_STUCK_KWH, _STUCK_SHARE * (seen.battery_kwh or 0.0))
    first, last = known[0], known[-1]
    before_h = max((first.at - seen.session.plugged_at).total_seconds() / 3600 + _CLOCKS_DIFFER_H, 0.0)
    told_after_kwh = seen.session.energy_kwh_at_soc - before_h * seen.device.power_kw_max
    same = all(one.soc == first.soc for one in known)
    if same and (first.soc or 0.0) < _NEARLY_FULL and last.at > first.at and told_after_kwh >= least_kwh:
        yield (
            ConflictKind.SOC_STUCK,
            f"{seen.state.vehicle_id} reports {first.soc or 0.0:.0%} all along although {told_after_kwh:.1f} kWh "
            "and more have flowed",
            "its state of charge is not believed: what is usual for the car counts; link it anew if that stays so",
        )


def _apart(seen: BothEnds) -> Iterator[Said]:
    """Both ends tell of different powers."""
    state, drawn_kw = seen.state, seen.drawn_kw
    if seen.is_alone or not seen.is_fresh or state.plug is not PlugState.CHARGING or state.power_kw is None:
        return
    off_kw = abs(state.power_kw - drawn_kw)
    near = seen.session.metered_at is not None and abs(seen.session.metered_at - state.at) < timedelta(minutes=5)
    if near and off_kw > max(_APART * max(state.power_kw, drawn_kw), _APART_KW):
        yield (
            ConflictKind.POWER_APART,
            f"{state.vehicle_id} tells of {state.power_kw:.1f} kW, {seen.device.device_id} of {drawn_kw:.1f} kW",
            "check which car stands there and the charger's meter; the charger's meter counts",
        )


def _clocks(seen: BothEnds) -> Iterator[Said]:
    """Clocks that are known to differ by minutes."""
    gap = seen.gap
    if gap.is_learned and gap.spread_s <= _CLOCKS_SPREAD_S and abs(gap.ahead_s) > APART_S:
        side = "ahead of" if gap.ahead_s > 0 else "behind"
        yield (
            ConflictKind.CLOCKS_APART,
            f"the clock of {seen.state.vehicle_id} is {abs(gap.ahead_s) / 60:.0f} min {side} that of "
            f"{seen.device.device_id}",
            "set the charger's clock (it may have no time server); sessions are matched with the difference",
        )


_FINDERS: Final[tuple[Callable[[BothEnds], Iterator[Said]], ...]] = (
    _waits, _lower, _own_limit, _unplugged, _elsewhere, _stuck, _apart, _clocks,
)  # fmt: skip
