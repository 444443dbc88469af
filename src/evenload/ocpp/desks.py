"""Desks by the version a station speaks."""

from collections.abc import Callable, Mapping
from typing import Final

from evenload.domain.station import StationId
from evenload.ocpp.desk import Desk
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.records import Records
from evenload.ocpp.v16.desk import desk16
from evenload.ocpp.v16.dialect import OCPP16
from evenload.ocpp.v201.desk import desk201
from evenload.ocpp.v201.dialect import OCPP201

_DESKS: Final[Mapping[str, Callable[[StationId, Records, DeskPolicy], Desk]]] = {
    OCPP16.subprotocol: desk16,
    OCPP201.subprotocol: desk201,
}


def desk_for(station: StationId, dialect: Dialect, records: Records, policy: DeskPolicy | None = None) -> Desk:
    """The desk of a station that speaks a dialect."""
    return _DESKS[dialect.subprotocol](station, records, policy or DeskPolicy())
