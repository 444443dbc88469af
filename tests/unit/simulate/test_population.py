"""The driver model: generated cars keep the habits of real drivers, and the rules of sessions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.local_clock import LocalClock
from evenload.domain.history import History
from evenload.files import packaged
from evenload.simulate.population import DriverModel, active, blend, fit, generate, preset, resample, watched
from evenload.simulate.population.profile import mean_height, unmanaged_kw

OSLO = LocalClock("Europe/Oslo")
START, END = datetime(2020, 3, 23, tzinfo=UTC), datetime(2020, 4, 20, tzinfo=UTC)
"""Four weeks with the change to summer time in them."""


@pytest.fixture(scope="module")
def model() -> DriverModel:
    return preset("residential-2020").model()


def assert_lawful(history: History, start: datetime, end: datetime) -> None:
    """Inside the period, one session of a car at a time, deliverable, ids unique."""
    assert history.plugged_at.min() >= np.datetime64(start.replace(tzinfo=None))
    assert history.unplugged_at.max() <= np.datetime64(end.replace(tzinfo=None))
    assert np.unique(history.session_id).size == len(history)
    rows = np.lexsort((history.plugged_at, history.user_id))
    same = history.user_id[rows][1:] == history.user_id[rows][:-1]
    assert (history.plugged_at[rows][1:][same] >= history.unplugged_at[rows][:-1][same]).all()
    assert (history.energy_kwh_metered <= history.power_kw_max * history.connected_h + 1e-9).all()
    assert (history.power_kw_max > 0).all()
    assert (np.diff(history.plugged_at.astype(np.int64)) >= 0).all()
    assert (history.site_type != "").all()


def same(a: History, b: History) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
        for name, x in a.columns().items()
        if name != "departs_at_declared"
        for y in [b.columns()[name]]
    )


@pytest.mark.parametrize("name", ["residential-2020", "residential-work-from-home", "workplace", "public"])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_sessions_are_lawful_over_a_clock_change(name: str, scale: float) -> None:
    model = replace(preset(name).model(), energy_scale=scale, connected_scale=scale, gap_scale=1 / scale)
    assert_lawful(generate(model, 150, START, END, np.random.default_rng(3)), START, END)


def test_the_same_seed_gives_the_same_cars(model: DriverModel) -> None:
    one, again, other = (generate(model, 50, START, END, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert same(one, again)
    assert not same(one, other)


def test_arrival_and_stay_belong_together_as_they_do_in_life(model: DriverModel) -> None:
    """An evening arrival stays the night: drawing the columns independently would lose that."""
    made = generate(model, 600, START, END, np.random.default_rng(4))

    def night_less_day_h(history: History) -> float:
        hour = OSLO.minute_of_day(history.plugged_at) // 60
        evening, morning = (hour >= 18) & (hour < 23), (hour >= 8) & (hour < 13)
        return float(np.median(history.connected_h[evening]) - np.median(history.connected_h[morning]))

    real = night_less_day_h(packaged.history("residential-norway"))
    shuffled = np.random.default_rng(5).permutation(len(made))
    independent = History(
        **(made.columns() | {"unplugged_at": made.plugged_at + (made.unplugged_at - made.plugged_at)[shuffled]})
    )
    assert real > 6
    assert night_less_day_h(made) == pytest.approx(real, rel=0.25)
    assert abs(night_less_day_h(independent)) < 1


def test_drivers_differ_from_each_other_as_real_ones_do(model: DriverModel) -> None:
    """Repetition: sessions of one car are alike. Share of the variance of log energy that lies between drivers."""

    def between(history: History) -> float:
        log = np.log(history.energy_kwh_metered + 0.1)
        _, user = np.unique(history.user_id, return_inverse=True)
        mean = np.bincount(user, log) / np.bincount(user)
        return float(np.var(mean[user]) / np.var(log))

    real = between(packaged.history("residential-norway"))
    made = generate(model, 400, START, START + timedelta(weeks=52), np.random.default_rng(6))
    assert 0.2 < real < 0.8
    assert between(made) == pytest.approx(real, rel=0.25)


def test_two_cars_of_one_driver_are_no_twins() -> None:
    past = packaged.history("residential-norway")
    user, count = np.unique(past.user_id, return_counts=True)
    one = past.take(past.user_id == user[count.argmax()])
    made = generate(fit(one, OSLO), 2, START, START + timedelta(weeks=12), np.random.default_rng(7))
    a, b = (made.plugged_at[made.user_id == car] for car in np.unique(made.user_id))
    assert np.intersect1d(a, b).size < 0.1 * min(a.size, b.size)


def test_a_hand_made_driver_is_reproduced() -> None:
    """Plugs in at 18:00 every day for 10 h and 7 kWh, so every generated day is that within the jitter."""
    plugged_at = np.datetime64("2020-01-06T17:00:00") + np.arange(60) * np.timedelta64(1, "D")
    past = History.of(
        session_id=np.arange(60).astype(str),
        plugged_at=plugged_at,
        unplugged_at=plugged_at + np.timedelta64(10, "h"),
        energy_kwh_metered=np.full(60, 7.0),
        user_id=np.full(60, "me"),
        power_kw_max=np.full(60, 3.7),
        site_type=np.full(60, "residential"),
    )
    start, end = datetime(2020, 6, 1, 10, tzinfo=UTC), datetime(2020, 6, 29, 10, tzinfo=UTC)
    made = generate(fit(past, OSLO), 5, start, end, np.random.default_rng(8))
    assert len(made) == 5 * 28
    assert np.abs(OSLO.minute_of_day(made.plugged_at) - 18 * 60).max() <= 10
    assert made.connected_h == pytest.approx(10, rel=0.1)
    assert made.energy_kwh_metered.mean() == pytest.approx(7, rel=0.25)


def test_a_history_of_strangers_is_refused() -> None:
    past = packaged.history("residential-norway")
    unknown = History(**(past.columns() | {"user_id": np.full(len(past), "")}))
    with pytest.raises(InputError, match="no user_id has 3 sessions"):
        fit(unknown, OSLO)


def test_unknown_power_is_the_drivers_own_then_everybodys(model: DriverModel) -> None:
    past = packaged.history("residential-norway")
    unknown = np.isnan(past.power_kw_max)
    median = np.median(past.power_kw_max[~unknown])
    user = past.user_id[unknown][0]
    template = int(np.flatnonzero(model.template_id == user)[0])
    assert (model.power_kw[model.first[template] : model.first[template + 1]] == median).all()


def test_nothing_to_generate_is_refused(model: DriverModel) -> None:
    with pytest.raises(InputError, match="nothing to generate"):
        generate(model, 0, START, END, np.random.default_rng(0))
    with pytest.raises(InputError, match="nothing to generate"):
        generate(model, 1, END, START, np.random.default_rng(0))


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'workplace'"):
        preset("workplaces")


class TestResample:
    past = packaged.history("residential-norway")
    start, end = datetime(2019, 11, 3, 23, tzinfo=UTC), datetime(2020, 1, 26, 23, tzinfo=UTC)

    def draw(self, cars: int, seed: int = 1) -> History:
        return resample(self.past, cars, self.start, self.end, np.random.default_rng(seed), OSLO)

    def test_lawful_and_seeded(self) -> None:
        assert_lawful(self.draw(300), self.start, self.end)
        assert same(self.draw(20), self.draw(20))

    def test_twins_are_whole_weeks_apart(self) -> None:
        """Of one driver: the first car is his record, the second has his week-minutes but none of his instants."""
        user, count = np.unique(self.past.user_id, return_counts=True)
        one = self.past.take(self.past.user_id == user[count.argmax()])
        made = resample(one, 2, self.start, self.end, np.random.default_rng(2), OSLO)
        a, b = (made.take(made.user_id == car) for car in np.unique(made.user_id))
        assert np.isin(a.plugged_at, one.plugged_at).all()
        assert np.intersect1d(a.plugged_at, b.plugged_at).size < 0.05 * len(b)
        week = np.timedelta64(7 * 86400, "s").astype(np.int64)
        assert np.isin(b.plugged_at.astype(np.int64) % week, one.plugged_at.astype(np.int64) % week).all()
        assert len(b) >= 0.97 * len(a)

    def test_days_are_alike_also_where_the_span_is_no_whole_number_of_weeks(self) -> None:
        """20 days, and 56 across a clock change: the last week has as much energy a day as the weeks before."""
        for begin, days in (("2019-11-10T11:00", 20), ("2019-10-13T10:00", 56)):
            start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
            made = resample(self.past, 400, start, start + timedelta(days=days), np.random.default_rng(3), OSLO)
            day = (made.plugged_at - np.datetime64(begin, "s")) // np.timedelta64(1, "D")
            per_day = np.bincount(day.astype(np.int64), weights=made.energy_kwh_metered, minlength=days)
            early, late = per_day[: days - 7].mean(), per_day[days - 7 : days - 1].mean()
            assert late > 0.75 * early, (begin, per_day.round())

    def test_drivers_not_watched_throughout_are_not_drawn(self) -> None:
        chosen = watched(self.past, self.start, self.end)
        first = {name: self.past.plugged_at[self.past.user_id == name].min() for name in chosen.tolist()}
        assert 30 < chosen.size < active(self.past, self.start, self.end).size
        assert max(first.values()) <= np.datetime64("2019-11-10T23:00:00")

    def test_nobody_active_is_refused(self) -> None:
        with pytest.raises(InputError, match="no driver of the history is active"):
            resample(self.past, 5, datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC),
                     np.random.default_rng(0), OSLO)  # fmt: skip


class TestBlend:
    def test_home_share_is_what_was_asked_for(self, model: DriverModel) -> None:
        rng = np.random.default_rng(9)
        home = generate(model, 200, START, END, rng)
        away = preset("workplace").draw(200, START, END, rng, OSLO)
        both = blend(home, away, rng)
        assert_lawful(both, START, END)
        at_home = both.energy_kwh_metered[both.site_type == "residential"].sum()
        assert at_home / both.energy_kwh_metered.sum() == pytest.approx(0.82, abs=0.002)

    def test_unreachable_share_says_what_is_reachable(self, model: DriverModel) -> None:
        rng = np.random.default_rng(9)
        home = generate(model, 50, START, END, rng)
        with pytest.raises(InputError, match=r"home_share 0\.1 is out of reach.*leave 0"):
            blend(home, preset("workplace").draw(50, START, END, rng, OSLO), rng, home_share=0.1)


def test_mean_height_of_rectangles_by_hand() -> None:
    """2 from 5 to 15 and 3 from 10 to 40, bins of 10: (5*2)/10, (5*2 + 10*3)/10, 3, 3, 0."""
    height = mean_height(np.array([5.0, 10]), np.array([15.0, 40]), np.array([2.0, 3]), np.arange(0, 60, 10.0))
    assert height.tolist() == pytest.approx([1, 4, 3, 3, 0])


def test_unmanaged_load_carries_all_the_energy(model: DriverModel) -> None:
    made = generate(model, 30, START, END, np.random.default_rng(10))
    t0 = START.timestamp() / 60
    kw = unmanaged_kw(made, np.arange(t0, t0 + 28 * 1440 + 1, 15))
    assert kw.sum() / 4 == pytest.approx(made.energy_kwh_metered.sum())
