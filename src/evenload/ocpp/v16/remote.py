"""OCPP 1.6, what a station is told to do: start, stop, unlock, reset, availability, triggers, certificates, data."""

from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from evenload.base.errors import InputError
from evenload.domain.station_commands import (
    ChangeAvailability,
    Command,
    InstallSignedCertificate,
    Reset,
    SendData,
    Settlement,
    StartRemotely,
    StopRemotely,
    Trigger,
    UnlockConnector,
    Wanted,
)
from evenload.ocpp import profiles
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Reply, Request
from evenload.ocpp.transactions import Transaction
from evenload.ocpp.v16.profiles import wire_profile
from evenload.ocpp.v16.wire import core, local_list, remote_trigger, security
from evenload.ocpp.wire import Wire

C = TypeVar("C", bound=Command)

_TRIGGERS: Final = {
    Wanted.BOOT: "BootNotification",
    Wanted.HEARTBEAT: "Heartbeat",
    Wanted.STATUS: "StatusNotification",
    Wanted.METER: "MeterValues",
    Wanted.FIRMWARE: "FirmwareStatusNotification",
}
_EXTENDED_TRIGGERS: Final = {
    Wanted.LOG: ("LogStatusNotification", "LogStatusNotification"),
    Wanted.CERTIFICATE: ("SignChargePointCertificate", "SignCertificate"),
}
_SETTLEMENTS: Final = {
    "Accepted": Settlement.DONE,
    "Unlocked": Settlement.DONE,
    "Scheduled": Settlement.LATER,
    "NotSupported": Settlement.NOT_SUPPORTED,
    "NotImplemented": Settlement.NOT_SUPPORTED,
}


def start(dossier: Dossier, command: StartRemotely, now: datetime) -> tuple[core.RemoteStartTransactionRequest, ...]:
    """RemoteStartTransaction (5.11), with a profile for the transaction where limits are given."""
    charging, evse_id = dossier.charging, command.evse_id
    profile = None
    if command.limits and evse_id:
        supply = charging.electrics(evse_id).supply
        coming = Transaction("", evse_id, now)
        placement = profiles.plan_of(evse_id, command.limits, now, supply, charging.abilities, coming)
        charging.starting[evse_id] = placement
        profile = wire_profile(placement)
    request = core.RemoteStartTransactionRequest(
        id_tag=command.token.text, connector_id=evse_id or None, charging_profile=profile
    )
    return (request,)


def stop(dossier: Dossier, command: StopRemotely, _now: datetime) -> tuple[core.RemoteStopTransactionRequest, ...]:
    """RemoteStopTransaction (5.12)."""
    return (core.RemoteStopTransactionRequest(transaction_id=dossier.number_of(command.transaction_id)),)


def unlock(_dossier: Dossier, command: UnlockConnector, _now: datetime) -> tuple[core.UnlockConnectorRequest, ...]:
    """UnlockConnector (5.18)."""
    return (core.UnlockConnectorRequest(connector_id=command.evse_id),)


def reset(_dossier: Dossier, command: Reset, _now: datetime) -> tuple[core.ResetRequest, ...]:
    """Reset (5.14): hard at once, soft where transactions are to be ended in order."""
    if command.evse_id:
        raise InputError("OCPP 1.6 resets whole stations only")
    return (core.ResetRequest(type=core.ResetType.HARD if command.at_once else core.ResetType.SOFT),)


def availability(
    _dossier: Dossier,
    command: ChangeAvailability,
    _now: datetime,
) -> tuple[core.ChangeAvailabilityRequest, ...]:
    """ChangeAvailability (5.2)."""
    kind = core.AvailabilityType.OPERATIVE if command.operative else core.AvailabilityType.INOPERATIVE
    return (core.ChangeAvailabilityRequest(connector_id=command.evse_id, type=kind),)


def trigger(dossier: Dossier, command: Trigger, _now: datetime) -> tuple[Wire, ...]:
    """TriggerMessage (5.17), ExtendedTriggerMessage where only that has the message."""
    connector_id = command.evse_id or None
    if word := _TRIGGERS.get(command.wanted):
        dossier.asked_for.add(word)
        kind = remote_trigger.MessageTrigger(word)
        return (remote_trigger.TriggerMessageRequest(requested_message=kind, connector_id=connector_id),)
    if command.wanted not in _EXTENDED_TRIGGERS:
        raise InputError(f"OCPP 1.6 cannot ask for {command.wanted}")
    word, comes = _EXTENDED_TRIGGERS[command.wanted]
    dossier.asked_for.add(comes)
    extended = security.MessageTriggerEnum(word)
    return (security.ExtendedTriggerMessageRequest(requested_message=extended, connector_id=connector_id),)


def install_certificate(
    _dossier: Dossier,
    command: InstallSignedCertificate,
    _now: datetime,
) -> tuple[security.CertificateSignedRequest, ...]:
    """CertificateSigned (security whitepaper)."""
    return (security.CertificateSignedRequest(certificate_chain=command.chain_pem),)


def send_data(_dossier: Dossier, command: SendData, _now: datetime) -> tuple[core.DataTransferRequest, ...]:
    """DataTransfer (5.6); what is no text goes as JSON."""
    data = command.data if isinstance(command.data, str | None) else msgspec.json.encode(command.data).decode()
    request = core.DataTransferRequest(vendor_id=command.vendor, message_id=command.message or None, data=data)
    return (request,)


def answered(_dossier: Dossier, _request: Request, response: Any, _now: datetime) -> Reply:  # noqa: ANN401
    """An answer that is a status and perhaps data."""
    status = str(response.status)
    data = response.data if isinstance(response, core.DataTransferResponse) else None
    settlement = _SETTLEMENTS.get(status, Settlement.REJECTED)
    return Reply(settlement, "" if settlement is Settlement.DONE else status, data)


def list_version(
    _dossier: Dossier,
    _request: Request,
    response: local_list.GetLocalListVersionResponse,
    _now: datetime,
) -> Reply:
    """The version of the local list; -1 is a station without one."""
    supported = response.list_version >= 0
    return Reply(Settlement.DONE if supported else Settlement.NOT_SUPPORTED, value=response.list_version)
