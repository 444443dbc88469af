"""OCPP 1.6, a station's life: boot, heartbeat, status, notices. Connector n is EVSE n with one connector."""

from datetime import datetime
from typing import Final

from evenload.domain.station import ConnectorStatus, Registration, StationDetails
from evenload.domain.station_events import (
    CertificateRequested,
    DataReceived,
    ProgressReported,
    SecurityNoticed,
    StationBooted,
    StationSeen,
    StatusChanged,
)
from evenload.ocpp.clock import station_time
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome, Request
from evenload.ocpp.v16.wire import core, firmware, remote_trigger, security

_STATUS: Final = {
    core.ChargePointStatus.AVAILABLE: ConnectorStatus.AVAILABLE,
    core.ChargePointStatus.PREPARING: ConnectorStatus.PREPARING,
    core.ChargePointStatus.CHARGING: ConnectorStatus.CHARGING,
    core.ChargePointStatus.SUSPENDED_EV: ConnectorStatus.SUSPENDED_BY_VEHICLE,
    core.ChargePointStatus.SUSPENDED_EVSE: ConnectorStatus.SUSPENDED_BY_STATION,
    core.ChargePointStatus.FINISHING: ConnectorStatus.FINISHING,
    core.ChargePointStatus.RESERVED: ConnectorStatus.RESERVED,
    core.ChargePointStatus.UNAVAILABLE: ConnectorStatus.UNAVAILABLE,
    core.ChargePointStatus.FAULTED: ConnectorStatus.FAULTED,
}
_REGISTRATION: Final = {
    Registration.ACCEPTED: core.RegistrationStatus.ACCEPTED,
    Registration.PENDING: core.RegistrationStatus.PENDING,
    Registration.REJECTED: core.RegistrationStatus.REJECTED,
}


def boot(dossier: Dossier, request: core.BootNotificationRequest, now: datetime) -> Outcome:
    """BootNotification (4.2): accepted, pending or rejected, with the time and the heartbeat interval."""
    details = StationDetails(
        vendor=request.charge_point_vendor,
        model=request.charge_point_model,
        serial=request.charge_point_serial_number or request.charge_box_serial_number or "",
        firmware=request.firmware_version or "",
        meter_type=request.meter_type or "",
        meter_serial=request.meter_serial_number or "",
        iccid=request.iccid or "",
        imsi=request.imsi or "",
    )
    registration = dossier.booted(details, now)
    accepted = registration is Registration.ACCEPTED
    answer = core.BootNotificationResponse(
        status=_REGISTRATION[registration],
        current_time=now,
        interval=dossier.heartbeat_s if accepted else dossier.policy.retry_boot_s,
    )
    return Outcome(answer, (dossier.event(StationBooted, now, details=details, registration=registration),))


def heartbeat(dossier: Dossier, _request: core.HeartbeatRequest, now: datetime) -> Outcome:
    """Heartbeat (4.6): the time. A station that sends meter values only when asked is asked then."""
    if dossier.habits.ask_meter:
        for one in dossier.transactions.open():
            wanted = remote_trigger.MessageTrigger.METER_VALUES
            ask = remote_trigger.TriggerMessageRequest(requested_message=wanted, connector_id=one.evse_id)
            dossier.to_call.append(Request(ask))
    return Outcome(core.HeartbeatResponse(current_time=now), (dossier.event(StationSeen, now),))


def status(dossier: Dossier, request: core.StatusNotificationRequest, now: datetime) -> Outcome:
    """StatusNotification (4.9)."""
    evse_id = max(0, request.connector_id)
    dossier.saw(evse_id)
    known = evse_id > 0 or dossier.habits.station_status
    fault = request.error_code is not core.ChargePointErrorCode.NO_ERROR
    words = [request.error_code if fault else "", request.vendor_error_code or ""]
    event = dossier.event(
        StatusChanged,
        now,
        station_time(request.timestamp, now),
        evse_id,
        connector_id=min(evse_id, 1),
        status=_STATUS.get(request.status, ConnectorStatus.UNKNOWN) if known else ConnectorStatus.UNKNOWN,
        error=" ".join(word for word in words if word),
        info=request.info or "",
    )
    ended = dossier.freed(evse_id, now) if event.status is ConnectorStatus.AVAILABLE else ()
    return Outcome(core.StatusNotificationResponse(), (event, *ended), durable=bool(ended))


def data(dossier: Dossier, request: core.DataTransferRequest, now: datetime) -> Outcome:
    """DataTransfer (4.3) from a station: kept, and accepted where the vendor is known."""
    known = request.vendor_id in dossier.policy.vendors
    status = core.DataTransferStatus.ACCEPTED if known else core.DataTransferStatus.UNKNOWN_VENDOR_ID
    event = dossier.event(
        DataReceived, now, vendor=request.vendor_id, message=request.message_id or "", data=request.data
    )
    return Outcome(core.DataTransferResponse(status=status), (event,))


def diagnostics(dossier: Dossier, request: firmware.DiagnosticsStatusNotificationRequest, now: datetime) -> Outcome:
    """DiagnosticsStatusNotification (4.4)."""
    event = dossier.event(ProgressReported, now, task="diagnostics", progress=str(request.status))
    return Outcome(firmware.DiagnosticsStatusNotificationResponse(), (event,))


def firmware_status(dossier: Dossier, request: firmware.FirmwareStatusNotificationRequest, now: datetime) -> Outcome:
    """FirmwareStatusNotification (4.5)."""
    event = dossier.event(ProgressReported, now, task="firmware", progress=str(request.status))
    return Outcome(firmware.FirmwareStatusNotificationResponse(), (event,))


def signed_firmware_status(
    dossier: Dossier, request: security.SignedFirmwareStatusNotificationRequest, now: datetime
) -> Outcome:
    """SignedFirmwareStatusNotification (security whitepaper)."""
    event = dossier.event(ProgressReported, now, task="firmware", progress=str(request.status))
    return Outcome(security.SignedFirmwareStatusNotificationResponse(), (event,))


def log_status(dossier: Dossier, request: security.LogStatusNotificationRequest, now: datetime) -> Outcome:
    """LogStatusNotification (security whitepaper)."""
    event = dossier.event(ProgressReported, now, task="log", progress=str(request.status))
    return Outcome(security.LogStatusNotificationResponse(), (event,))


def security_event(dossier: Dossier, request: security.SecurityEventNotificationRequest, now: datetime) -> Outcome:
    """SecurityEventNotification (security whitepaper)."""
    at = station_time(request.timestamp, now)
    event = dossier.event(SecurityNoticed, now, at, kind=request.type, info=request.tech_info or "")
    return Outcome(security.SecurityEventNotificationResponse(), (event,), durable=True)


def sign_certificate(dossier: Dossier, request: security.SignCertificateRequest, now: datetime) -> Outcome:
    """SignCertificate (security whitepaper): taken on where anybody signs; the certificate comes by a command."""
    signs, words = dossier.policy.signs_certificates, security.GenericStatusEnum
    answer = security.SignCertificateResponse(status=words.ACCEPTED if signs else words.REJECTED)
    return Outcome(answer, (dossier.event(CertificateRequested, now, request_pem=request.csr),))
