"""Reports a VTN asks VENs for; what was asked is remembered, so that data points keep their meaning after a restart."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper, Table, key_of
from evenload.openadr.v20b.messages import CancelReport, RegisteredReport, RegisterReport, UpdatedReport, UpdateReport
from evenload.openadr.v20b.parts import Response, Wire
from evenload.openadr.v20b.reports import METADATA, TELEMETRY_STATUS, TELEMETRY_USAGE, PointAsked, Report, ReportRequest
from evenload.openadr.v20b.vtn_records import (
    Fact,
    OfferRecord,
    ReportArrived,
    ReportsOffered,
    RequestRecord,
    Ven,
)


class Wanted(Wire, frozen=True, kw_only=True):
    """What is asked for as soon as a VEN offers it: reports of these names, sampled and sent so often."""

    names: tuple[str, ...] = (TELEMETRY_USAGE, TELEMETRY_STATUS)
    granularity: timedelta = timedelta(minutes=1)
    back: timedelta = timedelta(minutes=5)


class ReportDesk:
    """Offers and requests by VEN."""

    def __init__(self, keeper: Keeper, new_id: Callable[[], str], wanted: Wanted) -> None:
        self._offers = Table(keeper, "offer", OfferRecord)
        self._requests = Table(keeper, "request", RequestRecord)
        self._new_id = new_id
        self._wanted = wanted

    def offers(self, ven_id: str) -> list[Report]:
        """What a VEN can report."""
        return [record.report for record in self._offers if record.ven_id == ven_id]

    def request(self, request_id: str) -> RequestRecord | None:
        """A report that was asked for, also where it is not any more."""
        return self._requests.get(request_id)

    def registered(self, message: RegisterReport, ven: Ven, now: datetime) -> tuple[RegisteredReport, list[Fact]]:
        """Take what a VEN can report, in place of what it could, and ask for what is wanted."""
        for record in [record for record in self._offers if record.ven_id == ven.ven_id]:
            self._offers.drop(key_of(ven.ven_id, record.report.specifier_id))
        self.ended(ven.ven_id, now)  # what was asked of the offers before is not known to the VEN any more
        for report in message.reports:
            self._offers.put(key_of(ven.ven_id, report.specifier_id), OfferRecord(ven_id=ven.ven_id, report=report))
        requests = [
            self.ask(ven.ven_id, report.specifier_id, self._wanted.granularity, self._wanted.back)
            for report in message.reports
            if (report.name or "").removeprefix(METADATA) in self._wanted.names and report.points
        ]
        reply = RegisteredReport(
            response=Response(request_id=message.request_id), requests=tuple(requests), ven_id=ven.ven_id
        )
        return reply, [ReportsOffered(ven_id=ven.ven_id, reports=message.reports)]

    def ask(
        self, ven_id: str, specifier_id: str, granularity: timedelta, back: timedelta,
        window: tuple[datetime, timedelta] | None = None, r_ids: Sequence[str] = (),
    ) -> ReportRequest:  # fmt: skip
        """Remember a request for data points of an offer, all where none is named.

        A history has ``back`` 0 and a window.
        """
        offer = self._offers.get(key_of(ven_id, specifier_id))
        if offer is None:
            raise ProtocolError(Code.REPORT_NOT_SUPPORTED, f"VEN {ven_id!r} offers no report {specifier_id!r}")
        points = tuple(point for point in offer.report.points if not r_ids or point.r_id in r_ids)
        if not points:
            raise ProtocolError(Code.REPORT_NOT_SUPPORTED, f"report {specifier_id!r} has none of these data points")
        request = ReportRequest(
            request_id=self._new_id(), specifier_id=specifier_id, granularity=granularity, back=back,
            points=tuple(PointAsked(r_id=point.r_id, reading_type=point.reading_type) for point in points),
            start=None if window is None else window[0], duration=None if window is None else window[1],
        )  # fmt: skip
        name = (offer.report.name or "").removeprefix(METADATA)
        self._requests.put(request.request_id, RequestRecord(ven_id=ven_id, request=request, points=points, name=name))
        return request

    def cancel(self, request_id: str, now: datetime) -> RequestRecord:
        """Ask for a report no longer."""
        record = self._requests.get(request_id)
        if record is None or record.canceled_at is not None:
            raise ProtocolError(Code.INVALID_ID, f"report {request_id!r} is not asked for")
        return self._requests.put(request_id, replace(record, canceled_at=now))

    def ended(self, ven_id: str, now: datetime) -> None:
        """Nothing more is asked of a VEN."""
        for record in list(self._requests):
            if record.ven_id == ven_id and record.canceled_at is None:
                self._requests.put(record.request.request_id, replace(record, canceled_at=now))

    def updated(self, message: UpdateReport, ven: Ven) -> tuple[UpdatedReport, list[Fact]]:
        """Take reports. Those nobody asked for are refused, and the VEN is told to stop sending them."""
        facts: list[Fact] = []
        unknown: list[str] = []
        for report in message.reports:
            record = self._requests.get(report.request_id)
            if record is None or record.ven_id != ven.ven_id:
                unknown.append(report.request_id)
            elif record.canceled_at is None or report.intervals:
                named = report if report.name else replace(report, name=record.name or None)
                facts.append(ReportArrived(ven_id=ven.ven_id, report=named, points=record.points))
        response, cancel = Response(request_id=message.request_id), None
        if unknown:
            response = Response(
                code=Code.INVALID_ID, request_id=message.request_id,
                description=f"reportRequestID {', '.join(unknown)[:200]} is not known here",
            )  # fmt: skip
            cancel = CancelReport(
                request_id=self._new_id(), report_request_ids=tuple(dict.fromkeys(unknown)), ven_id=ven.ven_id
            )
        return UpdatedReport(response=response, cancel=cancel, ven_id=ven.ven_id), facts
