"""OCPP 2.0.1, a station's life (blocks A, B, G, L, N, P): boot, heartbeat, status, notices."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from evenload.domain.station import ConnectorStatus, Registration, StationDetails
from evenload.domain.station_events import (
    CertificateRequested,
    DataReceived,
    ProgressReported,
    SecurityNoticed,
    SettingsReported,
    StationBooted,
    StationSeen,
    StatusChanged,
)
from evenload.ocpp.clock import station_time
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome
from evenload.ocpp.v201.settings import name_of
from evenload.ocpp.v201.wire import availability, data_transfer, datatypes, diagnostics, provisioning, security
from evenload.ocpp.wire import Wire

_STATUS: Final = {
    availability.ConnectorStatusEnum.AVAILABLE: ConnectorStatus.AVAILABLE,
    availability.ConnectorStatusEnum.OCCUPIED: ConnectorStatus.OCCUPIED,
    availability.ConnectorStatusEnum.RESERVED: ConnectorStatus.RESERVED,
    availability.ConnectorStatusEnum.UNAVAILABLE: ConnectorStatus.UNAVAILABLE,
    availability.ConnectorStatusEnum.FAULTED: ConnectorStatus.FAULTED,
}
_REGISTRATION: Final = {
    Registration.ACCEPTED: provisioning.RegistrationStatusEnum.ACCEPTED,
    Registration.PENDING: provisioning.RegistrationStatusEnum.PENDING,
    Registration.REJECTED: provisioning.RegistrationStatusEnum.REJECTED,
}


def boot(dossier: Dossier, request: provisioning.BootNotificationRequest, now: datetime) -> Outcome:
    """BootNotification (B01 to B03): accepted, pending or rejected, with the time and an interval."""
    told = request.charging_station
    details = StationDetails(
        vendor=told.vendor_name,
        model=told.model,
        serial=told.serial_number or "",
        firmware=told.firmware_version or "",
        iccid=(told.modem.iccid if told.modem else None) or "",
        imsi=(told.modem.imsi if told.modem else None) or "",
    )
    registration = dossier.booted(details, now)
    accepted = registration is Registration.ACCEPTED
    answer = provisioning.BootNotificationResponse(
        current_time=now,
        interval=dossier.heartbeat_s if accepted else dossier.policy.retry_boot_s,
        status=_REGISTRATION[registration],
    )
    reason = str(request.reason)
    event = dossier.event(StationBooted, now, details=details, registration=registration, reason=reason)
    return Outcome(answer, (event,))


def heartbeat(dossier: Dossier, _request: availability.HeartbeatRequest, now: datetime) -> Outcome:
    """Heartbeat (G02): the time."""
    return Outcome(availability.HeartbeatResponse(current_time=now), (dossier.event(StationSeen, now),))


def status(dossier: Dossier, request: availability.StatusNotificationRequest, now: datetime) -> Outcome:
    """StatusNotification (G01)."""
    evse_id = max(0, request.evse_id)
    dossier.saw(evse_id)
    event = dossier.event(
        StatusChanged,
        now,
        station_time(request.timestamp, now),
        evse_id,
        connector_id=max(0, request.connector_id),
        status=_STATUS.get(request.connector_status, ConnectorStatus.UNKNOWN),
    )
    ended = dossier.freed(evse_id, now) if event.status is ConnectorStatus.AVAILABLE else ()
    return Outcome(availability.StatusNotificationResponse(), (event, *ended), durable=bool(ended))


def data(dossier: Dossier, request: data_transfer.DataTransferRequest, now: datetime) -> Outcome:
    """DataTransfer (P02) from a station: kept, and accepted where the vendor is known."""
    statuses = data_transfer.DataTransferStatusEnum
    known = request.vendor_id in dossier.policy.vendors
    event = dossier.event(
        DataReceived, now, vendor=request.vendor_id, message=request.message_id or "", data=request.data
    )
    status = statuses.ACCEPTED if known else statuses.UNKNOWN_VENDOR_ID
    return Outcome(data_transfer.DataTransferResponse(status=status), (event,))


def security_event(dossier: Dossier, request: security.SecurityEventNotificationRequest, now: datetime) -> Outcome:
    """SecurityEventNotification (A04)."""
    at = station_time(request.timestamp, now)
    event = dossier.event(SecurityNoticed, now, at, kind=request.type, info=request.tech_info or "")
    return Outcome(security.SecurityEventNotificationResponse(), (event,), durable=True)


def sign_certificate(dossier: Dossier, request: security.SignCertificateRequest, now: datetime) -> Outcome:
    """SignCertificate (A02, A03): taken on where anybody signs certificates of that use; it comes by a command."""
    station, words = security.CertificateSigningUseEnum.CHARGING_STATION_CERTIFICATE, datatypes.GenericStatusEnum
    signs = dossier.policy.signs_certificates and request.certificate_type in (None, station)
    answer = security.SignCertificateResponse(status=words.ACCEPTED if signs else words.REJECTED)
    use = str(request.certificate_type or "")
    return Outcome(answer, (dossier.event(CertificateRequested, now, request_pem=request.csr, use=use),))


def report(dossier: Dossier, request: provisioning.NotifyReportRequest, now: datetime) -> Outcome:
    """NotifyReport (B07, B08): variables as the station has them."""
    values: dict[str, str | None] = {}
    for one in request.report_data or ():
        actual = next(
            (each for each in one.variable_attribute if each.type in (None, provisioning.AttributeEnum.ACTUAL)), None
        )
        values[name_of(one.component, one.variable)] = actual.value if actual else None
    dossier.settings |= values
    event = dossier.event(SettingsReported, now, values=values, complete=not request.tbc)
    return Outcome(provisioning.NotifyReportResponse(), (event,))


def monitored(dossier: Dossier, request: diagnostics.NotifyEventRequest, now: datetime) -> Outcome:
    """NotifyEvent (N07): what a monitor of the station noticed."""
    events = tuple(
        dossier.event(
            ProgressReported,
            now,
            station_time(one.timestamp, now),
            one.component.evse.id if one.component.evse else 0,
            task="monitor",
            progress=f"{name_of(one.component, one.variable)} {one.trigger}",
            info=one.actual_value,
        )
        for one in request.event_data
    )
    return Outcome(diagnostics.NotifyEventResponse(), events)


def progress(task: str, answer: Wire) -> Callable[[Dossier, Any, datetime], Outcome]:
    """A block for messages that tell the status of a task."""

    def block(dossier: Dossier, request: Any, now: datetime) -> Outcome:  # noqa: ANN401
        status = getattr(request, "status", None) or getattr(request, "reservation_update_status", "")
        return Outcome(answer, (dossier.event(ProgressReported, now, task=task, progress=str(status)),))

    return block
