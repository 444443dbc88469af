"""Reports of OpenADR 2.0b: what can be reported, what is asked for, what was measured."""

from datetime import datetime, timedelta
from typing import Final

from evenload.openadr.v20b.binding import Form, Part
from evenload.openadr.v20b.parts import TARGET, UNIT, Target, Unit, Wire
from evenload.openadr.v20b.payloads import INTERVALS, Interval
from evenload.openadr.v20b.values import DURATION, FLAG, INSTANT, TEXT

TELEMETRY_USAGE: Final = "TELEMETRY_USAGE"
TELEMETRY_STATUS: Final = "TELEMETRY_STATUS"
HISTORY_USAGE: Final = "HISTORY_USAGE"
METADATA: Final = "METADATA_"
"""What comes before the name of a report that only says what can be reported."""


class SamplingRate(Wire, frozen=True, kw_only=True):
    """How often a data point can be sampled."""

    min_period: timedelta
    max_period: timedelta
    on_change: bool = False


class DataPoint(Wire, frozen=True, kw_only=True):
    """A data point that can be reported."""

    r_id: str
    report_type: str
    reading_type: str
    subject: Target | None = None
    source: Target | None = None
    unit: Unit | None = None
    market_context: str | None = None
    sampling_rate: SamplingRate | None = None


class Report(Wire, frozen=True, kw_only=True):
    """What can be reported (data points) or what was measured (intervals)."""

    specifier_id: str
    created_at: datetime
    request_id: str = "0"
    report_id: str | None = None
    name: str | None = None
    start: datetime | None = None
    duration: timedelta | None = None
    intervals: tuple[Interval, ...] = ()
    points: tuple[DataPoint, ...] = ()


class PointAsked(Wire, frozen=True, kw_only=True):
    """A data point that is asked for."""

    r_id: str
    reading_type: str
    unit: Unit | None = None


class ReportRequest(Wire, frozen=True, kw_only=True):
    """What is asked for: data points, sampled each ``granularity``, sent each ``back``, from ``start`` on.

    ``granularity`` 0 is as often as they come; ``back`` 0 is once, at the end of the window. A window of no length, or
    none, has no end.
    """

    request_id: str
    specifier_id: str
    granularity: timedelta
    back: timedelta
    points: tuple[PointAsked, ...]
    start: datetime | None = None
    duration: timedelta | None = None

    @property
    def is_history(self) -> bool:
        """Whether one report of a window that is named is asked for."""
        return not self.back and bool(self.duration) and self.start is not None


_RATE: Final = Form(
    SamplingRate,
    Part("min_period", "oadr:oadrMinPeriod", DURATION),
    Part("max_period", "oadr:oadrMaxPeriod", DURATION),
    Part("on_change", "oadr:oadrOnChange", FLAG),
)
_POINT: Final = Form(
    DataPoint,
    Part("r_id", "ei:rID", TEXT),
    Part("subject", "ei:reportSubject", TARGET, needed=False),
    Part("source", "ei:reportDataSource", TARGET, needed=False),
    Part("report_type", "ei:reportType", TEXT),
    Part("unit", "*", UNIT, needed=False),
    Part("reading_type", "ei:readingType", TEXT),
    Part("market_context", "emix:marketContext", TEXT, needed=False),
    Part("sampling_rate", "oadr:oadrSamplingRate", _RATE, needed=False),
)
REPORT: Final = Form(
    Report,
    Part("start", "xcal:dtstart/xcal:date-time", INSTANT, needed=False),
    Part("duration", "xcal:duration/xcal:duration", DURATION, needed=False),
    INTERVALS,
    Part("report_id", "ei:eiReportID", TEXT, needed=False),
    Part("points", "oadr:oadrReportDescription", _POINT, needed=False, many=True),
    Part("request_id", "ei:reportRequestID", TEXT, needed=False),
    Part("specifier_id", "ei:reportSpecifierID", TEXT),
    Part("name", "ei:reportName", TEXT, needed=False),
    Part("created_at", "ei:createdDateTime", INSTANT),
)
_ASKED: Final = Form(
    PointAsked,
    Part("r_id", "ei:rID", TEXT),
    Part("unit", "*", UNIT, needed=False),
    Part("reading_type", "ei:readingType", TEXT),
)
_WINDOW: Final = "ei:reportSpecifier/ei:reportInterval/xcal:properties/"
REPORT_REQUEST: Final = Form(
    ReportRequest,
    Part("request_id", "ei:reportRequestID", TEXT),
    Part("specifier_id", "ei:reportSpecifier/ei:reportSpecifierID", TEXT),
    Part("granularity", "ei:reportSpecifier/xcal:granularity/xcal:duration", DURATION),
    Part("back", "ei:reportSpecifier/ei:reportBackDuration/xcal:duration", DURATION),
    Part("start", _WINDOW + "xcal:dtstart/xcal:date-time", INSTANT, needed=False),
    Part("duration", _WINDOW + "xcal:duration/xcal:duration", DURATION, needed=False),
    Part("points", "ei:reportSpecifier/ei:specifierPayload", _ASKED, many=True),
)
