"""Join: find out which cars stand at which chargers, and make one session of both; undo what was wrong. One unit of
work a call; the same again changes nothing.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from evenload.service.cable.clocks import ahead_s
from evenload.service.cable.match import BELIEVED_STILL, POSSIBLE, Match, match
from evenload.service.cable.one_session import BothEnds, Joined, OrderIds
from evenload.service.cable.seen import Seen, both_ends, is_car, seen_at
from evenload.service.cable.stays import ChargerStay
from evenload.service.cable_rows import CarStayRow, PairReason, PairRow, PairState
from evenload.service.ports import Unit
from evenload.service.refusals import NotFoundError


def join(
    unit: Unit, tenant: str, now: datetime, order_ids: OrderIds, names: Collection[str] | None = None
) -> Joined:  # fmt: skip
    """Look at both ends of a tenant's cables, within a unit of work: of all its cars, or of some and those matched."""
    seen = seen_at(unit, tenant, now, names)
    both = BothEnds(unit, tenant, now, seen, order_ids)
    done = _Joining(unit, tenant, now, seen, both)
    done.end_pairs()
    done.match_cars()
    both.absorb()
    return both.joined


class _Joining:
    """One look at a tenant."""

    def __init__(self, unit: Unit, tenant: str, now: datetime, seen: Seen, both: BothEnds) -> None:
        self._unit, self._tenant, self._now, self._seen = unit, tenant, now, seen
        self._both = both

    # pairs that are over

    def end_pairs(self) -> None:
        """A pair ends with its session, with the car's stay, or when the car tells of another stay."""
        for pair in list(self._seen.pairs.values()):
            session, stay = self._seen.sessions.get(pair.session_id), self._seen.stays.get(pair.vehicle_id)
            if pair.state is not PairState.MATCHED or session is None or session.unplugged_at is None:
                moved = stay is not None and pair.stay_by is not None and stay.plugged_by != pair.stay_by
                if pair.state is not PairState.MATCHED or not moved:
                    continue
            over = replace(pair, state=PairState.ENDED, changed_at=self._now)
            self._both.keep(over)
            self._both.joined.ended.append(over)

    # which car stands where

    def match_cars(self) -> None:
        """Cars that are at no charger yet, and those that told something since they were matched."""
        names = [name for name, stay in self._seen.stays.items() if self._is_open(name, stay)]
        if not names:
            return
        own = {pair.session_id for name in names if (pair := self._seen.pair_of(name))}
        taken = {one.session_id for one in self._seen.pairs.values() if one.state.is_believed}
        free = [one for one in self._seen.sessions.values() if one.session_id in own or one.session_id not in taken]
        chargers, cars = both_ends(self._unit, self._tenant, self._seen, names, free)
        barred = {key for key, one in self._seen.pairs.items() if _is_said(one) and one.state is PairState.UNDONE}
        held = {key for key, one in self._seen.pairs.items() if _is_said(one) and one.state is PairState.MATCHED}
        found = match(chargers, cars, self._seen.gap, frozenset(held), frozenset(barred))
        for one in sorted(found, key=lambda one: one.is_certain):  # what is undone makes room first
            self._take(one)
        self._both.joined.open = {
            one.car.vehicle_id for one in found
            if one.reason is not PairReason.NONE and self._seen.pair_of(one.car.vehicle_id) is None
        }  # fmt: skip

    def _is_open(self, name: str, stay: CarStayRow) -> bool:
        pair = self._seen.pair_of(name)
        if pair is None:
            return not any(
                one.state is PairState.ENDED and one.vehicle_id == name and one.stay_by == stay.plugged_by
                and (not stay.goes_on or not self._charges_on(one, stay))
                for one in self._seen.pairs_of(name)
            )  # fmt: skip
        return pair.changed_at is None or stay.told_at > pair.changed_at - timedelta(minutes=1)

    def _charges_on(self, pair: PairRow, stay: CarStayRow) -> bool:
        session = self._seen.sessions.get(pair.session_id)
        over_at = session.unplugged_at if session else None
        return over_at is not None and stay.told_at > over_at + timedelta(minutes=10)

    def _take(self, found: Match) -> None:
        name = found.car.vehicle_id
        pair, stay = self._seen.pair_of(name), self._seen.stays[name]
        same = pair is not None and found.charger is not None and pair.session_id == found.charger.session_id
        if pair is not None and same and found.confidence >= BELIEVED_STILL:
            self._both.keep(replace(pair, changed_at=self._now))
            self._both.heard(pair)
            return
        if pair is not None and _is_said(pair):
            return
        if pair is not None and (found.is_certain or same or found.charger is None):
            reason = PairReason.CONTRADICTED if not found.is_certain else found.reason
            self._both.undo(pair, reason, found.why)
        elif pair is not None:
            return
        if found.charger is not None and found.confidence >= POSSIBLE:
            self._pair(found, found.charger, stay)

    def _pair(self, found: Match, charger: ChargerStay, stay: CarStayRow) -> None:
        low, high = ahead_s(charger, found.car)
        state = PairState.MATCHED if found.is_certain else PairState.POSSIBLE
        known = self._seen.pairs.get((charger.session_id, found.car.vehicle_id))
        alike = known is not None and known.state is state and abs(known.confidence - found.confidence) < 0.05
        if known is not None and alike:
            return
        row = PairRow(
            self._tenant, charger.session_id, found.car.vehicle_id, charger.device_id, charger.plugged_at, state,
            round(found.confidence, 4), found.reason, found.why, stay.plugged_by, "", low, high, self._now, self._now,
        )  # fmt: skip
        self._both.keep(row)
        if row.state is PairState.MATCHED:
            self._both.fuse(row)

    def say(self, row: PairRow) -> None:
        """Keep what somebody said, and act on it."""
        known = self._seen.pairs.get((row.session_id, row.vehicle_id))
        self._both.keep(replace(row, car_session_id=known.car_session_id) if known else row)
        if row.state is PairState.MATCHED and not (known and known.state.is_believed):
            self._both.fuse(row)
            self._both.absorb()


