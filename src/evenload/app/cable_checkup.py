"""A look at both ends of cables and at energy managers for the doctor."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from evenload.app.cars.checkup import Seen
from evenload.app.ems_door import EmsDoor
from evenload.app.secret import secret_of
from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.service.cable.ems import EMS_PREFIX
from evenload.service.cable_rows import EnergyManagerRow, PairState
from evenload.service.ports import Store, Unit


def of_cables(store: Store, tenants: tuple[str, ...], secret_file: Path) -> Iterator[Seen]:
    """What is wrong between cars and chargers now, and which energy managers are not reached."""
    with store.reading() as unit:
        for tenant in tenants:
            yield from _ends(unit, tenant)
            rows = unit.cables.energy_managers(tenant)
            if rows:
                yield from _ems(unit, tenant, rows, secret_file)


def _ends(unit: Unit, tenant: str) -> Iterator[Seen]:
    pairs = unit.cables.pairs_going_on(tenant)
    wrong = Counter(one.kind.value for one in unit.cables.conflicts_going_on(tenant) if one.told_at is not None)
    if not pairs and not wrong:
        return
    certain = sum(one.state is PairState.MATCHED for one in pairs)
    text = f"{tenant}: {certain} cars known to stand at chargers, {len(pairs) - certain} that may"
    if not wrong:
        yield Seen("cables", True, text)
        return
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(wrong.items()))
    yield Seen("cables", None, f"{text}; conflicts: {kinds}", "See what to do about each: evenload cable list")


def _ems(unit: Unit, tenant: str, rows: Sequence[EnergyManagerRow], secret_file: Path) -> Iterator[Seen]:
    found = {row.device_id: unit.stations.find(StationId(tenant, f"{EMS_PREFIX}{row.device_id}")) for row in rows}
    lost = sorted(name for name, one in found.items() if one is None or not one.connected)
    if lost:
        text = f"{tenant}: {len(lost)} of {len(rows)} do not answer: {', '.join(lost[:5])}"
        yield Seen(
            "energy managers", None, text, "Their cars keep to their fallback: look at the line and the address."
        )
    else:
        yield Seen("energy managers", True, f"{tenant}: {len(rows)}, all answer")
    sealed = [row for row in rows if row.secret_sealed]
    if sealed and secret_file.exists():
        yield from _secrets(sealed, EmsDoor(secret_of(secret_file)))


def _secrets(rows: Sequence[EnergyManagerRow], door: EmsDoor) -> Iterator[Seen]:
    for row in rows:
        try:
            door.line(row).close()
        except InputError as error:
            yield Seen("energy managers", False, f"{row.tenant}: {error}", "Put it again: evenload cable add-manager")
