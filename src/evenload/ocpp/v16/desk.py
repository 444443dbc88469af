"""OCPP 1.6: every block in its place."""

from typing import Final

from evenload.domain.station import StationId
from evenload.domain.station_commands import (
    ChangeAvailability,
    ChangePassword,
    ClearCache,
    ClearProfile,
    GetLocalListVersion,
    GetSettings,
    InstallSignedCertificate,
    Reset,
    SendData,
    SetSettings,
    StartRemotely,
    StopRemotely,
    Trigger,
    UnlockConnector,
    UpdateLocalList,
)
from evenload.ocpp.desk import Blocks, Desk
from evenload.ocpp.dossier import DeskPolicy, Dossier
from evenload.ocpp.records import Records
from evenload.ocpp.v16 import life, metering, profiles, remote, settings, tokens, transactions
from evenload.ocpp.v16.dialect import OCPP16
from evenload.ocpp.v16.wire import core, local_list, remote_trigger, security, smart_charging

BLOCKS: Final = Blocks(
    subprotocol=OCPP16.subprotocol,
    taken={
        "Authorize": tokens.authorise,
        "BootNotification": life.boot,
        "DataTransfer": life.data,
        "DiagnosticsStatusNotification": life.diagnostics,
        "FirmwareStatusNotification": life.firmware_status,
        "Heartbeat": life.heartbeat,
        "LogStatusNotification": life.log_status,
        "MeterValues": metering.meter_values,
        "SecurityEventNotification": life.security_event,
        "SignCertificate": life.sign_certificate,
        "SignedFirmwareStatusNotification": life.signed_firmware_status,
        "StartTransaction": transactions.start,
        "StatusNotification": life.status,
        "StopTransaction": transactions.stop,
    },
    ordered={
        ChangeAvailability: remote.availability,
        ChangePassword: settings.change_password,
        ClearCache: tokens.clear_cache,
        ClearProfile: profiles.clear,
        GetLocalListVersion: tokens.ask_list_version,
        GetSettings: settings.get,
        InstallSignedCertificate: remote.install_certificate,
        Reset: remote.reset,
        SendData: remote.send_data,
        SetSettings: settings.change,
        StartRemotely: remote.start,
        StopRemotely: remote.stop,
        Trigger: remote.trigger,
        UnlockConnector: remote.unlock,
        UpdateLocalList: tokens.update_list,
    },
    answered={
        core.ChangeAvailabilityResponse: remote.answered,
        core.ChangeConfigurationResponse: settings.changed,
        core.ClearCacheResponse: remote.answered,
        core.DataTransferResponse: remote.answered,
        core.GetConfigurationResponse: settings.got,
        core.RemoteStartTransactionResponse: remote.answered,
        core.RemoteStopTransactionResponse: remote.answered,
        core.ResetResponse: remote.answered,
        core.UnlockConnectorResponse: remote.answered,
        local_list.GetLocalListVersionResponse: remote.list_version,
        local_list.SendLocalListResponse: remote.answered,
        remote_trigger.TriggerMessageResponse: remote.answered,
        security.CertificateSignedResponse: remote.answered,
        security.ExtendedTriggerMessageResponse: remote.answered,
        smart_charging.ClearChargingProfileResponse: profiles.cleared,
        smart_charging.GetCompositeScheduleResponse: profiles.composite_got,
        smart_charging.SetChargingProfileResponse: profiles.profile_set,
    },
    placed=profiles.set_profile,
    composite=profiles.ask_composite,
    set_up=settings.set_up,
)


def desk16(station: StationId, records: Records, policy: DeskPolicy) -> Desk:
    """The desk of a station that speaks OCPP 1.6."""
    return Desk(Dossier(station, records, policy, OCPP16.subprotocol), BLOCKS)