def _is_said(pair: PairRow) -> bool:
    return pair.reason is PairReason.SAID


def said(unit: Unit, tenant: str, session_id: str, vehicle_id: str, now: datetime, *, is_it: bool, who: str) -> PairRow:
    """Somebody says that a charger's session is of a vehicle, or is not; it stands above what is worked out."""
    seen = seen_at(unit, tenant, now)
    session = seen.sessions.get(session_id) or unit.sessions.find(tenant, session_id)
    if session is None or is_car(session.device_id):
        raise NotFoundError(f"there is no session {session_id!r} of a charger")
    seen.sessions[session_id] = session
    for one in unit.cables.pairs(tenant, [session_id]):
        seen.keep(one)
    both = BothEnds(unit, tenant, now, seen, OrderIds())
    why = f"{who} says that it {'is' if is_it else 'is not'} {vehicle_id}"
    for pair in list(seen.pairs.values()):
        same_session, same_vehicle = pair.session_id == session_id, pair.vehicle_id == vehicle_id
        rival = same_session is not same_vehicle  # another car here, or this car elsewhere
        here = pair.state.is_believed if same_session else pair.state is PairState.MATCHED
        if here and (rival if is_it else same_session and same_vehicle):
            both.undo(pair, PairReason.SAID, why)
    stay = seen.stays.get(vehicle_id)
    state = PairState.UNDONE if not is_it else PairState.MATCHED
    row = PairRow(
        tenant, session_id, vehicle_id, session.device_id, session.plugged_at, state, 1.0, PairReason.SAID, why,
        stay.plugged_by if stay else None, made_at=now, changed_at=now,
    )  # fmt: skip
    _Joining(unit, tenant, now, seen, both).say(row)
    return row
