"""Both ends of cables, and energy managers, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from evenload.base.instants import Interval
from evenload.service.cable_rows import CarStayRow, ConflictRow, EnergyManagerRow, PairRow, PairState


@dataclass
class MemoryCables:
    """Cars at chargers, and what is wrong between them."""

    stayed: dict[tuple[str, str], CarStayRow] = field(default_factory=dict)
    paired: dict[tuple[str, str, str], PairRow] = field(default_factory=dict)
    wrong: dict[tuple[str, str, str], ConflictRow] = field(default_factory=dict)
    managers: dict[tuple[str, str], EnergyManagerRow] = field(default_factory=dict)

    def stays(self, tenant: str, vehicle_ids: Iterable[str]) -> Sequence[CarStayRow]:
        """Those of vehicles, by vehicle."""
        return [self.stayed[tenant, one] for one in sorted(set(vehicle_ids)) if (tenant, one) in self.stayed]

    def stays_lately(self, tenant: str, since: datetime) -> Sequence[CarStayRow]:
        """Those that go on, and those whose end was told at an instant or later, by vehicle."""
        found = [
            row
            for row in self.stayed.values()
            if row.tenant == tenant and (row.goes_on or (row.unplugged_by is not None and row.unplugged_by >= since))
        ]
        return sorted(found, key=lambda row: row.vehicle_id)

    def put_stays(self, rows: Iterable[CarStayRow]) -> None:
        """Add or replace."""
        self.stayed.update({(row.tenant, row.vehicle_id): row for row in rows})

    def pairs(self, tenant: str, session_ids: Iterable[str]) -> Sequence[PairRow]:
        """Those of chargers' sessions, undone ones too, by session and vehicle."""
        asked = set(session_ids)
        return sorted((row for row in self._of(tenant) if row.session_id in asked), key=_by_session)

    def pairs_going_on(self, tenant: str) -> Sequence[PairRow]:
        """Those that are matched or possible and have not ended, by session and vehicle."""
        states = (PairState.MATCHED, PairState.POSSIBLE)
        return sorted((row for row in self._of(tenant) if row.state in states), key=_by_session)

    def pairs_of_vehicles(self, tenant: str, vehicle_ids: Iterable[str], window: Interval) -> Sequence[PairRow]:
        """Those of vehicles at sessions that began in a window, by plug-in, session and vehicle."""
        asked = set(vehicle_ids)
        found = [row for row in self._of(tenant) if row.vehicle_id in asked and row.plugged_at in window]
        return sorted(found, key=lambda row: (row.plugged_at, *_by_session(row)))

    def put_pairs(self, rows: Iterable[PairRow]) -> None:
        """Add or replace."""
        self.paired.update({(row.tenant, row.session_id, row.vehicle_id): row for row in rows})

    def conflicts(self, tenant: str, session_ids: Iterable[str]) -> Sequence[ConflictRow]:
        """Those of sessions, ended ones too, by session and kind."""
        asked = set(session_ids)
        found = [row for row in self.wrong.values() if row.tenant == tenant and row.session_id in asked]
        return sorted(found, key=_by_kind)

    def conflicts_going_on(self, tenant: str) -> Sequence[ConflictRow]:
        """Those that have not ended, by session and kind."""
        found = [row for row in self.wrong.values() if row.tenant == tenant and row.ended_at is None]
        return sorted(found, key=_by_kind)

    def put_conflicts(self, rows: Iterable[ConflictRow]) -> None:
        """Add, or replace those of the same session and kind."""
        self.wrong.update({(row.tenant, row.session_id, row.kind.value): row for row in rows})

    def forget(self, tenant: str, vehicle_ids: Iterable[str]) -> None:
        """Remove stays, pairs and conflicts of vehicles; sessions are not touched."""
        whose = set(vehicle_ids)
        kept: tuple[dict[Any, Any], ...] = (self.stayed, self.paired, self.wrong)
        for rows in kept:
            for key in [key for key, row in rows.items() if row.tenant == tenant and row.vehicle_id in whose]:
                del rows[key]

    def energy_managers(self, tenant: str) -> Sequence[EnergyManagerRow]:
        """Energy managers of a tenant by device."""
        return sorted((row for row in self.managers.values() if row.tenant == tenant), key=lambda row: row.device_id)

    def put_energy_managers(self, rows: Iterable[EnergyManagerRow]) -> None:
        """Add or replace."""
        self.managers.update({(row.tenant, row.device_id): row for row in rows})

    def remove_energy_manager(self, tenant: str, device_id: str) -> None:
        """Forget how one is reached; its device stays."""
        self.managers.pop((tenant, device_id), None)

    def _of(self, tenant: str) -> Iterable[PairRow]:
        return (row for row in self.paired.values() if row.tenant == tenant)


def _by_session(row: PairRow) -> tuple[str, str]:
    return row.session_id, row.vehicle_id


def _by_kind(row: ConflictRow) -> tuple[str, str]:
    return row.session_id, row.kind.value
