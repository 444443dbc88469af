import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError, InputError
from evenload.base.instants import InstantArray
from evenload.files.importers.shared_sessions import read_history
from evenload.schedule.risk.departures import DepartureRisk

PLUGGED = np.datetime64("2020-02-03T08:00", "s")
MINUTE = np.timedelta64(60, "s")


def after(minutes: Any) -> InstantArray:
    return np.asarray(PLUGGED + np.array(minutes, dtype=np.int64) * MINUTE)


def fitted(stay: Any, early: Any) -> DepartureRisk:
    """Drivers who declare stays (minutes) and leave so many minutes before that."""
    stays = np.array(stay, dtype=np.int64)
    return DepartureRisk.fit(after(stays), after(stays - np.array(early, dtype=np.int64)), after(np.zeros_like(stays)))


@given(early=st.lists(st.integers(-300, 400), min_size=1, max_size=60))
def test_shares_are_those_of_a_direct_count(early: list[int]) -> None:
    risk = fitted([480] * len(early), early)
    for minutes, share in zip(risk.minutes_before, risk.still_there[0], strict=True):
        still_there = sum(1 for one in early if one <= minutes)
        assert share == pytest.approx((still_there + 1) / (len(early) + 1))


def test_of_those_still_there_a_share_of_what_is_left_leaves() -> None:
    """Of 100 drivers 10 leave 2 h early, 30 half an hour early; an hour before, 60 of 90 stay to the end."""
    risk = DepartureRisk((0.0,), (0.0, 25.0, 30.0, 115.0, 120.0), ((0.6, 0.6, 0.9, 0.9, 1.0),))
    group, before = np.zeros(1, dtype=np.int64), np.array([[90.0, 30.0, 25.0, 0.0, -60.0]])
    found = risk.there_of_those_here(group, before, np.array([60.0]))
    assert found[0].tolist() == pytest.approx([1.0, 1.0, 6 / 9, 6 / 9, 6 / 9])


def test_how_early_a_share_is_still_there() -> None:
    risk = DepartureRisk((0.0, 300.0), (0.0, 30.0, 60.0), ((0.5, 0.8, 1.0), (0.9, 0.95, 0.96)))
    assert risk.minutes_early(0.8).tolist() == [30.0, 0.0]
    assert risk.minutes_early(0.99).tolist() == [60.0, 60.0]


def test_classes_are_of_declared_stays_and_a_class_has_200_sessions_at_the_least() -> None:
    stay = [60] * 300 + [600] * 300
    risk = fitted(stay, [0] * 300 + [120] * 300)
    assert len(risk.stay_minutes_from) == 2
    assert risk.class_of(np.array([0.0, 60.0, 600.0, 5000.0])).tolist() == [0, 0, 1, 1]
    assert risk.there(np.array([0, 1]), np.array([[60.0], [60.0]]))[:, 0].tolist() == pytest.approx([1.0, 1 / 301])
    assert len(fitted(stay[:250], [0] * 250).stay_minutes_from) == 1
    few_short = [30] * 20 + [60] * 500 + [90] * 300
    assert fitted(few_short, [0] * 820).stay_minutes_from == (0.0, 90.0)


@pytest.mark.parametrize(
    ("stay", "early"),
    [
        ([], []),  # no history
        ([60], [30]),  # one session
        ([60] * 50, [59] * 50),  # all leave early
        ([0, -30], [0, 0]),  # declared at plug-in or before it
        ([60], [-10_000]),  # stays for a week
        ([10_000] * 300, [9_000] * 300),  # leaves days early
    ],
)
def test_whatever_the_history_shares_are_shares(stay: list[int], early: list[int]) -> None:
    risk = fitted(stay, early)
    found = risk.there_of_those_here(
        np.zeros(2, dtype=np.int64), np.array([[0.0, 1e6], [-5.0, 50.0]]), np.array([0, 90.0])
    )
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert np.isfinite(risk.minutes_early(0.9)).all()


def test_no_history_is_trust() -> None:
    risk = fitted([], [])
    assert risk == DepartureRisk()
    assert risk.there(np.zeros(1, dtype=np.int64), np.array([[0.0, 60.0]])).tolist() == [[1.0, 1.0]]


def test_rows_that_say_nothing_are_left_out() -> None:
    nothing = np.array(["NaT", "NaT"], dtype="datetime64[s]")
    assert DepartureRisk.fit(nothing, after([30, 40]), after([0, 0])) == DepartureRisk()
    with pytest.raises(ColumnsError, match="shapes"):
        DepartureRisk.fit(nothing[:1], nothing, nothing)


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        (1.0, "hardly any driver leaves more than 30 min early"),
        (0.75, "one driver in four leaves more than 30 min early"),
        (0.95, "one driver in 20 leaves more than 30 min early"),
        (0.3, "most drivers leave more than 30 min early"),
        (0.0, "most drivers leave more than 30 min early"),
    ],
)
def test_what_drivers_do_in_words(share: float, sentence: str) -> None:
    assert DepartureRisk((0.0,), (0.0, 30.0), ((0.0, share),)).habit(480.0) == sentence


def test_it_is_plain_numbers_there_and_back() -> None:
    risk = fitted([480] * 300, range(300))
    assert DepartureRisk(**asdict(risk)) == risk


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"stay_minutes_from": (5.0,)}, "stay_minutes_from of a departure risk must be minutes that rise from 0"),
        ({"minutes_before": (0.0, 0.0)}, "minutes_before of a departure risk must be minutes that rise from 0"),
        ({"minutes_before": ()}, "minutes_before of a departure risk must be minutes that rise from 0"),
        ({"stay_minutes_from": (0.0, float("nan"))}, "stay_minutes_from of a departure risk must be minutes"),
        ({"still_there": ()}, "needs one row for each of stay_minutes_from"),
        ({"still_there": ((1.5,),)}, "one share between 0 and 1"),
        ({"still_there": ((float("nan"),),)}, "one share between 0 and 1"),
        ({"minutes_before": (0.0, 5.0), "still_there": ((0.9, 0.8),)}, "none lower than the one before"),
    ],
)
def test_tables_that_mean_nothing_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        DepartureRisk(**wrong)


@pytest.mark.shared_data
def test_real_drivers_are_counted(shared_data: Path) -> None:
    """Who declares 4 to 6 h, and who declares 10 h or more: straight from the rows of 2019."""
    past = read_history(shared_data / "sessions" / "workplace_acn.csv.gz")
    past = past.take((past.departs_at_declared > past.plugged_at) & (past.plugged_at < np.datetime64("2020-01-01")))
    risk = DepartureRisk.fit(past.departs_at_declared, past.unplugged_at, past.plugged_at)
    stay_h = (past.departs_at_declared - past.plugged_at).astype(np.int64) / 3600
    early_h = (past.departs_at_declared - past.unplugged_at).astype(np.int64) / 3600
    assert len(past) == 8853
    assert len(risk.stay_minutes_from) == 16
    for low, high in ((4, 6), (10, 24)):
        rows = (stay_h >= low) & (stay_h < high)
        group = risk.class_of(stay_h[rows] * 60)
        for hours in (0.5, 1.0, 3.0):
            found = risk.there(group, np.full((rows.sum(), 1), 60 * hours)).mean()
            assert found == pytest.approx((early_h[rows] <= hours).mean(), abs=0.03)
