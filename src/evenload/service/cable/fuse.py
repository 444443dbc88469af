"""Fuse: one session out of both ends. The charger's stays, with its energy; the car adds who it is and how full it is.

The car's own session is absorbed: it is kept with all it told, but plans, guard and history count the charger's only.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.station_readings import Quality
from evenload.service import needs
from evenload.service.car_rows import CarStateRow
from evenload.service.live_rows import DeviceRow, NeedBasis, SessionRow, SiteRow, VehicleRow

_SURER: Final = (NeedBasis.DRIVER, NeedBasis.WISH)
_TRUSTED: Final = 0.3
"""A state of charge that is less sure than this says nothing of what a car needs."""


def fused(session: SessionRow, site: SiteRow, vehicle: VehicleRow) -> SessionRow:
    """A charger's session that was found to be of a vehicle."""
    if session.unplugged_at is not None:
        return replace(session, vehicle_id=vehicle.vehicle_id)
    return needs.supposed(session, site, vehicle)


def parted(session: SessionRow, site: SiteRow, vehicle: VehicleRow | None) -> SessionRow:
    """The same after that was found wrong: as if nothing but its token, which stands for ``vehicle``, was known."""
    vehicle_id = vehicle.vehicle_id if vehicle else ""
    if session.unplugged_at is not None:
        return replace(session, vehicle_id=vehicle_id, soc=None)
    basis = session.basis if session.basis is NeedBasis.DRIVER else NeedBasis.SITE
    bare = replace(session, vehicle_id=vehicle_id, soc=None, basis=basis, power_kw_max=None, energy_kwh_at_soc=0.0)
    return needs.supposed(bare, site, vehicle)


def with_state(session: SessionRow, state: CarStateRow, battery_kwh: float | None, now: datetime) -> SessionRow:
    """A charger's session whose car told how full it is; what it needs follows from that unless its driver said.

    The target is the car's own charge limit, full where it tells none; energy is at the connector.
    """
    if state.soc is None:
        return session
    delivered_kwh = session.energy_kwh_delivered
    then_kwh = max(delivered_kwh - (session.power_kw or 0.0) * state.age(now) / timedelta(hours=1), 0.0)
    told = needs.with_soc(replace(session, energy_kwh_delivered=then_kwh), state.soc)
    session = replace(told, energy_kwh_delivered=delivered_kwh)
    if session.basis in _SURER or battery_kwh is None or state.soc_confidence < _TRUSTED:
        return session
    target = 1.0 if state.charge_limit_soc is None else state.charge_limit_soc
    missing_kwh = max(target - state.soc, 0.0) * battery_kwh / needs.EFFICIENCY
    after = replace(session, energy_kwh=then_kwh + missing_kwh, basis=NeedBasis.VEHICLE)
    after = replace(after, energy_kwh_minimum=min(after.energy_kwh_minimum, after.energy_kwh))
    return replace(session, basis=NeedBasis.VEHICLE) if needs.is_alike(session, after, battery_kwh) else after


def without_state(session: SessionRow, site: SiteRow, vehicle: VehicleRow | None) -> SessionRow:
    """A session whose car cannot be believed how full it is: what is usual counts again."""
    basis = session.basis if session.basis in _SURER else NeedBasis.SITE
    return needs.supposed(replace(session, soc=None, basis=basis), site, vehicle)


def absorbed(own: SessionRow, session_id: str) -> SessionRow:
    """A car's own session whose energy a charger counts."""
    return replace(own, absorbed_by=session_id)


def released(own: SessionRow) -> SessionRow:
    """A car's own session that counts by itself."""
    return replace(own, absorbed_by="")


def left_behind(own: SessionRow, device: DeviceRow, at: datetime) -> tuple[SessionRow, SessionRow]:
    """A car that charges on after its charger's session ended stands elsewhere: its own session in two.

    What was until then stays absorbed; what follows counts by itself, from nothing.
    """
    at = max(at, own.plugged_at)
    ended = replace(own, unplugged_at=at, power_kw=0.0, transaction_id="", energy_quality=Quality.ESTIMATED)
    goes_on = replace(
        own, session_id=needs.name_of(device, at), plugged_at=at, absorbed_by="", began=Quality.ESTIMATED,
        energy_kwh=max(own.energy_kwh - own.energy_kwh_delivered, 0.0), energy_kwh_delivered=0.0,
        energy_kwh_before=0.0, energy_kwh_at_soc=0.0, register_kwh_start=None, energy_quality=Quality.ESTIMATED,
        energy_kwh_ended=0.0, transaction_ended="",
    )  # fmt: skip
    return ended, goes_on
