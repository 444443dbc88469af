"""OCPP 2.0.1, what a station is told to do (blocks A, B, E, F, G, P)."""

from datetime import datetime
from typing import Any, Final

from evenload.domain.station_commands import (
    AskTransaction,
    ChangeAvailability,
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
from evenload.ocpp.v201.profiles import wire_profile, words_of
from evenload.ocpp.v201.tokens import wire_token
from evenload.ocpp.v201.wire import (
    availability,
    data_transfer,
    local_list,
    provisioning,
    remote_control,
    security,
    transactions,
)
from evenload.ocpp.v201.wire.datatypes import EVSE

_TRIGGERS: Final = {
    Wanted.BOOT: "BootNotification",
    Wanted.HEARTBEAT: "Heartbeat",
    Wanted.STATUS: "StatusNotification",
    Wanted.METER: "MeterValues",
    Wanted.TRANSACTION: "TransactionEvent",
    Wanted.FIRMWARE: "FirmwareStatusNotification",
    Wanted.LOG: "LogStatusNotification",
    Wanted.CERTIFICATE: "SignChargingStationCertificate",
}
_COMES: Final = {"SignChargingStationCertificate": "SignCertificate"}
_USES: Final = {use.value: use for use in security.CertificateSigningUseEnum}
_SETTLEMENTS: Final = {
    "Accepted": Settlement.DONE,
    "EmptyResultSet": Settlement.DONE,
    "Unlocked": Settlement.DONE,
    "Scheduled": Settlement.LATER,
    "NotSupported": Settlement.NOT_SUPPORTED,
    "NotImplemented": Settlement.NOT_SUPPORTED,
}


def start(
    dossier: Dossier, command: StartRemotely, now: datetime
) -> tuple[remote_control.RequestStartTransactionRequest, ...]:
    """RequestStartTransaction (F01, F02), with a profile for the transaction where limits are given."""
    charging, evse_id = dossier.charging, command.evse_id
    profile = None
    if command.limits and evse_id:
        supply, coming = charging.electrics(evse_id).supply, Transaction("", evse_id, now)
        placement = profiles.plan_of(evse_id, command.limits, now, supply, charging.abilities, coming)
        charging.starting[evse_id] = placement
        profile = wire_profile(placement)
    request = remote_control.RequestStartTransactionRequest(
        id_token=wire_token(command.token),
        remote_start_id=command.remote_start_id,
        evse_id=evse_id or None,
        charging_profile=profile,
    )
    return (request,)


def stop(
    _dossier: Dossier, command: StopRemotely, _now: datetime
) -> tuple[remote_control.RequestStopTransactionRequest, ...]:
    """RequestStopTransaction (F03)."""
    return (remote_control.RequestStopTransactionRequest(transaction_id=command.transaction_id),)


def ask_transaction(
    _dossier: Dossier, command: AskTransaction, _now: datetime
) -> tuple[transactions.GetTransactionStatusRequest, ...]:
    """GetTransactionStatus (E14)."""
    return (transactions.GetTransactionStatusRequest(transaction_id=command.transaction_id or None),)


def unlock(
    _dossier: Dossier, command: UnlockConnector, _now: datetime
) -> tuple[remote_control.UnlockConnectorRequest, ...]:
    """UnlockConnector (F05)."""
    return (remote_control.UnlockConnectorRequest(evse_id=command.evse_id, connector_id=command.connector_id),)


def reset(_dossier: Dossier, command: Reset, _now: datetime) -> tuple[provisioning.ResetRequest, ...]:
    """Reset (B11, B12): at once, or when nobody charges."""
    kind = provisioning.ResetEnum.IMMEDIATE if command.at_once else provisioning.ResetEnum.ON_IDLE
    return (provisioning.ResetRequest(type=kind, evse_id=command.evse_id or None),)


def availability_of(
    _dossier: Dossier, command: ChangeAvailability, _now: datetime
) -> tuple[availability.ChangeAvailabilityRequest, ...]:
    """ChangeAvailability (G03, G04)."""
    kinds = availability.OperationalStatusEnum
    status = kinds.OPERATIVE if command.operative else kinds.INOPERATIVE
    evse = _evse(command.evse_id, command.connector_id)
    return (availability.ChangeAvailabilityRequest(operational_status=status, evse=evse),)


def _evse(evse_id: int, connector_id: int) -> EVSE | None:
    return EVSE(id=evse_id, connector_id=connector_id or None) if evse_id else None


def trigger(dossier: Dossier, command: Trigger, _now: datetime) -> tuple[remote_control.TriggerMessageRequest, ...]:
    """TriggerMessage (F06). A status is of one connector (F06.FR.12): the first where none is named."""
    word = _TRIGGERS[command.wanted]
    dossier.asked_for.add(_COMES.get(word, word))
    connector_id = command.connector_id or (1 if command.wanted is Wanted.STATUS else 0)
    kind = remote_control.MessageTriggerEnum(word)
    return (remote_control.TriggerMessageRequest(requested_message=kind, evse=_evse(command.evse_id, connector_id)),)


def install_certificate(
    _dossier: Dossier, command: InstallSignedCertificate, _now: datetime
) -> tuple[security.CertificateSignedRequest, ...]:
    """CertificateSigned (A02)."""
    use = _USES.get(command.use)
    return (security.CertificateSignedRequest(certificate_chain=command.chain_pem, certificate_type=use),)


def send_data(_dossier: Dossier, command: SendData, _now: datetime) -> tuple[data_transfer.DataTransferRequest, ...]:
    """DataTransfer (P01)."""
    request = data_transfer.DataTransferRequest(
        vendor_id=command.vendor, message_id=command.message or None, data=command.data
    )
    return (request,)


def answered(_dossier: Dossier, _request: Request, response: Any, _now: datetime) -> Reply:  # noqa: ANN401
    """An answer that is a status, perhaps with a reason and data."""
    settlement = _SETTLEMENTS.get(response.status, Settlement.REJECTED)
    words = words_of(response.status, response.status_info)
    value = getattr(response, "data", None) or getattr(response, "transaction_id", None)
    return Reply(settlement, "" if settlement is Settlement.DONE else words, value)


def list_version(
    _dossier: Dossier, _request: Request, response: local_list.GetLocalListVersionResponse, _now: datetime
) -> Reply:
    """The version of the local list; 0 is none."""
    return Reply(value=response.version_number)


def transaction_told(
    _dossier: Dossier, _request: Request, response: transactions.GetTransactionStatusResponse, _now: datetime
) -> Reply:
    """Whether the transaction goes on, and whether messages still wait."""
    return Reply(value={"goes_on": response.ongoing_indicator, "messages_wait": response.messages_in_queue})
