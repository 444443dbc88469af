from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.service import vehicles
from evenload.service.access_rows import Role
from evenload.service.live_rows import VehicleRow
from evenload.service.refusals import ConflictError, NotFoundError
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
AGENT = Scope("north", "user:ann", Role.DRIVER_AGENT)
VAN = VehicleRow("north", "V1", "Van", " 04A2B7C1 ")


def test_a_token_is_kept_as_tokens_are_compared_and_is_of_one_vehicle() -> None:
    store = MemoryStore()
    assert vehicles.put_vehicle(AGENT, store, VAN, NOON).token == "04a2b7c1"  # noqa: S105
    again = vehicles.put_vehicle(AGENT, store, replace(VAN, name="Van 1"), NOON + timedelta(days=1))
    assert (again.name, again.made_at) == ("Van 1", NOON)
    with pytest.raises(ConflictError, match="is of vehicle 'V1'"):
        vehicles.put_vehicle(AGENT, store, replace(VAN, vehicle_id="V2", token="04a2B7C1"), NOON)  # noqa: S106
    for name in ("V3", "V4"):  # without a token they are not the same
        vehicles.put_vehicle(AGENT, store, VehicleRow("north", name), NOON)


def test_a_vehicle_goes_and_a_time_of_day_must_be_one() -> None:
    store = MemoryStore()
    with pytest.raises(InputError, match="time of day"):
        vehicles.put_vehicle(AGENT, store, replace(VAN, ready_by="7"), NOON)
    vehicles.put_vehicle(AGENT, store, VAN, NOON)
    vehicles.remove_vehicle(AGENT, store, "V1", NOON)
    with pytest.raises(NotFoundError):
        vehicles.vehicle(AGENT, store, "V1")
