"""How large a town is that has so many stations: its parts in the proportions of the whole."""

from math import ceil
from typing import Final

from evenload.base.errors import InputError
from evenload.simulate.town_grid import TownShape

STATIONS_MIN: Final = 12
STATIONS_MAX: Final = 2000
CLOUD_CARS: Final = 150
"""So many cars reached by their makers' clouds belong to the town of the defaults."""


def shape_of(stations: int, cloud_cars: int | None = None) -> TownShape:
    """The town of the defaults, larger or smaller. What feeds homes stays as it is, and there is less or more of it.

    ``cloud_cars`` are at homes without a station; ``None`` for as many as belong to so many stations.
    """
    whole = TownShape()
    if not STATIONS_MIN <= stations <= STATIONS_MAX:
        raise InputError(f"a town has {STATIONS_MIN} to {STATIONS_MAX} stations, not {stations}")
    share = stations / whole.stations
    workplace = max(1, round(whole.workplace_stations * share))
    public = max(1, round(whole.public_stations * share))
    home = stations - workplace - public
    residential = ceil(home * (whole.transformers - 2) / whole.home_stations)
    without = residential * whole.homes_per_transformer - home
    return TownShape(
        transformers=2 + residential,
        home_stations=home,
        workplace_stations=workplace,
        workplace_drivers=max(1, round(whole.workplace_drivers * share)),
        public_stations=public,
        public_drivers=max(1, round(whole.public_drivers * share)),
        feeder_kva=round(whole.feeder_kva * residential / (whole.transformers - 2), 1),
        workplace_kva=max(37.5, round(whole.workplace_kva * share, 1)),
        workplace_site_kw=max(22.0, round(whole.workplace_site_kw * share, 1)),
        public_kva=max(37.5, round(whole.public_kva * share, 1)),
        cloud_cars=min(without, round(CLOUD_CARS * share)) if cloud_cars is None else cloud_cars,
    )
