import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.domain.signal import Signal
from evenload.files.signal import read_signal, read_signal_span, write_signal

Write = Callable[[str, str], Path]
MIDNIGHT = datetime(2020, 1, 6, tzinfo=UTC)
TWO_HOURS = Horizon(MIDNIGHT, 30, 4)
HEAD = "timestamp,price_per_kwh,currency,carbon_g_per_kwh,carbon_kind,node\n"
HOURLY = HEAD + (
    "2020-01-06T01:00:00+01:00,-0.01,EUR,300,marginal,\n"
    "2020-01-06T02:00:00+01:00,0.2,EUR,400,marginal,\n"
    "2020-01-06T03:00:00+01:00,0.3,EUR,500,marginal,\n"
)
GAP = HEAD + "".join(f"2020-01-06T0{hour}:00:00Z,0.1,EUR,,,\n" for hour in (0, 2, 3, 4))


@pytest.mark.requirement("R31")
def test_hourly_prices_hold_over_the_half_hours_and_may_be_negative(write: Write) -> None:
    signal = read_signal(write("signal.csv", HOURLY), TWO_HOURS)
    assert signal.price_per_kwh.tolist() == pytest.approx([-0.01, -0.01, 0.2, 0.2])
    assert signal.carbon_g_per_kwh is not None
    assert signal.carbon_g_per_kwh.tolist() == pytest.approx([300, 300, 400, 400])
    assert (signal.currency, signal.carbon_kind) == ("EUR", "marginal")


@pytest.mark.requirement("R31")
def test_finer_data_is_averaged_whatever_the_order_of_its_rows(write: Write) -> None:
    rows = [f"2020-01-06T00:{minute:02d}:00Z,{minute / 100}\n" for minute in range(0, 60, 5)]
    path = write("signal.csv", "timestamp,price_per_kwh\n" + "".join(reversed(rows)))
    signal = read_signal(path, Horizon(MIDNIGHT, 30, 2))
    assert signal.price_per_kwh.tolist() == pytest.approx([0.125, 0.425])  # means of 0..25 and 30..55
    assert signal.carbon_g_per_kwh is None
    assert signal.currency == ""


def test_price_and_carbon_may_have_steps_of_their_own(write: Write) -> None:
    text = "timestamp,price_per_kwh,carbon_g_per_kwh\n2020-01-06T00:00:00Z,0.1,200\n2020-01-06T00:30:00Z,,400\n"
    signal = read_signal(write("signal.csv", text), Horizon(MIDNIGHT, 60, 1))
    assert signal.price_per_kwh.tolist() == pytest.approx([0.1])
    assert signal.carbon_g_per_kwh is not None
    assert signal.carbon_g_per_kwh.tolist() == pytest.approx([300])


@pytest.mark.requirement("R31")
def test_rows_for_a_node_stand_in_place_of_those_for_everywhere(write: Write) -> None:
    """Hourly prices of the node are not broken up by half-hourly ones of everywhere."""
    half_hourly = "2020-01-06T00:30:00Z,0.7,EUR,,,\n"
    own = "2020-01-06T00:00:00Z,0.8,EUR,,,F12\n2020-01-06T01:00:00Z,0.9,EUR,,,F12\n"
    path = write("signal.csv", HOURLY + own)
    assert read_signal(path, TWO_HOURS, "F12").price_per_kwh.tolist() == pytest.approx([0.8, 0.8, 0.9, 0.9])
    broken = write("broken.csv", HOURLY + half_hourly + own)
    assert read_signal(broken, TWO_HOURS, "F12").price_per_kwh.tolist() == pytest.approx([0.8, 0.8, 0.9, 0.9])
    assert read_signal(path, TWO_HOURS, "F12").carbon_g_per_kwh == pytest.approx([300, 300, 400, 400])
    for elsewhere in ("", "F13"):
        assert read_signal(path, TWO_HOURS, elsewhere).price_per_kwh.tolist() == pytest.approx([-0.01, -0.01, 0.2, 0.2])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HOURLY.partition("2020-01-06T02")[0],
            "price_per_kwh runs from 2020-01-06T00:00:00+00:00 to 2020-01-06T01:00:00+00:00; the horizon needs",
        ),
        (GAP, "price_per_kwh has a gap from 2020-01-06T00:00:00+00:00 to 2020-01-06T02:00:00+00:00"),
        (GAP + "2020-01-06T01:00:00Z,,EUR,,,\n", "price_per_kwh has a gap from 2020-01-06T00:00:00+00:00 to 2020-01"),
        (HOURLY.replace("0.2,EUR", "0.2,NOK"), "currency is EUR and NOK; one signal has one currency"),
        (HOURLY.replace("400,marginal", "400,average"), "carbon_kind is average and marginal; one signal has one"),
        (HEAD + "2020-01-06T01:00:00Z,,,300,marginal,\n", "no row holds a price_per_kwh everywhere"),
        (HEAD, "no row holds a price_per_kwh everywhere"),
    ],
)  # fmt: skip
def test_what_does_not_cover_the_horizon_is_refused(write: Write, text: str, sentence: str) -> None:
    path = write("signal.csv", text)
    with pytest.raises(SignalError) as refused:
        read_signal(path, TWO_HOURS)
    assert str(refused.value).startswith(f"{path}: ")
    assert sentence in str(refused.value)


