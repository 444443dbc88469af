"""Events of 2.0b as events of the domain, and back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evenload.domain.event import Event as Asked
from evenload.domain.event import EventKind
from evenload.openadr.v20b.document import read_message, write_message
from evenload.openadr.v20b.events import Distributed, Event, Signal, SignalType
from evenload.openadr.v20b.messages import DistributeEvent
from evenload.openadr.v20b.parts import KILOWATTS, Target, Unit, money_per_kwh
from evenload.openadr.v20b.payloads import Interval, Payload
from evenload.openadr.v20b.translate import Rules, from_domain, to_domain

NOW = datetime(2026, 1, 12, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
Events = Callable[..., Event]
RULES = Rules(baseline_kw=lambda _target, _at: 200.0, capacity_kw=lambda _target, _at: 400.0)
WATTS = Unit(element="powerReal", units="W")


def signal(name: str, kind: SignalType, *values: float, unit: Unit | None = None, signal_id: str = "s") -> Signal:
    length = HOUR / len(values)
    intervals = tuple(Interval(duration=length, payloads=(Payload(value=value),)) for value in values)
    return Signal(name=name, type=kind, signal_id=signal_id, intervals=intervals, unit=unit)


@pytest.mark.requirement("R78")
@pytest.mark.parametrize(
    ("one", "kind", "power_kw"),
    [
        (signal("SIMPLE", SignalType.LEVEL, 1.0), EventKind.PAUSE, nan),
        (signal("LOAD_DISPATCH", SignalType.SETPOINT, 250.0, unit=KILOWATTS), EventKind.LIMIT, 250.0),
        (signal("LOAD_DISPATCH", SignalType.SETPOINT, 250e3, unit=WATTS), EventKind.LIMIT, 250.0),
        (signal("LOAD_DISPATCH", SignalType.SETPOINT, 0.0, unit=KILOWATTS), EventKind.PAUSE, nan),
        (signal("LOAD_DISPATCH", SignalType.DELTA, -50.0, unit=KILOWATTS), EventKind.LIMIT, 150.0),
        (signal("LOAD_DISPATCH", SignalType.DELTA, 50.0, unit=KILOWATTS), EventKind.INCREASE, 250.0),
        (signal("LOAD_DISPATCH", SignalType.MULTIPLIER, 0.25), EventKind.LIMIT, 50.0),
        (signal("LOAD_CONTROL", SignalType.CAPACITY, 0.5), EventKind.LIMIT, 200.0),
        (signal("LOAD_CONTROL", SignalType.PERCENT_OFFSET, -0.2), EventKind.LIMIT, 160.0),
        (signal("LOAD_CONTROL", SignalType.CONTROL_SETPOINT, 90.0), EventKind.LIMIT, 90.0),
        (signal("CHARGE_STATE", SignalType.SETPOINT, 100.0), EventKind.PREPARATORY, nan),
        (signal("CHARGE_STATE", SignalType.DELTA, 5.0), EventKind.INCREASE, nan),
    ],
)
def test_signals_that_ask(one: Signal, kind: EventKind, power_kw: float, plain_event: Events) -> None:
    made = to_domain(plain_event(signals=(one,)), RULES)
    (asked,) = made.asked
    assert (asked.kind, asked.start, asked.end, made.notes) == (kind, NOW + HOUR, NOW + 2 * HOUR, ())
    assert asked.power_kw == pytest.approx(power_kw, nan_ok=True)


@pytest.mark.parametrize(
    "one",
    [
        signal("x-own", SignalType.LEVEL, 1.0),
        signal("SIMPLE", SignalType.LEVEL, 7.0),
        signal("LOAD_DISPATCH", SignalType.DELTA, -50.0, unit=KILOWATTS),
        signal("LOAD_CONTROL", SignalType.CAPACITY, 0.5),
        signal("LOAD_CONTROL", SignalType.LEVEL_OFFSET, 2.0),
        signal("LOAD_DISPATCH", SignalType.SETPOINT, -5.0, unit=KILOWATTS),
        signal("CHARGE_STATE", SignalType.DELTA, -5.0),
        signal("ELECTRICITY_PRICE", SignalType.LEVEL, 1.0),
    ],
)
def test_what_has_no_meaning_here_is_said_and_asks_nothing(one: Signal, plain_event: Events) -> None:
    made = to_domain(plain_event(signals=(one,)), Rules())
    assert (made.asked, made.prices, len(made.notes)) == ((), (), 1)


def test_prices_in_spans(plain_event: Events) -> None:
    one = signal("ELECTRICITY_PRICE", SignalType.PRICE, 0.31, 0.62, unit=money_per_kwh("USD"))
    spans = to_domain(plain_event(signals=(one,)), RULES).prices
    assert [(span.start - NOW, span.end - NOW, span.price_per_kwh, span.currency) for span in spans] == [
        (HOUR, HOUR * 1.5, 0.31, "USD"), (HOUR * 1.5, HOUR * 2, 0.62, "USD"),
    ]  # fmt: skip


def test_a_level_of_zero_asks_nothing_and_each_interval_is_an_event(plain_event: Events) -> None:
    one = signal("SIMPLE", SignalType.LEVEL, 1.0, 0.0, 3.0)
    made = to_domain(plain_event(signals=(one,)), RULES)
    assert [(asked.event_id, asked.mandatory) for asked in made.asked] == [("e1/0", False), ("e1/2", True)]
    assert made.asked[1].start == NOW + HOUR + HOUR * 2 / 3


def test_power_is_followed_before_a_level(plain_event: Events) -> None:
    both = (
        signal("SIMPLE", SignalType.LEVEL, 3.0), signal("LOAD_DISPATCH", SignalType.SETPOINT, 250.0, unit=KILOWATTS)
    )  # fmt: skip
    (asked,) = to_domain(plain_event(signals=both), RULES).asked
    assert (asked.kind, asked.power_kw) == (EventKind.LIMIT, 250.0)


def test_a_late_start_moves_all_of_it(plain_event: Events) -> None:
    (asked,) = to_domain(plain_event(), RULES, delay=timedelta(minutes=7)).asked
    assert (asked.start, asked.end) == (NOW + HOUR + timedelta(minutes=7), NOW + 2 * HOUR + timedelta(minutes=7))


def test_a_test_asks_nothing_of_anybody(plain_event: Events) -> None:
    made = to_domain(plain_event(test_event="true"), RULES)
    assert (made.asked, len(made.rehearsed)) == ((), 1)
    assert len(to_domain(plain_event(test_event="false"), RULES).asked) == 1


def test_several_targets_share_a_pause_but_not_power(plain_event: Events) -> None:
    target = Target(group_ids=("a",), resource_ids=("r1",))
    pause = plain_event(target=target, signals=(signal("SIMPLE", SignalType.LEVEL, 1.0),))
    made = to_domain(pause, Rules(node_of=lambda resource: f"node-{resource}"))
    assert [(asked.event_id, asked.node, asked.group) for asked in made.asked] == [
        ("e1/0/0", "", "a"), ("e1/0/1", "node-r1", "")
    ]  # fmt: skip
    shared = to_domain(plain_event(target=target), RULES)
    assert (shared.asked, len(shared.notes)) == ((), 1)


def test_no_end_is_said(plain_event: Events) -> None:
    one = replace(signal("SIMPLE", SignalType.LEVEL, 1.0), intervals=(Interval(payloads=(Payload(value=1.0),)),))
    made = to_domain(plain_event(duration=timedelta(0), signals=(one,)), RULES)
    assert (made.asked[0].end - made.asked[0].start, len(made.notes)) == (timedelta(days=1), 1)


@pytest.mark.requirement("R78")
@given(
    kind=st.sampled_from(EventKind), power_kw=st.one_of(st.just(nan), st.integers(1, 10**6).map(float)),
    minutes=st.integers(1, 10_000), place=st.sampled_from([("", ""), ("F12", ""), ("", "homes")]),
    mandatory=st.booleans(),
)  # fmt: skip
def test_what_is_asked_comes_back_over_the_wire(
    *, kind: EventKind, power_kw: float, minutes: int, place: tuple[str, str], mandatory: bool
) -> None:
    if kind is EventKind.LIMIT and isnan(power_kw):
        power_kw = 5.0
    if kind in {EventKind.PAUSE, EventKind.PREPARATORY}:
        power_kw = nan
    asked = Asked(
        "e1", kind, NOW, NOW + timedelta(minutes=minutes), *place, power_kw, mandatory, notified_at=NOW - HOUR
    )  # fmt: skip
    message = DistributeEvent(
        request_id="q", vtn_id="t", events=(Distributed(event=from_domain(asked, "http://m", NOW)),)
    )
    read = read_message(write_message(message))
    assert isinstance(read, DistributeEvent)
    (again,) = to_domain(read.events[0].event, Rules(priority_mandatory_max=1)).asked
    assert repr(again) == repr(asked)  # NaN is not equal to itself
