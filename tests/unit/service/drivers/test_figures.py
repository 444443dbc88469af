"""History, quotes and suggestions: sums by hand, gaps told as gaps, nothing invented and nothing changed silently."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.service.drivers import quoting, suggestions, wishing
from evenload.service.drivers.history import By, History, gaps_of, history
from evenload.service.drivers.suggestions import learned
from evenload.service.live_rows import PlannedSession, PlanRow, SessionRow, SignalRow
from evenload.service.refusals import ConflictError, NotFoundError
from evenload.service.rows import ReadingRow

STATION = StationId("t", "CP1")
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
NIGHT = datetime(2026, 1, 8, 22, 0, tzinfo=UTC)
"""23:00 in Oslo."""


def charged(home: Any, start: datetime, powers: list[float], session_id: str = "S", **fields: Any) -> SessionRow:
    """A stay of the leaf with powers of quarter hours from its beginning."""
    told: dict[str, Any] = {
        "energy_kwh_delivered": sum(powers) / 4, "vehicle_id": "leaf", "unplugged_at": start + 10 * HOUR,
    } | fields  # fmt: skip
    row = SessionRow("t", session_id, "d1", "home", start, start + 9 * HOUR, 20.0, **told)
    readings = [
        ReadingRow(
            STATION, 1,
            Reading(at=start + i * QUARTER, kind=ReadingKind.INTERVAL, duration_s=900.0, power_kw=kw),
        )
        for i, kw in enumerate(powers)
    ]  # fmt: skip
    with home.store.writing() as unit:
        unit.sessions.put([row])
        unit.readings.put(readings)
    return row


def priced(
    home: Any, start: datetime, prices: list[float | None], carbon: float | None = 100.0, node: str = ""
) -> None:
    rows = [
        SignalRow("t", node, start + i * HOUR, 3600.0, price, None, "EUR" if price is not None else "", carbon)
        for i, price in enumerate(prices)
        if price is not None or carbon is not None
    ]
    with home.store.writing() as unit:
        unit.signals.put(rows)


def told(home: Any, by: By = By.SESSION, days: float = 3) -> History:
    window = Interval(NIGHT - timedelta(days=days), NIGHT + timedelta(days=days))
    return history(home.ann, home.store, "ann", window, by, NIGHT + timedelta(days=days), "")


@pytest.mark.requirement("R132")
def test_cost_carbon_and_what_charging_at_once_would_have_been(home: Any) -> None:
    # waits 2 h at 0.40, charges 1 h with 4 kW at 0.10: 0.40 EUR. At once it takes 7.4 kW from 22:00 on at 0.40
    charged(home, NIGHT, [0.0] * 8 + [4.0] * 4)
    priced(home, NIGHT, [0.4, 0.4, 0.1], carbon=50.0)
    found = told(home)
    (entry,) = found.entries
    assert (entry.name, entry.vehicle_id, entry.gaps) == ("S", "leaf", ())
    assert entry.sums.energy_kwh == pytest.approx(4.0)
    assert (entry.sums.cost, entry.sums.carbon_g) == (pytest.approx(0.4), pytest.approx(200.0))
    assert entry.sums.cost_at_once_estimate == pytest.approx(1.6)
    assert entry.sums.saved_estimate == pytest.approx(1.2)
    assert entry.sums.carbon_g_saved_estimate == pytest.approx(0.0)
    assert (found.currency, found.timezone) == ("EUR", "Europe/Oslo")


def test_a_missing_price_is_a_gap_and_never_an_invention(home: Any) -> None:
    charged(home, NIGHT, [4.0] * 8)
    priced(home, NIGHT, [0.2, None], carbon=None)
    sums = told(home).total
    assert (sums.energy_kwh, sums.energy_kwh_priced) == (pytest.approx(8.0), pytest.approx(4.0))
    assert sums.cost == pytest.approx(0.8)
    assert (sums.cost_at_once_estimate, sums.saved_estimate) == (None, None)
    assert sums.carbon_g_at_once_estimate is None
    assert gaps_of(sums) == (
        "the cost of 4.0 kWh is not known: no price of then", "the carbon of 8.0 kWh is not known",
    )  # fmt: skip


def test_energy_of_which_nobody_knows_when_it_flowed(home: Any) -> None:
    charged(home, NIGHT, [4.0] * 4, energy_kwh_delivered=10.0, energy_quality=Quality.ESTIMATED)
    priced(home, NIGHT, [0.2])
    sums = told(home).total
    assert (sums.energy_kwh, sums.energy_kwh_untimed) == (pytest.approx(10.0), pytest.approx(6.0))
    assert sums.cost == pytest.approx(0.8)
    assert gaps_of(sums)[0].startswith("when 6.0 kWh flowed is not known")
    assert gaps_of(sums)[-1] == "4.0 kWh are estimated"


def test_quarter_hours_are_brought_to_what_the_meter_counted(home: Any) -> None:
    charged(home, NIGHT, [4.0] * 4, energy_kwh_delivered=3.96)
    assert told(home).total.energy_kwh == pytest.approx(3.96)
    assert told(home).total.energy_kwh_untimed == 0.0


def test_prices_of_a_place_go_before_those_everywhere(home: Any) -> None:
    charged(home, NIGHT, [4.0] * 4)
    priced(home, NIGHT, [0.2])
    priced(home, NIGHT, [0.5], node="home")
    priced(home, NIGHT, [0.9], node="elsewhere")
    assert told(home).total.cost == pytest.approx(2.0)


def test_by_local_day_and_month(home: Any) -> None:
    end_of_month = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)  # 23:30: half an hour of January
    charged(home, end_of_month, [4.0] * 4)
    window = Interval(end_of_month - 24 * HOUR, end_of_month + 48 * HOUR)
    days = history(home.ann, home.store, "ann", window, By.DAY, window.end).entries
    assert [(one.name, round(one.sums.energy_kwh, 6)) for one in days] == [("2026-01-31", 2.0), ("2026-02-01", 2.0)]
    assert (days[0].start, days[0].end) == (
        datetime(2026, 1, 30, 23, tzinfo=UTC), datetime(2026, 1, 31, 23, tzinfo=UTC),
    )  # fmt: skip
    months = history(home.ann, home.store, "ann", window, By.MONTH, window.end).entries
    assert [one.name for one in months] == ["2026-01", "2026-02"]
    assert months[1].end == datetime(2026, 2, 28, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "hours"), [(datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)]
)
def test_days_of_23_and_25_hours_hold_all_their_quarters(home: Any, first: datetime, hours: int) -> None:
    charged(home, first, [2.0] * 4 * hours, unplugged_at=first + hours * HOUR)
    window = Interval(first - HOUR, first + 30 * HOUR)
    (day,) = history(home.ann, home.store, "ann", window, By.DAY, window.end).entries
    assert day.sums.energy_kwh == pytest.approx(2.0 * hours)
    assert day.end is not None
    assert (day.end - day.start) / HOUR == hours


def test_of_a_stay_only_what_flowed_in_the_window(home: Any) -> None:
    charged(home, NIGHT, [4.0] * 8)
    window = Interval(NIGHT + HOUR, NIGHT + 5 * HOUR)
    found = history(home.ann, home.store, "ann", window, By.SESSION, window.end)
    assert found.total.energy_kwh == pytest.approx(4.0)


@pytest.mark.parametrize("cut", range(1, 12))
def test_windows_side_by_side_add_up(home: Any, cut: int) -> None:
    charged(home, NIGHT, [1.0, 2.0, 3.0, 4.0] * 3)
    priced(home, NIGHT, [0.1, 0.2, 0.3])
    edges = [NIGHT - HOUR, NIGHT + cut * QUARTER, NIGHT + 9 * HOUR]
    parts = [history(home.ann, home.store, "ann", Interval(a, b), By.DAY, edges[-1]).total for a, b in pairwise(edges)]
    whole = history(home.ann, home.store, "ann", Interval(edges[0], edges[-1]), By.DAY, edges[-1]).total
    both = parts[0] + parts[1]
    assert both.values() == pytest.approx(whole.values())


def test_a_quote_is_at_once_against_the_plan_and_changes_nothing(home: Any) -> None:
    with pytest.raises(ConflictError, match="no vehicle of ann is plugged in now"):
        quoting.quote(home.ann, home.store, "ann", home.now)
    session = home.plug_in()  # 12 kWh at up to 7.4 kW
    priced(home, home.now, [0.4, 0.4, 0.1, 0.1, 0.1, 0.1], carbon=None)
    without = quoting.quote(home.ann, home.store, "ann", home.now)
    assert (without.cost_at_once_estimate, without.cost_planned_estimate) == (pytest.approx(4.8), None)
    assert without.gaps[0].startswith("no plan holds this car yet")
    planned = PlannedSession(session.session_id, 0, (0.0, 0.0, 6.0, 6.0), "waits")
    with home.store.writing() as unit:
        unit.plans.add(PlanRow("t", "P", home.now, "tick", home.now, 60.0, 24, "{}", (planned,)))
    found = quoting.quote(home.ann, home.store, "ann", home.now)
    assert (found.cost_planned_estimate, found.cost_more_estimate) == (pytest.approx(1.2), pytest.approx(3.6))
    assert found.carbon_g_more_estimate is None
    assert (found.ready_at_planned, found.ready_at_once) == (home.now + 4 * HOUR, home.now + timedelta(hours=12 / 7.4))
    assert found.gaps == ()
    short = replace(planned, power_kw=(0.0, 0.0, 6.0))
    with home.store.writing() as unit:
        unit.plans.add(PlanRow("t", "Q", home.now, "tick", home.now, 60.0, 24, "{}", (short,)))
    assert "the plan leaves 6.0 kWh out" in quoting.quote(home.ann, home.store, "ann", home.now).gaps[0]
    assert home.session() == session


def test_a_quote_without_a_price_of_then_says_so(home: Any) -> None:
    home.plug_in()
    priced(home, home.now, [0.4], carbon=None)
    found = quoting.quote(home.ann, home.store, "ann", home.now)
    assert found.cost_at_once_estimate is None
    assert "some prices of then are not known" in found.gaps


def left(home: Any, weekday_of_january: int, minutes: list[int]) -> None:
    """Departures on the same weekday, week after week, so many minutes after 06:00 in Oslo."""
    for week, minute in enumerate(minutes):
        at = datetime(2026, 1, weekday_of_january, 5, 0, tzinfo=UTC) + timedelta(weeks=week, minutes=minute)
        charged(home, at - 8 * HOUR, [], f"s{weekday_of_january}-{week}", unplugged_at=at)


LATER = datetime(2026, 2, 20, tzinfo=UTC)


@pytest.mark.requirement("R43")
def test_departures_are_suggested_and_change_nothing_until_the_driver_says_so(home: Any) -> None:
    left(home, 2, [42, 44, 47, 49, 55])  # Fridays, 06:42 to 06:55; the site says 07:00
    left(home, 5, [58, 60, 61, 62, 63])  # Mondays, as the site says
    (found,) = suggestions.suggestions(home.ann, home.store, "ann", LATER)
    assert (found.suggestion_id, found.ready_by, found.ready_by_now, found.count) == (
        "leaf.fri.0640", "06:40", "07:00", 5,
    )  # fmt: skip
    assert "On Fridays your car left at 06:40 or later" in found.sentence
    assert wishing.wish(home.ann, home.store, "ann").made_at is None
    suggestions.answer(home.ann, home.store, "ann", found.suggestion_id, home.id(), LATER, accept=True)
    week = wishing.wish(home.ann, home.store, "ann").ready_by
    assert week == ("07:00", "07:00", "07:00", "07:00", "06:40", "07:00", "07:00")
    assert suggestions.suggestions(home.ann, home.store, "ann", LATER) == []
    with home.store.reading() as unit:
        assert "drivers.suggestion_accepted" in [one.action for one in unit.audit.last("t", 9)]
    with pytest.raises(NotFoundError, match="no suggestion"):
        suggestions.answer(home.ann, home.store, "ann", found.suggestion_id, home.id(), LATER, accept=True)


def test_what_was_dismissed_is_not_asked_again_soon(home: Any) -> None:
    left(home, 2, [42, 44, 47, 49, 55])
    suggestions.answer(home.ann, home.store, "ann", "leaf.fri.0640", home.id(), LATER, accept=False)
    assert wishing.wishes(home.ann, home.store, "ann") == []
    left(home, 2, [38, 44, 47, 49, 55])  # 06:35 now: near enough to what was dismissed
    assert suggestions.suggestions(home.ann, home.store, "ann", LATER) == []
    left(home, 2, [12, 14, 17, 19, 25])
    assert [one.ready_by for one in suggestions.suggestions(home.ann, home.store, "ann", LATER)] == ["06:10"]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([400, 401, 402], None),  # too few
        ([300, 400, 500, 600], None),  # too far apart
        ([402, 402, 402, 402], ("06:40", 0)),
        ([390, *[420] * 9], ("06:30", 30)),
        ([0, *[420] * 19], ("07:00", 0)),  # once in twenty weeks is no habit
    ],
)
def test_a_habit_is_what_nine_of_ten_departures_keep(minutes: list[int], expected: tuple[str, int] | None) -> None:
    assert learned(minutes) == expected


@given(st.lists(st.integers(0, 1439), min_size=4, max_size=40))
def test_a_suggested_time_is_not_after_nine_of_ten_departures(minutes: list[int]) -> None:
    found = learned(minutes)
    if found:
        at = int(found[0][:2]) * 60 + int(found[0][3:])
        assert sum(one < at for one in minutes) <= 0.1 * len(minutes)


def test_weeks_as_they_are_typed() -> None:
    assert wishing.week_of("mon-fri=07:00,sat=09:30") == ("07:00",) * 5 + ("09:30", "")
    assert wishing.week_of("06:45") == ("06:45",) * 7
    assert wishing.week_of("fri-mon=08:00, Sunday=none") == ("08:00", "", "", "", "08:00", "08:00", "")
    for text in ("mon-fri=07:00,sat=09:30", "06:45", "tue=05:00"):
        assert wishing.week_of(wishing.week_words(wishing.week_of(text))) == wishing.week_of(text)
    for wrong in ("noday=07:00", "mon=7", "mon=25:00", "mon-xyz=07:00", "=07:00"):
        with pytest.raises(InputError):
            wishing.week_of(wrong)


def test_wishes_that_cannot_be_meant_are_refused(home: Any) -> None:
    cases = [
        ({"soc_target": 0.5, "energy_kwh": 3.0}, "either soc_target or energy_kwh"),
        ({"soc_target": 0.2, "soc_minimum": 0.3}, "minimum of 30% is above the target of 20%"),
        ({"soc_target": 80.0}, "0.8 is 80 %"),
        ({"energy_kwh": -1.0}, "0 or more"),
        ({"energy_kwh": 1.0, "energy_kwh_minimum": 2.0}, "above energy_kwh"),
        ({"ready_by": ("07:00",)}, "a time for each of mon"),
        ({"ready_by": ("7",) * 7}, "the time of mon '7' is not a time of day"),
    ]  # fmt: skip
    for fields, message in cases:
        with pytest.raises(InputError, match=message):
            wishing.put_wish(home.ann, home.store, home.wish(**fields), home.id(), home.now)
    with home.store.writing() as unit:
        unit.vehicles.put([replace(unit.vehicles.of("t")[0], battery_kwh=None)])
    with pytest.raises(InputError, match="how large the battery of 'leaf' is, is not known"):
        wishing.put_wish(home.ann, home.store, home.wish(soc_target=0.8), home.id(), home.now)


def test_wishes_are_kept_with_their_history_and_can_be_undone(home: Any) -> None:
    with pytest.raises(NotFoundError, match="nothing to undo"):
        wishing.undo_wish(home.ann, home.store, "ann", "", home.id(), home.now)
    home.plug_in()
    for kwh in (20.0, 25.0):
        home.later(minutes=5)
        wishing.put_wish(home.ann, home.store, home.wish(energy_kwh=kwh), home.id(), home.now)
    assert home.session().energy_kwh == 25.0
    home.later(minutes=5)
    wishing.undo_wish(home.ann, home.store, "ann", "", home.id(), home.now)
    assert home.session().energy_kwh == 20.0
    past = wishing.wishes(home.ann, home.store, "ann", past=True)
    assert [(one.energy_kwh, one.ended_at is None) for one in past] == [(20.0, True), (25.0, False), (20.0, False)]
    assert {one.made_by for one in past} == {"link:abc"}
    with home.store.reading() as unit:
        assert [one.action for one in unit.audit.last("t", 9)] == ["drivers.wish"] * 3


@pytest.mark.parametrize("told", [{"energy_kwh": 500.0}, {"energy_kwh_minimum": 50.2}, {"energy_kwh": float("nan")}])
def test_no_more_is_wished_for_than_the_battery_takes(home: Any, told: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"'leaf' takes 50.0 kWh at the most, not .* kWh: its battery holds 45 kWh"):
        wishing.put_wish(home.ann, home.store, home.wish(**told), home.id(), home.now)
    wishing.put_wish(home.ann, home.store, home.wish(energy_kwh=50.0), home.id(), home.now)
