"""What drivers consented to, beyond the access that they gave at their cars' makers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from evenload.service import consents
from evenload.service.people_rows import Purpose
from evenload.service.ports import Unit

_ALL = frozenset({Purpose.DATA_SHARING, Purpose.CONTROL})


@dataclass(frozen=True, slots=True)
class Permitted:
    """What may be done with vehicles that have a driver; one without goes by the access that was given alone."""

    by_vehicle: Mapping[str, frozenset[Purpose]] = field(default_factory=dict)

    def may_read(self, vehicle_id: str) -> bool:
        """Whether a car may be asked how it is."""
        return Purpose.DATA_SHARING in self.by_vehicle.get(vehicle_id, _ALL)

    def may_tell(self, vehicle_id: str) -> bool:
        """Whether a car may be told what to do."""
        return Purpose.CONTROL in self.by_vehicle.get(vehicle_id, _ALL)


def permitted(unit: Unit, tenant: str, now: datetime) -> Permitted:
    """What drivers of a tenant consent to now. Who never was asked is taken to consent by linking the car."""
    drivers = unit.drivers.of(tenant)
    if not drivers:
        return Permitted()
    agreed = {one: set(consents.agreed(unit, tenant, one, now)) for one in _ALL}
    asked = {purpose: {row.person_id for row in unit.consents.to_purpose(tenant, purpose)} for purpose in _ALL}
    return Permitted(
        {
            vehicle_id: frozenset(
                one for one in _ALL
                if driver.driver_id in agreed[one] or driver.driver_id not in asked[one]
            )
            for driver in drivers
            for vehicle_id in driver.vehicles
        }
    )  # fmt: skip
