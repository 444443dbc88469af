"""Whom to call: never beyond limits, rested and least called first, enough with the confidence asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError, InputError
from evenload.program.selection import NEVER_H, USUAL_OPT_OUT, Pool, choose, opt_out_of


def pool(**more: object) -> Pool:
    told: dict[str, object] = {
        "participant_id": np.array(["a", "b", "c", "d"]),
        "power_kw": np.full(4, 10.0),
        "there": np.ones(4),
        "opt_out": np.zeros(4),
        "calls": np.zeros(4, dtype=np.int64),
        "rested_h": np.full(4, NEVER_H),
        "may_ask": np.ones(4, dtype=np.bool_),
    }
    return Pool(**(told | more))  # type: ignore[arg-type]


def names(found_in: Pool, wanted_kw: float) -> list[str]:
    return found_in.participant_id[choose(found_in, wanted_kw, common_share=0.0).row].tolist()


@pytest.mark.requirement("R25")
def test_rested_before_called_least_before_power_per_opt_out() -> None:
    assert names(pool(rested_h=np.array([3.0, 30.0, 12.0, NEVER_H])), 40.0) == ["b", "d", "c", "a"]
    assert names(pool(calls=np.array([3, 0, 2, 1])), 30.0) == ["b", "d", "c"]
    assert names(pool(opt_out=np.array([0.3, 0.0, 0.1, 0.2])), 10.0) == ["b"]
    assert names(pool(may_ask=np.array([False, True, False, True])), 40.0) == ["b", "d"]
    assert names(pool(), 0.0) == []


def test_a_sentence_says_when_it_is_not_enough() -> None:
    found = choose(pool(may_ask=np.array([True, True, False, True])), 50.0)
    assert not found.is_enough
    assert found.sentence == (
        "3 of 4 are called: 30 kW on average, 28 kW with 90% confidence, less than the 50 kW wanted; 1 may not be asked"
    )


@pytest.mark.requirement("R25")
@given(
    seed=st.integers(0, 999),
    wanted=st.floats(0.0, 400.0),
    confidence=st.floats(0.5, 0.99),
    size=st.integers(0, 60),
)
def test_no_one_beyond_their_limits_and_no_one_too_many(seed: int, wanted: float, confidence: float, size: int) -> None:
    rng = np.random.default_rng(seed)
    those = Pool(
        np.arange(size).astype(np.str_), rng.uniform(0, 11, size), rng.random(size), rng.random(size),
        rng.integers(0, 5, size), rng.uniform(0, 48, size), rng.random(size) < 0.7,
    )  # fmt: skip
    found = choose(those, wanted, confidence)
    assert those.may_ask[found.row].all()
    assert np.unique(found.row).size == found.row.size
    assert found.mean_kw == pytest.approx(those.moves_kw[found.row].sum())
    if found.is_enough:
        assert found.assured_kw >= wanted - 1e-9
    elif size:
        assert found.row.size == (those.may_ask & (those.moves_kw > 0)).sum()
    if found.row.size > 1:  # without the last it is not enough
        fewer = choose(those.take(np.sort(found.row[:-1])), wanted, confidence)
        assert not fewer.is_enough


@pytest.mark.requirement("R97")
def test_the_wanted_power_comes_as_often_as_asked_for() -> None:
    rng = np.random.default_rng(8)
    size = 2000
    those = Pool(
        np.arange(size).astype(np.str_), rng.choice([3.7, 7.2], size), rng.uniform(0.2, 0.7, size),
        rng.uniform(0.02, 0.2, size), np.zeros(size, dtype=np.int64), np.full(size, NEVER_H),
        np.ones(size, dtype=np.bool_),
    )  # fmt: skip
    chosen = those.take(choose(those, 1000.0, 0.9, common_share=0.0).row)
    moved = (rng.random((5000, len(chosen))) < chosen.there * (1 - chosen.opt_out)) @ chosen.power_kw
    assert (moved >= 1000.0).mean() == pytest.approx(0.9, abs=0.03)


def test_opting_out_is_expected_of_those_who_did() -> None:
    nothing = opt_out_of(np.array([0, 0]), np.array([0, 0]))
    assert nothing == pytest.approx(np.full(2, USUAL_OPT_OUT))
    often, never = opt_out_of(np.array([10, 0]), np.array([20, 20])).tolist()
    assert 0.3 < often < 0.5
    assert 0.0 < never < USUAL_OPT_OUT


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="wanted_kw"):
        choose(pool(), float("nan"))
    with pytest.raises(InputError, match="confidence"):
        choose(pool(), 1.0, 1.0)
    with pytest.raises(ColumnsError, match="twice"):
        pool(participant_id=np.array(["a", "a", "b", "c"]))
    with pytest.raises(ColumnsError, match="there"):
        pool(there=np.full(4, 1.5))
