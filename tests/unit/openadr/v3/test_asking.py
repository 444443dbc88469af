"""Events as what is asked of cars and as prices, and back."""

from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import SignalError
from evenload.domain.event import Event as Asked
from evenload.domain.event import EventKind
from evenload.domain.signal import Series
from evenload.openadr.v3.asking import Terms, called_off, is_binding, told, understand
from evenload.openadr.v3.pricing import EXPORT_PRICE, GHG, PRICE, price_event, series_of
from evenload.openadr.v3.resolving import Piece, resolved
from evenload.openadr.v3.wire import Event, EventRequest, Program

T0 = datetime(2026, 1, 12, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOON = T0 - HOUR, T0 + 48 * HOUR


def answered(request: EventRequest | dict[str, Any], event_id: str = "e", at: datetime = T0) -> Event:
    known = {"id": event_id, "createdDateTime": at.isoformat(), "modificationDateTime": at.isoformat()}
    return msgspec.convert(msgspec.to_builtins(request) | known | {"objectType": "EVENT"}, Event)


def of(payload: str, *values: Any, units: str | None = None, **more: Any) -> Event:
    period = {"start": "2026-01-12T18:00:00Z", "duration": "PT2H"}
    descriptor = {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": payload, "units": units}
    intervals = [{"id": 0, "payloads": [{"type": payload, "values": values}]}]
    return answered({"programID": "p", "intervalPeriod": period, "intervals": intervals,
                     "payloadDescriptors": [descriptor]} | more)  # fmt: skip


@pytest.mark.requirement("R12")
@pytest.mark.parametrize(("payload", "value", "terms", "kind", "power_kw"), [
    ("IMPORT_CAPACITY_LIMIT", 250, {}, EventKind.LIMIT, 250.0), ("IMPORT_CAPACITY_LIMIT", 0, {}, EventKind.PAUSE, None),
    ("SIMPLE", 1, {}, EventKind.PAUSE, None), ("SIMPLE", 0, {}, None, None),
    ("SIMPLE", 1, {"capacity_kw": 100.0, "level_shares": {1: 0.5}}, EventKind.LIMIT, 50.0),
    ("DISPATCH_SETPOINT", 40, {"expected_kw": 60.0}, EventKind.LIMIT, 40.0),
    ("DISPATCH_SETPOINT", 90, {"expected_kw": 60.0}, EventKind.INCREASE, 90.0),
    ("DISPATCH_SETPOINT", -5, {}, EventKind.PAUSE, None),
    ("DISPATCH_SETPOINT_RELATIVE", -20, {"expected_kw": 60.0}, EventKind.LIMIT, 40.0),
    ("DISPATCH_SETPOINT_RELATIVE", -20, {}, None, None),
    ("CHARGE_STATE_SETPOINT", 100, {}, EventKind.PREPARATORY, None),
    ("ALERT_POSSIBLE_OUTAGE", "storm", {}, EventKind.PREPARATORY, None), ("ALERT_FIRE", "smoke", {}, None, None),
    ("ALERT_FLEX_ALERT", "hot", {}, EventKind.PAUSE, None), ("CURVE", 1, {}, None, None),
    ("PRICE", 0.3, {}, None, None),
    ("IMPORT_CAPACITY_LIMIT", "much", {}, None, None),
])  # fmt: skip
def test_what_a_payload_asks(
    payload: str, value: Any, terms: dict[str, Any], kind: EventKind | None, power_kw: float | None
) -> None:
    found = understand(of(payload, value), Terms(node="F12", **terms), *SOON)
    if kind is None:
        assert not found.events
        assert bool(found.notes) == ((payload, value) not in {("SIMPLE", 0), ("PRICE", 0.3)})
        return
    (asked,) = found.events
    assert (asked.kind, asked.node, asked.start, asked.end) == (kind, "F12", T0 + HOUR, T0 + 3 * HOUR)
    assert isnan(asked.power_kw) if power_kw is None else asked.power_kw == power_kw
    assert asked.notified_at == T0


def test_other_units_are_not_guessed() -> None:
    found = understand(of("IMPORT_CAPACITY_LIMIT", 16, units="AMPS"), Terms(), *SOON)
    assert not found.events
    assert "AMPS" in found.notes[0]


def test_an_emergency_is_mandatory_and_so_is_a_binding_program() -> None:
    (asked,) = understand(of("ALERT_GRID_EMERGENCY", "now"), Terms(), *SOON).events
    assert asked.mandatory
    binding = {"type": "BINDING_EVENTS", "values": [True]}
    known = {
        "id": "p",
        "createdDateTime": "x",
        "modificationDateTime": "x",
        "programName": "p",
        "objectType": "PROGRAM",
    }
    assert is_binding(msgspec.convert(known | {"attributes": [binding]}, Program))
    assert not is_binding(msgspec.convert(known, Program))


power = st.floats(0.001, 1e6)
KINDS = st.one_of(
    st.tuples(st.just(EventKind.PAUSE), st.just(float("nan"))), st.tuples(st.just(EventKind.LIMIT), power),
    st.tuples(st.just(EventKind.INCREASE), power), st.tuples(st.just(EventKind.PREPARATORY), st.just(float("nan"))),
)  # fmt: skip


@given(KINDS, st.integers(60, 10**6))
def test_an_event_told_is_the_event_understood(kind: tuple[EventKind, float], seconds: int) -> None:
    event = Asked("e7", kind[0], T0, T0 + timedelta(seconds=seconds), power_kw=kind[1])
    found = understand(answered(told(event, "p", ["north"])), Terms(expected_kw=0.0), T0, T0 + 999 * HOUR)
    (asked,) = found.events
    is_more = kind[0] is EventKind.LIMIT
    assert asked.kind is kind[0] or is_more
    assert (asked.start, asked.end) == (event.start, event.end)
    assert asked.power_kw == pytest.approx(event.power_kw, nan_ok=True)


def test_called_off_asks_nothing() -> None:
    assert understand(answered(called_off("p")), Terms(), *SOON).events == ()


# prices


def test_prices_there_and_back() -> None:
    at = np.datetime64("2026-01-12T17:00", "s") + np.arange(24) * np.timedelta64(3600, "s")
    series = Series(at, np.linspace(-0.05, 0.4, 24), "price")
    found, currency = series_of([answered(price_event("p", series, PRICE, "EUR"))], PRICE, *SOON)
    assert found is not None
    assert currency == "EUR"
    assert np.array_equal(found.timestamp, at)
    assert np.allclose(found.value, series.value)
    assert series_of([], GHG, *SOON) == (None, "")


def test_many_prices_share_the_length_of_an_interval() -> None:
    found, _ = series_of([of(PRICE, 0.1, 0.2, 0.3, 0.4, units="KWH")], PRICE, *SOON)
    assert found is not None
    assert found.step_seconds == 1800
    assert found.value.tolist() == [0.1, 0.2, 0.3, 0.4]


def test_a_more_important_event_holds_and_holes_stay() -> None:
    usual = answered(
        {"programID": "p", "duration": "PT6H", "intervalPeriod": {"start": "2026-01-12T17:00:00Z", "duration": "PT1H"},
         "priority": 5, "intervals": [{"id": 0, "payloads": [{"type": PRICE, "values": [0.2]}]}]}, "usual",
    )  # fmt: skip
    peak = of(PRICE, 0.9, priority=1)
    found, _ = series_of([usual, peak], PRICE, *SOON)
    assert found is not None
    assert found.value.tolist() == [0.2, 0.9, 0.9, 0.2, 0.2, 0.2]
    assert series_of([peak], EXPORT_PRICE, *SOON)[0] is None


def test_prices_that_cannot_be_read_are_said() -> None:
    with pytest.raises(SignalError, match="no number"):
        series_of([of(PRICE, "dear")], PRICE, *SOON)
    with pytest.raises(SignalError, match="only per kWh"):
        series_of([of(PRICE, 1.0, units="THERMS")], PRICE, *SOON)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=8))
def test_one_value_at_a_time_and_the_best_of_those_there(listed: list[tuple[int, int, int]]) -> None:
    found = [
        Piece(T0 + start * HOUR, T0 + (start + length) * HOUR, place, f"e{place}", priority, T0)
        for place, (start, length, priority) in enumerate(listed)
    ]
    kept = resolved(found)
    for hour in range(30):
        at = T0 + hour * HOUR
        there = [one for one in found if one.start <= at < one.end]
        here = [one for one in kept if one.start <= at < one.end]
        assert len(here) == bool(there)
        if there:
            assert here[0].priority == min(one.priority for one in there if one.priority is not None)
