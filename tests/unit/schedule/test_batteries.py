"""States of charge as kWh of charging at the connector, worked out by hand and against the definition of a battery."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.domain.session import Sessions
from evenload.schedule.batteries import Taper, batteries_of


def sessions(size: int = 1, **known: Any) -> Sessions:
    """Sessions that need 9 kWh; columns given as one value each, or as a list of one a session."""
    columns: dict[str, Any] = {"energy_kwh": 9.0, "power_kw_max": 6.0} | known
    return Sessions.of(
        session_id=np.array([f"s{i}" for i in range(size)], dtype=np.str_),
        plugged_at=np.full(size, "2025-01-13T18:00", dtype="datetime64[s]"),
        departs_at=np.full(size, "2025-01-13T22:00", dtype="datetime64[s]"),
        **{name: np.broadcast_to(np.asarray(value, dtype=np.float64), size) for name, value in columns.items()},
    )


TWO_WAY = {
    "discharge_kw_max": 5.0, "battery_kwh": 50.0, "soc_at_plug_in": 0.5, "soc_floor": 0.2, "efficiency": 0.9,
    "discharge_efficiency": 0.8,
}  # fmt: skip


@pytest.mark.requirement("R122")
def test_a_battery_worked_out_by_hand() -> None:
    made = batteries_of(sessions(**TWO_WAY), wear_per_kwh=0.05, taper=Taper(0.8, 1.0))
    assert made is not None
    assert made.round_trip == pytest.approx([0.72])
    assert made.down_kwh == pytest.approx([15 / 0.9])  # from 50 % to 20 % of 50 kWh
    assert made.up_kwh == pytest.approx([25 / 0.9])
    assert made.knee_kwh == pytest.approx([15 / 0.9])
    assert made.full_kwh == pytest.approx([25 / 0.9])
    assert (made.discharge_kw_max.tolist(), made.wear_per_kwh.tolist()) == ([5.0], [0.05])


def test_what_is_given_back_is_what_the_battery_loses_less_the_loss_on_the_way() -> None:
    """Give 4 kWh back, then charge 10: 5 kWh leave the battery, 9 come in, so it ends 4 kWh higher."""
    made = batteries_of(sessions(**TWO_WAY))
    assert made is not None
    level_kwh = 10.0 - 4.0 / made.round_trip[0]
    assert level_kwh * 0.9 == pytest.approx(9 - 5)


@pytest.mark.parametrize(("soc", "floor", "down"), [(0.1, 0.3, 0), (0.4, np.nan, 20), (0.5, 0.5, 0), (1.0, 0.0, 50)])
def test_below_its_floor_nothing_may_go_and_no_floor_is_an_empty_battery(soc: float, floor: float, down: float) -> None:
    made = batteries_of(
        sessions(energy_kwh=0.0, discharge_kw_max=5.0, battery_kwh=50.0, soc_at_plug_in=soc, soc_floor=floor)
    )
    assert made is not None
    assert made.down_kwh == pytest.approx([down])


def test_without_giving_back_or_taper_there_are_no_batteries() -> None:
    assert batteries_of(sessions(battery_kwh=50.0, soc_at_plug_in=0.5)) is None
    assert batteries_of(sessions(), taper=Taper(0.8, 1.0)) is None  # not known of any session
    assert batteries_of(sessions(0), taper=Taper(0.8, 1.0)) is None


def test_a_taper_holds_where_the_battery_is_known() -> None:
    made = batteries_of(sessions(2, battery_kwh=[50.0, 50.0], soc_at_plug_in=[0.9, np.nan]), taper=Taper(0.8, 1.1))
    assert made is not None
    assert made.knee_kwh == pytest.approx([-5.0, np.inf])  # plugged in above the knee
    assert made.full_kwh == pytest.approx([10.0, np.inf])
    assert made.up_kwh == pytest.approx([9.0, np.inf])  # a state told as 90 % leaves room for what is needed


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ({"soc_at_plug_in": 0.5}, "battery_kwh is blank, so how much it can give back is not known; fill in it"),
        ({"battery_kwh": 50.0}, "soc_at_plug_in is blank, so how much it can give back is not known; fill in it"),
        ({}, "battery_kwh and soc_at_plug_in are blank, so how much it can give back is not known; fill in both"),
    ],
)
def test_giving_back_from_an_unknown_battery_is_refused(known: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        batteries_of(sessions(3, discharge_kw_max=[0.0, 5.0, 5.0], **known))
    assert str(refused.value) == (
        f"session 's1', discharge_kw_max = 5.0: {sentence}, or leave discharge_kw_max blank (2 sessions are like this)"
    )


share = st.floats(0.1, 1.0)


@given(share, share, st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(1.0, 200.0), st.floats(0.0, 300.0))
def test_the_band_is_the_batterys_own_and_never_less_than_the_need(
    efficiency: float, back: float, soc: float, floor: float, size_kwh: float, need_kwh: float
) -> None:
    made = batteries_of(
        sessions(
            energy_kwh=need_kwh, discharge_kw_max=5.0, battery_kwh=size_kwh, soc_at_plug_in=soc, soc_floor=floor,
            efficiency=efficiency, discharge_efficiency=back,
        )
    )  # fmt: skip
    assert made is not None
    assert soc * size_kwh - made.down_kwh[0] * efficiency == pytest.approx(min(floor, soc) * size_kwh, abs=1e-9)
    top_kwh = max(size_kwh, soc * size_kwh + need_kwh)
    assert soc * size_kwh + made.up_kwh[0] * efficiency == pytest.approx(top_kwh)
    assert 0 < made.round_trip[0] <= 1
