"""Intervals of signals and reports, and the values in them."""

from datetime import datetime, timedelta
from typing import Final

from evenload.openadr.v20b.binding import Element, Form, Part, Variant, local_name
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.parts import Wire
from evenload.openadr.v20b.values import DURATION, FLAG, INSTANT, NUMBER, TEXT, WHOLE


class LoadState(Wire, frozen=True, kw_only=True):
    """How far a load can be turned: where it is, and its least, most and usual where known."""

    current: float
    min: float | None = None
    max: float | None = None
    normal: float | None = None


class ResourceStatus(Wire, frozen=True, kw_only=True):
    """Whether a resource is reached, whether somebody overrode control, and how far it can be turned."""

    is_online: bool
    is_overridden: bool
    capacity: LoadState | None = None
    level_offset: LoadState | None = None
    percent_offset: LoadState | None = None
    set_point: LoadState | None = None


class Payload(Wire, frozen=True, kw_only=True):
    """A value of a signal (without ``r_id``) or of a report's data point: a number or a status."""

    value: float | None = None
    status: ResourceStatus | None = None
    r_id: str | None = None
    confidence: int | None = None
    accuracy: float | None = None
    quality: str | None = None


class Interval(Wire, frozen=True, kw_only=True):
    """A window and what holds in it; one without start follows the one before."""

    payloads: tuple[Payload, ...]
    start: datetime | None = None
    duration: timedelta | None = None
    uid: str | None = None


_LOAD_STATE: Final = Form(
    LoadState,
    Part("min", "oadr:oadrMin", NUMBER, needed=False),
    Part("max", "oadr:oadrMax", NUMBER, needed=False),
    Part("current", "oadr:oadrCurrent", NUMBER),
    Part("normal", "oadr:oadrNormal", NUMBER, needed=False),
)
_STATUS: Final = Form(
    ResourceStatus,
    Part("is_online", "oadr:oadrOnline", FLAG),
    Part("is_overridden", "oadr:oadrManualOverride", FLAG),
    Part("capacity", "oadr:oadrLoadControlState/oadr:oadrCapacity", _LOAD_STATE, needed=False),
    Part("level_offset", "oadr:oadrLoadControlState/oadr:oadrLevelOffset", _LOAD_STATE, needed=False),
    Part("percent_offset", "oadr:oadrLoadControlState/oadr:oadrPercentOffset", _LOAD_STATE, needed=False),
    Part("set_point", "oadr:oadrLoadControlState/oadr:oadrSetPoint", _LOAD_STATE, needed=False),
)
_VALUES: Final = (
    Part("value", "ei:payloadFloat/ei:value", NUMBER, needed=False),
    Part("status", "oadr:oadrPayloadResourceStatus", _STATUS, needed=False),
)
_PAYLOAD: Final = Form(
    Payload,
    Part("r_id", "ei:rID", TEXT, needed=False),
    Part("confidence", "ei:confidence", WHOLE, needed=False),
    Part("accuracy", "ei:accuracy", NUMBER, needed=False),
    *_VALUES,
    Part("quality", "oadr:oadrDataQuality", TEXT, needed=False),
)


def _read_payload(element: Element) -> Payload:
    payload = _PAYLOAD.read(element)
    if payload.value is None and payload.status is None:
        raise ProtocolError(Code.INVALID_DATA, f"{local_name(element)}: it has no value")
    if payload.r_id is None and local_name(element) != "signalPayload":
        raise ProtocolError(Code.INVALID_DATA, "oadrReportPayload: rID is missing")
    return payload


def _write_payload(payload: Payload, out: list[str]) -> None:
    tag = "ei:signalPayload" if payload.r_id is None else "oadr:oadrReportPayload"
    out.append(f"<{tag}>")
    _PAYLOAD.write(payload, out)
    out.append(f"</{tag}>")


INTERVAL: Final = Form(
    Interval,
    Part("start", "xcal:dtstart/xcal:date-time", INSTANT, needed=False),
    Part("duration", "xcal:duration/xcal:duration", DURATION, needed=False),
    Part("uid", "xcal:uid/xcal:text", TEXT, needed=False),
    Part("payloads", "*", Variant(("signalPayload", "oadrReportPayload"), _read_payload, _write_payload), many=True),
)
INTERVALS: Final = Part("intervals", "strm:intervals/ei:interval", INTERVAL, needed=False, many=True)
