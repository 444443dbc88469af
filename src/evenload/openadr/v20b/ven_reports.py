"""Reports a VEN sends: asked for by a VTN, due by the clock, made of readings it is given."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from evenload.openadr.v20b.keeping import Keeper, Table
from evenload.openadr.v20b.messages import RegisterReport, UpdateReport
from evenload.openadr.v20b.payloads import Interval
from evenload.openadr.v20b.reports import METADATA, Report, ReportRequest
from evenload.openadr.v20b.ven_records import Rejected, ReportAsked, ReportJob, VenFact

Readings = Callable[[ReportRequest, datetime, datetime], tuple[Interval, ...]]
"""Readings of the data points of a request in a window ``[start, end)``."""


Due = tuple[UpdateReport, dict[str, datetime]]
"""Reports in one message, and up to when each covers its data."""


class Jobs:
    """Reports that were asked for."""

    def __init__(self, offers: tuple[Report, ...], keeper: Keeper, readings: Readings) -> None:
        self._offers = {offer.specifier_id: offer for offer in offers}
        self._jobs = Table(keeper, "report_job", ReportJob)
        self._readings = readings

    @property
    def pending(self) -> tuple[str, ...]:
        """Ids of requests whose reports are still to come."""
        return tuple(job.request.request_id for job in self._jobs if not job.is_done)

    def registration(self, request_id: str, ven_id: str, now: datetime) -> RegisterReport:
        """What this VEN can report."""
        reports = tuple(
            replace(offer, created_at=now, request_id="0", name=METADATA + (offer.name or "").removeprefix(METADATA))
            for offer in self._offers.values()
        )
        return RegisterReport(request_id=request_id, reports=reports, ven_id=ven_id)

    def asked(self, requests: tuple[ReportRequest, ...], now: datetime) -> list[VenFact]:
        """Take requests; those for what is not offered are not taken. One that is there already stays as it is."""
        facts: list[VenFact] = []
        for request in requests:
            offer = self._offers.get(request.specifier_id)
            known = set() if offer is None else {point.r_id for point in offer.points}
            if offer is None or not {point.r_id for point in request.points} <= known:
                facts.append(Rejected(code=461, why=f"report {request.specifier_id!r} or a point of it is not offered"))
            elif self._jobs.get(request.request_id) is None:
                name = (offer.name or "").removeprefix(METADATA)
                job = ReportJob(request=request, name=name, covered_to=request.start or now)
                facts.append(ReportAsked(job=self._jobs.put(request.request_id, job)))
        return facts

    def due(self, new_id: Callable[[], str], ven_id: str, now: datetime) -> Due | None:
        """All reports that are due."""
        reports, covers = [], {}
        for job in self._jobs:
            window = job.window(now)
            if window is not None:
                reports.append(self._report(job, window, now))
                covers[job.request.request_id] = window[1]
        if not reports:
            return None
        return UpdateReport(request_id=new_id(), reports=tuple(reports), ven_id=ven_id), covers

    def _report(self, job: ReportJob, window: tuple[datetime, datetime], now: datetime) -> Report:
        start, end = window
        return Report(
            specifier_id=job.request.specifier_id, request_id=job.request.request_id, name=job.name or None,
            created_at=now, start=start, duration=end - start, intervals=self._readings(job.request, start, end),
        )  # fmt: skip

    def sent(self, covers: dict[str, datetime]) -> None:
        """The VTN has these reports."""
        for request_id, end in covers.items():
            job = self._jobs.get(request_id)
            if job is not None:
                self._jobs.put(request_id, replace(job, covered_to=end, is_done=job.is_done or job.is_last(end)))

    def cancel(self, request_ids: tuple[str, ...]) -> None:
        """Reports that are not asked for any more."""
        for request_id in request_ids:
            job = self._jobs.get(request_id)
            if job is not None:
                self._jobs.put(request_id, replace(job, is_done=True))

    def finish(self, request_ids: tuple[str, ...], now: datetime) -> None:
        """Reports that are not asked for any more, but for one last of what was measured since the one before."""
        for request_id in request_ids:
            job = self._jobs.get(request_id)
            if job is not None and not job.is_done and job.covered_to < now:
                left = replace(job.request, start=job.covered_to, duration=now - job.covered_to, back=timedelta(0))
                self._jobs.put(request_id, replace(job, request=left))
            else:
                self.cancel((request_id,))

    def cancel_all(self) -> None:
        """Nothing is asked for any more."""
        self.cancel(self.pending)
