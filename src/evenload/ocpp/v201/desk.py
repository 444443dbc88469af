"""OCPP 2.0.1: every block in its place."""

from typing import Final

from evenload.domain.station import StationId
from evenload.domain.station_commands import (
    AskTransaction,
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
from evenload.ocpp.v201 import life, metering, needs, profiles, remote, resync, settings, tokens
from evenload.ocpp.v201 import transactions as events
from evenload.ocpp.v201.dialect import OCPP201
from evenload.ocpp.v201.wire import (
    authorization,
    availability,
    data_transfer,
    diagnostics,
    display,
    firmware,
    local_list,
    provisioning,
    remote_control,
    reservation,
    security,
    smart_charging,
    transactions,
)

BLOCKS: Final = Blocks(
    subprotocol=OCPP201.subprotocol,
    taken={
        "Authorize": tokens.authorise,
        "BootNotification": life.boot,
        "ClearedChargingLimit": needs.unlimited,
        "DataTransfer": life.data,
        "FirmwareStatusNotification": life.progress("firmware", firmware.FirmwareStatusNotificationResponse()),
        "Heartbeat": life.heartbeat,
        "LogStatusNotification": life.progress("log", diagnostics.LogStatusNotificationResponse()),
        "MeterValues": metering.meter_values,
        "NotifyChargingLimit": needs.limited,
        "NotifyCustomerInformation": life.progress("customer", diagnostics.NotifyCustomerInformationResponse()),
        "NotifyDisplayMessages": life.progress("display", display.NotifyDisplayMessagesResponse()),
        "NotifyEVChargingNeeds": needs.needs,
        "NotifyEVChargingSchedule": needs.vehicle_schedule,
        "NotifyEvent": life.monitored,
        "NotifyMonitoringReport": life.progress("monitoring", diagnostics.NotifyMonitoringReportResponse()),
        "NotifyReport": life.report,
        "PublishFirmwareStatusNotification": life.progress(
            "firmware", firmware.PublishFirmwareStatusNotificationResponse()
        ),
        "ReportChargingProfiles": resync.reported,
        "ReservationStatusUpdate": life.progress("reservation", reservation.ReservationStatusUpdateResponse()),
        "SecurityEventNotification": life.security_event,
        "SignCertificate": life.sign_certificate,
        "StatusNotification": life.status,
        "TransactionEvent": events.take,
    },
    ordered={
        AskTransaction: remote.ask_transaction,
        ChangeAvailability: remote.availability_of,
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
        authorization.ClearCacheResponse: remote.answered,
        availability.ChangeAvailabilityResponse: remote.answered,
        data_transfer.DataTransferResponse: remote.answered,
        local_list.GetLocalListVersionResponse: remote.list_version,
        local_list.SendLocalListResponse: remote.answered,
        provisioning.GetBaseReportResponse: remote.answered,
        provisioning.GetVariablesResponse: settings.got,
        provisioning.ResetResponse: remote.answered,
        provisioning.SetVariablesResponse: settings.changed,
        remote_control.RequestStartTransactionResponse: remote.answered,
        remote_control.RequestStopTransactionResponse: remote.answered,
        remote_control.TriggerMessageResponse: remote.answered,
        remote_control.UnlockConnectorResponse: remote.answered,
        security.CertificateSignedResponse: remote.answered,
        smart_charging.ClearChargingProfileResponse: profiles.cleared,
        smart_charging.GetChargingProfilesResponse: resync.asked,
        smart_charging.GetCompositeScheduleResponse: profiles.composite_got,
        smart_charging.SetChargingProfileResponse: profiles.profile_set,
        transactions.GetTransactionStatusResponse: remote.transaction_told,
    },
    placed=profiles.set_profile,
    composite=profiles.ask_composite,
    set_up=settings.set_up,
)


def desk201(station: StationId, records: Records, policy: DeskPolicy) -> Desk:
    """The desk of a station that speaks OCPP 2.0.1."""
    return Desk(Dossier(station, records, policy, OCPP201.subprotocol), BLOCKS)
