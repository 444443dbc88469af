"""Towns of other sizes: as many stations as asked for, in the proportions of the whole."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.app.town.shape import STATIONS_MAX, STATIONS_MIN, shape_of
from evenload.base.errors import InputError
from evenload.simulate.town_grid import TownShape


def test_the_town_of_the_defaults_is_itself() -> None:
    assert shape_of(TownShape().stations) == replace(TownShape(), cloud_cars=150)
    assert shape_of(TownShape().stations, cloud_cars=0) == TownShape()


@given(st.integers(STATIONS_MIN, STATIONS_MAX))
def test_every_size_has_its_stations_and_a_feeder_to_match_its_homes(stations: int) -> None:
    shape, whole = shape_of(stations), TownShape()
    assert shape.stations == stations
    assert shape.home_stations + shape.cloud_cars <= (shape.transformers - 2) * shape.homes_per_transformer
    assert shape.cloud_cars == pytest.approx(stations / 3, abs=0.51)
    a_home = [one.feeder_kva / (one.transformers - 2) for one in (shape, whole)]
    assert a_home[0] == pytest.approx(a_home[1], rel=0.01)


@pytest.mark.parametrize("stations", [0, STATIONS_MIN - 1, STATIONS_MAX + 1])
def test_other_sizes_are_refused(stations: int) -> None:
    with pytest.raises(InputError, match="a town has 12 to 2000 stations"):
        shape_of(stations)
