"""The device and the station that a linked car is to the rest of the system."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from evenload.domain.session import Control
from evenload.domain.station import StationDetails
from evenload.domain.station_readings import Quality
from evenload.domain.vehicle_state import CAR_EVSE_ID, CAR_PREFIX, ActReason, ActStatus, Capabilities
from evenload.service.car_rows import CarLinkRow
from evenload.service.live_rows import DeviceRow
from evenload.service.orders import superseded
from evenload.service.ports import Unit
from evenload.service.rows import StationRow

COMMANDS_MAX: Final = 12
"""How many times a car is told something in a session: makers' clouds give few, and switching wears contactors."""

COMMANDS_MAX_SLEEPY: Final = 4
"""The same of a car that sleeps once it is stopped: waking it is counted, and each start may need it."""

NOT_SHARED: Final = "the driver does not share what the car tells any more"

DWELL_MINUTES: Final = 15.0
"""How long a car is left as it was told: an act takes up to five minutes to arrive."""


def device_id_of(vehicle_id: str) -> str:
    """The device, and the station, that a linked car is."""
    return f"{CAR_PREFIX}{vehicle_id}"


def enrol(unit: Unit, link: CarLinkRow, now: datetime) -> DeviceRow:
    """Make or change the device and station of a link. What an operator set of the device stays.

    A car keeps nothing in itself for when its cloud is away: its fallback is all it can draw.
    """
    before = unit.devices.find(link.tenant, link.device_id)
    can = link.capabilities
    most_kw = round(can.power_kw(can.current_a_max), 3)
    row = before or DeviceRow(
        link.tenant, link.device_id, link.site_id, link.device_id, CAR_EVSE_ID,
        commands_max=COMMANDS_MAX_SLEEPY if can.can_wake else COMMANDS_MAX, dwell_minutes=DWELL_MINUTES,
    )  # fmt: skip
    row = replace(
        row, site_id=link.site_id, power_kw_max=most_kw, power_kw_min=_least_kw(can, most_kw), phases=can.phases,
        voltage_v=can.voltage_v, fallback_kw=most_kw, fallback_allotted=False, control=_control(can),
        managed=can.can_start_stop or can.can_set_amps, retired_at=None,
        enrolled_at=row.enrolled_at if before is not None and before.retired_at is None else now,
    )  # fmt: skip
    unit.devices.put([row])
    station = unit.stations.find(row.station) or StationRow(row.station, noted_at=now)
    details = StationDetails(link.provider.value, link.model)  # as its desk tells them
    unit.stations.put(
        [replace(station, approved=True, revoked_at=None, details=details, fallback_kw=most_kw,
                 fallbacks_kw={CAR_EVSE_ID: most_kw})]
    )  # fmt: skip
    return row


def retire(unit: Unit, link: CarLinkRow, now: datetime) -> None:
    """Take a link's device out of service: its session ends by what is known of it, and nothing is wanted of it."""
    device = unit.devices.find(link.tenant, link.device_id)
    if device is None or device.retired_at is not None:
        return
    let_be(unit, link, device, now)
    unit.devices.put([replace(device, retired_at=now)])
    station = unit.stations.find(device.station)
    if station is not None:
        unit.stations.put([replace(station, approved=False, revoked_at=now, lost_at=now)])


def let_be(unit: Unit, link: CarLinkRow, device: DeviceRow, now: datetime) -> None:
    """Nothing more is known of a car: its session ends by what is known of it, and nothing is asked or wanted of it."""
    for session in unit.sessions.going_on_at(link.tenant, [link.device_id]):
        last_at = max(session.plugged_at, session.metered_at or session.plugged_at)
        ended = replace(session, unplugged_at=last_at, power_kw=0.0, energy_quality=Quality.ESTIMATED)
        unit.sessions.put([ended])
    unit.orders.put([superseded(one, now) for one in unit.orders.standing(device.station)])
    left = [one for one in unit.cars.acts_under_way(link.tenant) if one.vehicle_id == link.vehicle_id]
    unit.cars.put_acts(
        replace(
            one, status=ActStatus.FAILED, reason=ActReason.REVOKED, info=link.revoked_why or NOT_SHARED, ended_at=now
        )
        for one in left
    )


def _control(can: Capabilities) -> Control:
    return Control.STEPPED if can.can_set_amps else Control.ON_OFF


def _least_kw(can: Capabilities, most_kw: float) -> float:
    """Least it can draw other than nothing; one that is only switched draws all it can."""
    return min(round(can.power_kw(can.current_a_min), 3), most_kw) if can.can_set_amps else most_kw
