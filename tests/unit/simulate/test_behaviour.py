"""Drivers' behaviour: declared departures, opt-outs and skipped plug-ins."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evenload.base.errors import InputError
from evenload.base.units import FloatArray
from evenload.domain.history import History
from evenload.simulate.behaviour import DRAWS, LEFT_AFTER_DECLARED_H, Behaviour, behave

DAY = np.datetime64("2020-01-06T18:00:00")


def drawn(past: History, seed: int) -> FloatArray:
    return np.random.default_rng(seed).random((DRAWS, len(past)))


def history(stay_h: list[float], energy_kwh: list[float], power_kw: float = 7.0, cars: int = 1) -> History:
    size = len(stay_h)
    plugged_at = DAY + np.arange(size) * np.timedelta64(7, "D")
    return History.of(
        session_id=np.array([f"s{i}" for i in range(size)]),
        plugged_at=plugged_at,
        unplugged_at=plugged_at + np.array([round(3600 * h) for h in stay_h]).astype("timedelta64[s]"),
        energy_kwh_metered=np.array(energy_kwh, dtype=np.float64),
        power_kw_max=np.full(size, power_kw),
        user_id=np.array([f"car{i % cars}" for i in range(size)]),
    )


histories = st.integers(1, 30).flatmap(
    lambda size: st.builds(
        history,
        st.lists(st.floats(0.1, 90), min_size=size, max_size=size),
        st.lists(st.floats(0, 90), min_size=size, max_size=size),
        st.floats(1.4, 22),
        st.integers(1, 4),
    )
)
behaviours = st.builds(
    Behaviour,
    departures=st.sampled_from(["actual", "declared"]),
    opt_out_share=st.floats(0, 1),
    skip_plug_in_share=st.floats(0, 1),
)


@settings(max_examples=200, deadline=None)
@given(histories, behaviours, st.integers(0, 2**32))
def test_no_energy_appears_or_vanishes_and_every_need_can_be_met(
    past: History, behaviour: Behaviour, seed: int
) -> None:
    behaved = behave(past, behaviour, drawn(past, seed))
    sessions = behaved.sessions
    stay_h = (behaved.unplugged_at - sessions.plugged_at).astype(np.int64) / 3600
    assert (sessions.energy_kwh <= sessions.power_kw_max * stay_h + 1e-9).all()
    assert (sessions.departs_at > sessions.plugged_at).all()
    accounted = sessions.energy_kwh.sum() + behaved.energy_kwh_lost + behaved.energy_kwh_beyond_power
    assert accounted == pytest.approx(past.energy_kwh_metered.sum(), abs=1e-6)
    assert len(behaved.opted_out) == len(behaved.unplugged_at) == len(sessions) <= len(past)


def test_without_quirks_sessions_are_the_history() -> None:
    past = history([12, 10], [9, 8])
    behaved = behave(past, Behaviour(opt_out_share=0), drawn(past, 0))
    assert (behaved.sessions.departs_at == past.unplugged_at).all()
    assert behaved.sessions.energy_kwh.tolist() == [9, 8]
    assert behaved.sessions.node.tolist() == ["", ""]
    assert not behaved.opted_out.any()
    assert behaved.energy_kwh_lost == behaved.energy_kwh_beyond_power == 0


def test_two_skips_go_to_the_next_session_as_far_as_it_can_take_them() -> None:
    past = history([10, 10, 2, 10], [8, 5, 6, 3])  # the third takes 2 h x 7 kW = 14 of 8 + 5 + 6

    draws = np.full((DRAWS, len(past)), 0.9)
    draws[0] = [0.1, 0.1, 0.9, 0.1]

    behaved = behave(past, Behaviour(skip_plug_in_share=0.5), draws)
    assert behaved.sessions.session_id.tolist() == ["s2"]
    assert behaved.sessions.energy_kwh.tolist() == [14]
    assert behaved.energy_kwh_lost == pytest.approx(5 + 3)  # 5 over the cap, 3 with no session to follow


def test_a_skip_never_moves_to_another_car() -> None:
    past = history([10, 10], [8, 5], cars=2)
    draws = [seed for seed in range(50) if len(behave(past, HALF, drawn(past, seed)).sessions) == 1]
    assert draws
    for seed in draws:
        behaved = behave(past, HALF, drawn(past, seed))
        assert behaved.sessions.energy_kwh[0] in (8, 5)
        assert behaved.energy_kwh_lost == pytest.approx(13 - behaved.sessions.energy_kwh[0])


HALF = Behaviour(skip_plug_in_share=0.5)


def test_declared_departures_have_the_published_error() -> None:
    past = history([40.0] * 20_000, [5.0] * 20_000)
    behaved = behave(past, Behaviour(departures="declared"), drawn(past, 1))
    late_h = (behaved.unplugged_at - behaved.sessions.departs_at).astype(np.int64) / 3600
    assert np.median(late_h) == pytest.approx(0.54, abs=0.04)
    assert (late_h < -0.5).mean() == pytest.approx(0.242, abs=0.01)


@pytest.mark.shared_data
def test_the_quantile_table_is_that_of_the_drivers_who_declared(shared_data: Path) -> None:
    rows = pd.read_csv(shared_data / "sessions" / "workplace_acn.csv.gz")
    rows = rows[rows["claimed"]]
    late = pd.to_datetime(rows["unplugged_at"], utc=True) - pd.to_datetime(rows["declared_departure"], utc=True)
    late_h = late.dt.total_seconds() / 3600
    assert len(rows) == 12_486
    for level, hours in LEFT_AFTER_DECLARED_H:
        assert hours == pytest.approx(late_h.quantile(level), abs=0.03)


def test_opt_outs_are_the_share_asked_for() -> None:
    past = history([10.0] * 20_000, [5.0] * 20_000)
    behaved = behave(past, Behaviour(opt_out_share=0.01), drawn(past, 2))
    assert behaved.opted_out.mean() == pytest.approx(0.01, abs=0.003)


def test_energy_beyond_power_is_cut_and_counted() -> None:
    behaved = behave(history([1.0], [9.0]), Behaviour(), np.zeros((DRAWS, 1)))
    assert behaved.sessions.energy_kwh.tolist() == [7.0]
    assert behaved.energy_kwh_beyond_power == pytest.approx(2.0)


def test_unknown_power_is_refused() -> None:
    with pytest.raises(InputError, match="2 sessions have no power_kw_max"):
        behave(history([1, 1], [1, 1], power_kw=np.nan), Behaviour(), np.zeros((DRAWS, 2)))


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="opt_out_share must be between 0 and 1"):
        Behaviour(opt_out_share=1.5)
    with pytest.raises(InputError, match="departures"):
        Behaviour(departures="never")  # type: ignore[arg-type]
    read = TypeAdapter(Behaviour)
    assert read.validate_python({"departures": "declared"}) == Behaviour(departures="declared")
    with pytest.raises(ValidationError):
        read.validate_python({"skip_share": 0.1})


def test_what_drivers_did_declare_is_taken_where_the_history_has_it() -> None:
    past = history([40.0, 40.0], [5.0, 5.0])
    said = np.array([past.unplugged_at[0] - np.timedelta64(3, "h"), np.datetime64("NaT", "s")])
    told = History(**(past.columns() | {"departs_at_declared": said}))
    behaved = behave(told, Behaviour(departures="declared"), drawn(told, 1))
    assert behaved.sessions.departs_at[0] == said[0]
    assert not np.isnat(behaved.sessions.departs_at[1])
