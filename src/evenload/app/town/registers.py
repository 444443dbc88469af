"""What the meters of a town's stations counted, as the platform's store has it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import numpy as np

from evenload.app.town.enrol import TENANT
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import ReadingKind
from evenload.service.ports import Store
from evenload.service.rows import TransactionRow
from evenload.simulate.town import Town
from evenload.simulate.town_measures import Meter

_READINGS_MAX: Final = 100_000


def registers(store: Store, town: Town, window: Interval) -> dict[str, Meter]:
    """By station, in order of time: meter values, and what its transactions began and ended with."""
    meters: dict[str, Meter] = {}
    stations = [StationId(TENANT, one.station) for one in town.devices]
    with store.reading() as unit:
        transactions = unit.transactions.at_stations(stations, window.start)
        for station in stations:
            rows = unit.readings.within(station, window, _READINGS_MAX)
            counted = [
                (one.reading.at, one.reading.energy_kwh_import) for one in rows
                if one.reading.kind is ReadingKind.REGISTER and one.reading.energy_kwh_import is not None
            ]  # fmt: skip
            for one in transactions.get(station, ()):
                counted += [(at, kwh) for at, kwh in _ends(one) if at in window]
            counted.sort()
            at = np.array([at.replace(tzinfo=None) for at, _ in counted], dtype="datetime64[s]")
            meters[station.identity] = at, np.array([kwh for _, kwh in counted], dtype=np.float64)
    return meters


def _ends(transaction: TransactionRow) -> Iterator[tuple[datetime, float]]:
    if transaction.register_kwh_start is not None:
        yield transaction.started_at, transaction.register_kwh_start
    if transaction.ended_at is not None and transaction.register_kwh_end is not None:
        yield transaction.ended_at, transaction.register_kwh_end
