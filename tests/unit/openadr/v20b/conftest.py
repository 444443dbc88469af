"""One message of each kind, as full as it can be, and a VTN with its VENs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.events import Answering, Baseline, Distributed, Event, Signal, SignalType, Status
from evenload.openadr.v20b.keeping import MemoryKeeper
from evenload.openadr.v20b.parts import (
    KILOWATT_HOURS,
    KILOWATTS,
    PERCENT,
    QualifiedEventId,
    Response,
    Target,
    Unit,
    money_per_kwh,
)
from evenload.openadr.v20b.payloads import Interval, LoadState, Payload, ResourceStatus
from evenload.openadr.v20b.reports import DataPoint, PointAsked, Report, ReportRequest, SamplingRate
from evenload.openadr.v20b.vtn import Vtn
from evenload.openadr.v20b.vtn_records import Ven, VtnSettings

NOW = datetime(2026, 1, 12, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRINT = "AA:BB:CC:DD:EE:FF:00:11:22:33"


def signal(name: str, kind: SignalType, unit: Unit | None, *values: float) -> Signal:
    length = HOUR / len(values)
    intervals = tuple(
        Interval(duration=length, uid=str(number), payloads=(Payload(value=value),))
        for number, value in enumerate(values)
    )
    return Signal(name=name, type=kind, signal_id=f"s-{name}", intervals=intervals, unit=unit, current_value=0.0)


SIGNALS = (
    signal("SIMPLE", SignalType.LEVEL, None, 1.0, 2.0),
    signal("ELECTRICITY_PRICE", SignalType.PRICE, money_per_kwh("USD"), 0.31, 0.62),
    signal("LOAD_DISPATCH", SignalType.SETPOINT, KILOWATTS, 250.0),
    signal("LOAD_CONTROL", SignalType.CAPACITY, None, 0.5),
    signal("CHARGE_STATE", SignalType.DELTA, KILOWATT_HOURS, 12.5),
    signal("x-evenload", SignalType.LEVEL, PERCENT, 3.0),
)
FULL_EVENT = Event(
    event_id="e<1>&", modification_number=3, market_context="http://utility.example/ev", created_at=NOW - HOUR,
    status=Status.FAR, start=NOW + HOUR, duration=HOUR, signals=SIGNALS,
    target=Target(group_ids=("feeder-12",), resource_ids=("r1", "r2"), ven_ids=("v1",), party_ids=("p1",),
                  group_names=("homes",), device_classes=("EVSE",), meters=("m1",), nodes=("n1",)),
    start_after=timedelta(minutes=10), notification=timedelta(hours=4), ramp_up=timedelta(minutes=5),
    recovery=timedelta(minutes=20), modified_at=NOW, modification_reason="weather", priority=1, test_event="true",
    comment="a test", baseline=Baseline(
        start=NOW, duration=HOUR, baseline_id="b1", name="usual", resource_ids=("r1",), unit=KILOWATTS,
        intervals=(Interval(duration=HOUR, uid="0", payloads=(Payload(value=5.0),)),),
    ),
)  # fmt: skip
STATUS = ResourceStatus(
    is_online=True, is_overridden=False, capacity=LoadState(current=1.0, min=0.0, max=2.0, normal=1.5),
    level_offset=LoadState(current=0.0), percent_offset=LoadState(current=0.25), set_point=LoadState(current=7.2),
)  # fmt: skip
OFFER = Report(
    specifier_id="usage", created_at=NOW, name="METADATA_TELEMETRY_USAGE", duration=HOUR, points=(
        DataPoint(
            r_id="power", report_type="usage", reading_type="Direct Read", unit=KILOWATTS,
            subject=Target(device_classes=("EVSE",)), source=Target(resource_ids=("r1",)),
            market_context="http://utility.example/ev",
            sampling_rate=SamplingRate(min_period=timedelta(minutes=1), max_period=timedelta(minutes=15)),
        ),
        DataPoint(r_id="status", report_type="x-resourceStatus", reading_type="x-notApplicable"),
    ),
)  # fmt: skip
REQUEST = ReportRequest(
    request_id="rr1", specifier_id="usage", granularity=timedelta(minutes=1), back=timedelta(minutes=5),
    points=(PointAsked(r_id="power", reading_type="Direct Read", unit=KILOWATTS),), start=NOW, duration=HOUR,
)  # fmt: skip
MEASURED = Report(
    specifier_id="usage", created_at=NOW, request_id="rr1", name="TELEMETRY_USAGE", start=NOW, duration=HOUR,
    report_id="x", intervals=(
        Interval(start=NOW, duration=HOUR / 2, uid="0", payloads=(
            Payload(r_id="power", value=7.25, confidence=90, accuracy=0.5, quality="Quality Good - Non Specific"),
            Payload(r_id="status", status=STATUS),
        )),
    ),
)  # fmt: skip
OK = Response(code=200, description="OK", request_id="q")
_EVENT_ID = QualifiedEventId(event_id="e1", modification_number=0)
_CANCEL = wire.CancelReport(request_id="q", report_request_ids=("rr1", "rr2"), to_follow=True, ven_id="v1")
EXAMPLES: tuple[wire.AnyMessage, ...] = (
    wire.Poll(ven_id="v1"),
    wire.Answered(response=OK, ven_id="v1"),
    wire.QueryRegistration(request_id="q"),
    wire.CreateRegistration(
        request_id="q", registration_id="reg", ven_id="v1", address="https://ven.example", is_report_only=False,
        signs=True, ven_name="ven one", pulls=False,
    ),
    wire.CreatedRegistration(
        response=OK, registration_id="reg", ven_id="v1", vtn_id="vtn", poll_every=timedelta(seconds=10)
    ),
    wire.CancelRegistration(request_id="q", registration_id="reg", ven_id="v1"),
    wire.CanceledRegistration(response=OK, registration_id="reg", ven_id="v1"),
    wire.RequestReregistration(ven_id="v1"),
    wire.DistributeEvent(
        request_id="q", vtn_id="vtn", response=OK,
        events=(Distributed(event=FULL_EVENT), Distributed(event=FULL_EVENT, answering=Answering.NEVER)),
    ),
    wire.DistributeEvent(request_id="q", vtn_id="vtn"),
    wire.RequestEvent(request_id="q", ven_id="v1", reply_limit=3),
    wire.CreatedEvent(
        response=OK, ven_id="v1",
        events=(
            wire.EventResponse(request_id="q", event=_EVENT_ID, opt=wire.OptType.OUT, code=460, description="no"),
            wire.EventResponse(request_id="q", event=_EVENT_ID, opt=wire.OptType.IN),
        ),
    ),
    wire.CreateOpt(
        request_id="q", opt_id="o1", opt=wire.OptType.OUT, reason="mustRun", ven_id="v1", created_at=NOW,
        market_context="http://utility.example/ev", target=Target(resource_ids=("r1",)),
        windows=(wire.Available(start=NOW, duration=HOUR), wire.Available(start=NOW + 9 * HOUR, duration=HOUR)),
        device_class=Target(device_classes=("EVSE",)),
    ),
    wire.CreateOpt(
        request_id="q", opt_id="o1", opt=wire.OptType.IN, reason="participating", ven_id="v1", created_at=NOW,
        event=_EVENT_ID,
    ),
    wire.CreatedOpt(response=OK, opt_id="o1"),
    wire.CancelOpt(request_id="q", opt_id="o1", ven_id="v1"),
    wire.CanceledOpt(response=OK, opt_id="o1"),
    wire.RegisterReport(request_id="q", reports=(OFFER,), ven_id="v1"),
    wire.RegisteredReport(response=OK, requests=(REQUEST,), ven_id="v1"),
    wire.CreateReport(request_id="q", requests=(REQUEST, REQUEST), ven_id="v1"),
    wire.CreatedReport(response=OK, pending=("rr1", "rr2"), ven_id="v1"),
    wire.CreatedReport(response=OK),
    wire.UpdateReport(request_id="q", reports=(MEASURED, MEASURED), ven_id="v1"),
    wire.UpdatedReport(response=OK, cancel=_CANCEL, ven_id="v1"),
    _CANCEL,
    wire.CanceledReport(response=OK, pending=("rr1",), ven_id="v1"),
)  # fmt: skip


@pytest.fixture(name="examples")
def _examples() -> tuple[wire.AnyMessage, ...]:
    return EXAMPLES


@pytest.fixture(name="full_event")
def _full_event() -> Event:
    return FULL_EVENT


@pytest.fixture(name="offer")
def _offer() -> Report:
    return OFFER


@pytest.fixture(name="measured")
def _measured() -> Report:
    return MEASURED


@pytest.fixture(name="new_id")
def _new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id{next(numbers)}"


@pytest.fixture(name="plain_event")
def _plain_event() -> Callable[..., Event]:
    def made(event_id: str = "e1", **changes: object) -> Event:
        fields: dict[str, object] = {
            "event_id": event_id, "modification_number": 0, "market_context": "http://utility.example/ev",
            "created_at": NOW - HOUR, "status": Status.FAR, "start": NOW + HOUR, "duration": HOUR,
            "signals": (signal("LOAD_DISPATCH", SignalType.SETPOINT, KILOWATTS, 250.0),), "target": Target(),
        } | changes  # fmt: skip
        return Event(**fields)  # type: ignore[arg-type]  # fields of an event by name

    return made


@pytest.fixture(name="keeper")
def _keeper() -> MemoryKeeper:
    return MemoryKeeper()


@pytest.fixture(name="vtn")
def _vtn(keeper: MemoryKeeper, new_id: Callable[[], str]) -> Vtn:
    vtn = Vtn(VtnSettings(vtn_id="vtn"), keeper, new_id)
    vtn.enrol(Ven(ven_id="v1", name="one", fingerprint=PRINT, group_ids=("feeder-12",), resource_ids=("r1", "r2")))
    vtn.enrol(Ven(ven_id="v2", name="two", fingerprint="00:" + PRINT[3:], group_ids=("feeder-9",)))
    return vtn
