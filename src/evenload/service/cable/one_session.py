"""One session of both ends of a cable: the charger's, which counts what the car's own does not any more."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_limits import Limits, LimitStep
from evenload.domain.vehicle_state import CAR_EVSE_ID, CarId
from evenload.service import orders
from evenload.service.cable import fuse
from evenload.service.cable.seen import Seen, battery_of
from evenload.service.cable_rows import ConflictKind, PairReason, PairRow, PairState
from evenload.service.drivers import standing
from evenload.service.live_rows import DecisionRow, SessionRow, SiteRow, VehicleRow
from evenload.service.ports import Unit

_LET_CHARGE: Final = timedelta(hours=12)
_STILL: Final = timedelta(minutes=30)


@dataclass(slots=True)
class Joined:
    """What a look at both ends changed: sessions to plan anew, and whether orders were given."""

    matched: list[PairRow] = field(default_factory=list)
    undone: list[PairRow] = field(default_factory=list)
    ended: list[PairRow] = field(default_factory=list)
    told: int = 0
    open: set[str] = field(default_factory=set)
    """Cars that may be at a charger, which is not certain yet."""

    @property
    def news(self) -> bool:
        """Whether there is something to plan anew."""
        return bool(self.matched or self.undone or self.ended or self.told)


class OrderIds:
    """Makes ids of orders that are the same for the same pair: an order is given once."""

    def of(self, pair: PairRow) -> str:
        """The id of the order that lets a car charge while its charger decides."""
        return f"cable-{pair.tenant}-{pair.session_id}-{pair.vehicle_id}"[:120]


class BothEnds:
    """Sessions of a tenant within one look, made one and taken apart. ``joined`` collects what was changed."""

    def __init__(self, unit: Unit, tenant: str, now: datetime, seen: Seen, order_ids: OrderIds) -> None:
        self.joined = Joined()
        self._unit, self._tenant, self._now, self._seen, self._ids = unit, tenant, now, seen, order_ids
        self._sites: dict[str, SiteRow] = {}

    def fuse(self, pair: PairRow) -> None:
        """Make the charger's session the car's."""
        unit, session = self._unit, self._seen.sessions[pair.session_id]
        vehicle = unit.vehicles.find(self._tenant, pair.vehicle_id) or VehicleRow(self._tenant, pair.vehicle_id)
        after = fuse.fused(session, self._site(session.site_id), vehicle)
        if after.unplugged_at is None:
            after = self._with_state(after)
            after = standing.at_plug_in(unit, after, self._now)
        self._put(after)
        self._decided(after, "matched", pair.why)
        self.joined.matched.append(pair)

    def undo(self, pair: PairRow, reason: PairReason, why: str) -> None:
        """Take a match back: both sessions are again what each end told alone."""
        unit, session = self._unit, self._seen.sessions.get(pair.session_id)
        over = replace(pair, state=PairState.UNDONE, reason=reason, why=why, made_at=self._now, changed_at=self._now)
        self.keep(over)
        self.joined.undone.append(over)
        if session is not None:
            own = unit.vehicles.with_tokens(self._tenant, [session.token]) if session.token else []
            after = fuse.parted(session, self._site(session.site_id), own[0] if own else None)
            self._put(after)
            self._decided(
                after, "unmatched", f"{pair.vehicle_id} is not held to stand here any more: {reason.sentence}"
            )
        if pair.car_session_id:
            own_session = unit.sessions.find(self._tenant, pair.car_session_id)
            if own_session is not None and own_session.absorbed_by == pair.session_id:
                unit.sessions.put([fuse.released(own_session)])

    def absorb(self) -> None:
        """Cars' own sessions of stays at chargers count no more; those of cars that went on elsewhere do again."""
        unit = self._unit
        live = [one for one in self._seen.pairs.values() if one.state.is_believed]
        devices = {CarId(self._tenant, one.vehicle_id).station.identity: one for one in live}
        for own in unit.sessions.going_on_at(self._tenant, devices):
            pair = devices[own.device_id]
            matched = self._seen.pair_of(pair.vehicle_id) or pair
            if own.absorbed_by == matched.session_id:
                self._left_behind(own, matched)
            elif self._is_same_stay(own, matched):
                self._absorb(own, matched)
        self._absorb_past(live)

    def _absorb_past(self, live: list[PairRow]) -> None:
        """Own sessions that were over when it was found out where they were."""
        for pair in live:
            stay = self._seen.stays.get(pair.vehicle_id)
            if pair.car_session_id or stay is None or stay.goes_on or stay.plugged_by is None:
                continue
            device_id = CarId(self._tenant, pair.vehicle_id).station.identity
            window = Interval(stay.plugged_by - _STILL, (stay.unplugged_by or self._now) + _STILL)
            for own in self._unit.sessions.within(self._tenant, window, device_id=device_id):
                if not own.absorbed_by and own.unplugged_at is not None and self._is_same_stay(own, pair):
                    self._absorb(own, pair)

    def _is_same_stay(self, own: SessionRow, pair: PairRow) -> bool:
        """Whether a car's own session is of the stay that was matched, and not of one before or after."""
        session = self._seen.sessions.get(pair.session_id)
        if session is None or (session.unplugged_at is not None and own.plugged_at >= session.unplugged_at):
            return False
        if own.unplugged_at is not None and own.unplugged_at <= session.plugged_at - _STILL:
            return False
        return pair.stay_by is None or own.plugged_at <= pair.stay_by + _STILL

    def _absorb(self, own: SessionRow, pair: PairRow) -> None:
        unit = self._unit
        unit.sessions.put([fuse.absorbed(own, pair.session_id)])
        kept = replace(pair, car_session_id=own.session_id, made_at=self._now)
        self.keep(kept)
        self.joined.told += 1
        if own.unplugged_at is None and pair.state is PairState.MATCHED:
            self._let_charge(own, kept)

    def _let_charge(self, own: SessionRow, pair: PairRow) -> None:
        """The car is to take what its charger gives: what it was told itself is lifted."""
        device = self._seen.device(self._unit, self._tenant, own.device_id)
        if device is None or not device.managed or self._unit.stations.find(device.station) is None:
            return
        until = self._now + _LET_CHARGE
        limits = Limits((LimitStep(self._now, device.power_kw_max),), until)
        command = SetProfile(
            command_id=self._ids.of(pair), evse_id=CAR_EVSE_ID, limits=limits, worthless_at=until
        )  # fmt: skip
        if not self._unit.orders.find([command.command_id]):
            orders.give(self._unit, device.station, command, self._now)

    def _left_behind(self, own: SessionRow, pair: PairRow) -> None:
        session = self._seen.sessions.get(pair.session_id)
        device, stay = self._seen.device(self._unit, self._tenant, own.device_id), self._seen.stays.get(pair.vehicle_id)
        if session is None or session.unplugged_at is None or device is None or stay is None or not stay.goes_on:
            return
        last = stay.samples[-1] if stay.samples else None
        if last is None or not last.is_on or last.at < session.unplugged_at + _STILL:
            return
        self._unit.sessions.put(fuse.left_behind(own, device, session.unplugged_at))
        self.joined.told += 1

    # small things

    def heard(self, pair: PairRow) -> None:
        """What a car that was matched before told since."""
        session = self._seen.sessions.get(pair.session_id)
        if session is None or session.unplugged_at is not None:
            return
        after = self._with_state(session)
        if after.soc != session.soc:
            after = standing.renewed(self._unit, after, self._now)
        if after != session:
            self._put(after)
            self.joined.told += 1

    def _with_state(self, session: SessionRow) -> SessionRow:
        """A session with what its car told last of how full it is, unless that cannot be believed."""
        unit, state = self._unit, self._unit.cars.state(self._tenant, session.vehicle_id)
        if state is None or state.soc is None or not state.plug.is_plugged:
            return session
        wrong = unit.cables.conflicts(self._tenant, [session.session_id])
        if any(one.kind is ConflictKind.SOC_STUCK and one.told_at and one.ended_at is None for one in wrong):
            return session
        battery_kwh = battery_of(unit, self._tenant, session.vehicle_id)
        return fuse.with_state(session, state, battery_kwh, self._now)

    def _site(self, site_id: str) -> SiteRow:
        if site_id not in self._sites:
            self._sites[site_id] = self._unit.sites.find(self._tenant, site_id) or SiteRow(self._tenant, site_id)
        return self._sites[site_id]

    def keep(self, pair: PairRow) -> None:
        """Keep a pair, here and in the store."""
        self._seen.keep(pair)
        self._unit.cables.put_pairs([pair])

    def _put(self, session: SessionRow) -> None:
        self._seen.sessions[session.session_id] = session
        self._unit.sessions.put([session])

    def _decided(self, session: SessionRow, kind: str, why: str) -> None:
        self._unit.decisions.add(
            [DecisionRow(self._tenant, self._now, session.device_id, session.session_id, kind, why)]
        )