def test_a_node_without_a_price_is_named(write: Write) -> None:
    path = write("signal.csv", HEAD + "2020-01-06T01:00:00Z,0.1,,,,F1\n")
    with pytest.raises(SignalError, match="no row holds a price_per_kwh at 'F2' or everywhere"):
        read_signal(path, TWO_HOURS, "F2")


@pytest.mark.parametrize(("day", "hours"), [("2020-03-29", 23), ("2020-10-25", 25), ("2020-06-01", 24)])
def test_a_local_day_has_the_steps_its_clock_gives_it(write: Write, day: str, hours: int) -> None:
    """Every hour of a day in Oslo, written as a Norwegian publisher would: local time with its offset."""
    oslo = ZoneInfo("Europe/Oslo")
    start = datetime.fromisoformat(day).replace(tzinfo=oslo)
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=oslo)
    instants, now = [], start.astimezone(UTC)
    while now < end.astimezone(UTC):
        instants.append(now.astimezone(oslo).isoformat())
        now += timedelta(hours=1)
    rows = "".join(f"{instant},{index / 100}\n" for index, instant in enumerate(instants))
    path = write("signal.csv", f"timestamp,price_per_kwh\n{rows}")
    horizon = read_signal_span(path, 15)
    assert horizon == Horizon.between(start, end, 15)
    assert horizon.steps == 4 * hours
    prices = read_signal(path, horizon).price_per_kwh
    np.testing.assert_allclose(prices, np.repeat(np.arange(hours) / 100, 4))


def test_the_span_ends_with_the_last_interval(write: Write) -> None:
    assert read_signal_span(write("signal.csv", HOURLY), 30) == Horizon(MIDNIGHT, 30, 6)


@pytest.mark.parametrize(
    ("text", "step_minutes", "sentence"),
    [
        (HEAD, 15, "the file has no rows, so it spans no time"),
        (HOURLY, 45, "steps of 45 min do not divide an hour"),
        ("timestamp,price_per_kwh\n2020-01-06T00:07:00Z,1\n", 15, "steps cannot start at 2020-01-06T00:07:00"),
    ],
)
def test_a_file_that_spans_no_horizon_is_refused(write: Write, text: str, step_minutes: int, sentence: str) -> None:
    path = write("signal.csv", text)
    with pytest.raises(SignalError, match=re.escape(sentence)):
        read_signal_span(path, step_minutes)


@pytest.mark.parametrize("carbon", [None, np.array([300.0, 0.1, 1 / 3, 0])])
def test_a_signal_survives_writing_and_reading(tmp_path: Path, carbon: np.ndarray | None) -> None:  # type: ignore[type-arg]
    kind = "" if carbon is None else "average"
    export = None if carbon is None else np.array([0.1, -0.05, 1 / 7, 0]) / 2
    signal = Signal(TWO_HOURS, np.array([0.1, -0.05, 1 / 7, 0]), "USD", carbon, kind, export)
    write_signal(tmp_path / "signal.csv", signal, "F1")
    again = read_signal(tmp_path / "signal.csv", read_signal_span(tmp_path / "signal.csv", 30), "F1")
    assert again.horizon == signal.horizon
    np.testing.assert_allclose(again.price_per_kwh, signal.price_per_kwh, rtol=1e-12, atol=1e-12)
    assert (again.currency, again.carbon_kind) == ("USD", kind)
    if carbon is None:
        assert again.carbon_g_per_kwh is None
        assert again.export_price_per_kwh is None
    else:
        assert again.export_price_per_kwh is not None
        np.testing.assert_allclose(again.export_price_per_kwh, signal.price_per_kwh / 2, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(again.carbon_g_per_kwh, carbon, rtol=1e-9, atol=1e-9)
