"""A logger's files: which rows are refused and why, which stays are in it, and that places are kept nowhere."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError, InputError
from evenload.domain.station_readings import Quality
from evenload.files.importers.obd import Home, columns_of, home_of, read_readings
from evenload.files.importers.obd_stays import read_records, read_stays
from evenload.files.importers.outcome import Record
from evenload.files.problems import RowReason
from evenload.service.cable.logged import LoggedStay

pytestmark = pytest.mark.requirement("R138")

T0 = datetime(2026, 1, 10, 18, tzinfo=UTC)


def row(minutes: float, **told: object) -> Record:
    return {"timestamp": (T0 + timedelta(minutes=minutes)).isoformat(), **told}


def night(power_kw: float = 7.2, plugged: bool = True) -> list[Record]:
    """Driven home, plugged in from 18:10 to 23:10, charging for two hours of it, driven away."""
    drives = {"soc": 40, "power_kw": -12.0, "speed_kmh": 50, "plugged": 0}
    stands = [
        row(10 + one, soc=40 + one / 5, power_kw=power_kw if one < 120 else 0, speed_kmh=0, plugged=int(plugged))
        for one in range(0, 301, 5)
    ]
    return [row(0, **drives), *stands, row(312, **drives)]


def test_a_night_is_one_stay_with_the_energy_of_its_power() -> None:
    found = read_stays(night())
    ((_, stay),) = found.stays
    assert stay.plugged_at == T0 + timedelta(minutes=10)
    assert stay.unplugged_at == T0 + timedelta(minutes=310)
    assert stay.energy_kwh == pytest.approx(7.2 * 2)
    assert (stay.began, stay.ended, stay.quality) == (Quality.MEASURED, Quality.MEASURED, Quality.MEASURED)
    assert not found.problems


def test_without_a_plug_signal_the_stay_is_what_was_charged_and_estimated() -> None:
    records = [{name: value for name, value in one.items() if name != "plugged"} for one in night()]
    ((_, stay),) = read_stays(records).stays
    assert stay.unplugged_at == T0 + timedelta(minutes=125)
    assert stay.energy_kwh == pytest.approx(7.2 * 115 / 60)
    assert (stay.began, stay.ended) == (Quality.ESTIMATED, Quality.ESTIMATED)


def test_braking_is_no_charging() -> None:
    records = [row(one / 60, power_kw=20.0 if one % 10 < 5 else -20.0, speed_kmh=60) for one in range(120)]
    records += [row(3 + one / 60, power_kw=15.0) for one in range(30)]  # half a minute, no speed told
    assert read_stays(records).stays == ()


def test_current_and_voltage_are_of_the_battery_and_say_more_than_the_connector_gave() -> None:
    records = [row(one, **{"HV Battery Current[A]": 20.0, "HV Battery Voltage[V]": 360.0}) for one in range(0, 61, 5)]
    ((_, stay),) = read_stays(records).stays
    assert stay.energy_kwh == pytest.approx(7.2 / 0.9)
    assert stay.quality is Quality.ESTIMATED


def test_the_state_of_charge_fills_gaps_where_the_battery_is_known_and_else_the_stay_is_refused() -> None:
    records = [row(0, soc=40, plugged=1), row(180, soc=70, plugged=1), row(200, soc=70, plugged=0)]
    ((_, stay),) = read_stays(records, battery_kwh=60.0).stays
    assert stay.energy_kwh == pytest.approx(0.3 * 60 / 0.9)
    refused = read_stays(records)
    assert refused.stays == ()
    (problem,) = refused.problems
    assert (problem.reason, problem.line, problem.column) == (RowReason.GAP, 2, "power_kw")
    assert "--battery-kwh" in problem.sentence


def test_places_become_home_or_away_and_are_kept_nowhere() -> None:
    here = {"latitude": 42.3601, "longitude": -71.0589}
    records = [one | here for one in night()]
    for home, is_home in ((Home(42.3605, -71.0589), True), (Home(42.37, -71.0589), False), (None, None)):
        ((_, stay),) = read_stays(records, home=home).stays
        assert stay.is_home is is_home
        assert "42.36" not in repr(stay)
    assert not {"latitude", "longitude"} & {one.name for one in fields(LoggedStay)}


@pytest.mark.parametrize(
    ("bad", "column", "reason", "advice"),
    [
        ({"timestamp": "2026-01-10 18:00:00"}, "timestamp", RowReason.NO_OFFSET, "write it in UTC"),
        ({"timestamp": "soon"}, "timestamp", RowReason.NOT_A_TIMESTAMP, "is not a date and time"),
        ({"SOC (%)": "140"}, "SOC (%)", RowReason.OUT_OF_RANGE, "check its unit"),
        ({"power_kw": "7200"}, "power_kw", RowReason.OUT_OF_RANGE, "check its unit"),
        ({"plugged": "maybe"}, "plugged", RowReason.UNKNOWN_WORD, "write 1 or 0"),
        ({"power_kw": "much"}, "power_kw", RowReason.NOT_A_NUMBER, "is not a number"),
    ],
)
def test_a_bad_cell_is_named_by_line_column_value_and_what_to_do(
    bad: Record, column: str, reason: RowReason, advice: str
) -> None:
    good = {"timestamp": T0.isoformat(), "SOC (%)": "40", "power_kw": "7.2", "plugged": "1"}
    _, (problem,) = read_readings([good, {**good, "timestamp": row(1)["timestamp"], **bad}], "trip.csv")
    assert (problem.file, problem.line, problem.column, problem.reason) == ("trip.csv", 3, column, reason)
    assert advice in problem.sentence
    assert str(next(iter(bad.values())))[:3] in problem.value


def test_the_same_instant_twice_is_refused_once() -> None:
    readings, problems = read_readings([row(0, soc=40), row(0, soc=41)], "trip.csv")
    assert len(readings) == 1
    assert problems[0].reason is RowReason.DUPLICATE


def test_a_file_without_time_or_anything_to_tell_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ColumnsError, match="has no time: name that column one of timestamp"):
        columns_of({"soc": 1}, "trip.csv")
    with pytest.raises(ColumnsError, match="It has: timestamp, rpm"):
        columns_of({"timestamp": 1, "rpm": 2}, "trip.csv")


@pytest.mark.parametrize("written", ["here", "1,2,3", "91,0", "0,181", "nan,0"])
def test_a_home_that_is_no_place_is_refused(written: str) -> None:
    with pytest.raises(InputError, match=r"42\.36,-71\.06"):
        home_of(written)


def test_history_is_that_of_the_importers() -> None:
    outcome = read_records([one | {"vehicle_id": "leaf"} for one in night()], "trip.csv")
    history = outcome.history
    assert history.user_id.tolist() == ["leaf"]
    assert history.energy_kwh_metered.tolist() == pytest.approx([14.4])
    assert history.power_kw_max.tolist() == [7.2]
    assert outcome.counts() == {"accepted": 1}


@given(st.lists(st.tuples(st.floats(0, 11), st.booleans()), min_size=2, max_size=60))
def test_stays_are_apart_and_hold_no_more_energy_than_flowed(told: list[tuple[float, bool]]) -> None:
    records = [row(5 * n, power_kw=kw, plugged=int(plugged)) for n, (kw, plugged) in enumerate(told)]
    stays = [one for _, one in read_stays(records).stays]
    end = datetime.min.replace(tzinfo=UTC)
    for one in stays:
        assert end <= one.plugged_at < one.unplugged_at
        end = one.unplugged_at
    most_kwh = sum(kw / 12 for kw, plugged in told if plugged)
    assert sum(one.energy_kwh for one in stays) <= most_kwh + 1e-3 < inf
