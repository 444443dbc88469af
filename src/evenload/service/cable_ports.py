"""The port to what is kept of both ends of cables. The tenant is never left out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from evenload.base.instants import Interval
from evenload.service.cable_rows import CarStayRow, ConflictRow, EnergyManagerRow, PairRow


class Cables(Protocol):
    """Cars at chargers, and what is wrong between them."""

    def stays(self, tenant: str, vehicle_ids: Iterable[str]) -> Sequence[CarStayRow]:
        """Those of vehicles, by vehicle."""

    def stays_lately(self, tenant: str, since: datetime) -> Sequence[CarStayRow]:
        """Those that go on, and those whose end was told at an instant or later, by vehicle."""

    def put_stays(self, rows: Iterable[CarStayRow]) -> None:
        """Add or replace."""

    def pairs(self, tenant: str, session_ids: Iterable[str]) -> Sequence[PairRow]:
        """Those of chargers' sessions, undone ones too, by session and vehicle."""

    def pairs_going_on(self, tenant: str) -> Sequence[PairRow]:
        """Those that are matched or possible and have not ended, by session and vehicle."""

    def pairs_of_vehicles(self, tenant: str, vehicle_ids: Iterable[str], window: Interval) -> Sequence[PairRow]:
        """Those of vehicles at sessions that began in a window, by plug-in, session and vehicle."""

    def put_pairs(self, rows: Iterable[PairRow]) -> None:
        """Add or replace."""

    def conflicts(self, tenant: str, session_ids: Iterable[str]) -> Sequence[ConflictRow]:
        """Those of sessions, ended ones too, by session and kind."""

    def conflicts_going_on(self, tenant: str) -> Sequence[ConflictRow]:
        """Those that have not ended, by session and kind."""

    def put_conflicts(self, rows: Iterable[ConflictRow]) -> None:
        """Add, or replace those of the same session and kind."""

    def forget(self, tenant: str, vehicle_ids: Iterable[str]) -> None:
        """Remove stays, pairs and conflicts of vehicles; sessions are not touched."""

    def energy_managers(self, tenant: str) -> Sequence[EnergyManagerRow]:
        """Energy managers of a tenant by device."""

    def put_energy_managers(self, rows: Iterable[EnergyManagerRow]) -> None:
        """Add or replace."""

    def remove_energy_manager(self, tenant: str, device_id: str) -> None:
        """Forget how one is reached; its device stays."""
