"""OCPP 1.6: every action with its request and response. Made by tools/ocpp_structs.py. Do not edit."""

from typing import Final

from evenload.ocpp.action import CSMS, EITHER, STATION, Action
from evenload.ocpp.v16.wire import core, firmware, local_list, remote_trigger, reservation, security, smart_charging

ACTIONS: Final = (
    Action("Authorize", core.AuthorizeRequest, core.AuthorizeResponse, STATION),
    Action("BootNotification", core.BootNotificationRequest, core.BootNotificationResponse, STATION),
    Action("ChangeAvailability", core.ChangeAvailabilityRequest, core.ChangeAvailabilityResponse, CSMS),
    Action("ChangeConfiguration", core.ChangeConfigurationRequest, core.ChangeConfigurationResponse, CSMS),
    Action("ClearCache", core.ClearCacheRequest, core.ClearCacheResponse, CSMS),
    Action("DataTransfer", core.DataTransferRequest, core.DataTransferResponse, EITHER),
    Action("GetConfiguration", core.GetConfigurationRequest, core.GetConfigurationResponse, CSMS),
    Action("Heartbeat", core.HeartbeatRequest, core.HeartbeatResponse, STATION),
    Action("MeterValues", core.MeterValuesRequest, core.MeterValuesResponse, STATION),
    Action("RemoteStartTransaction", core.RemoteStartTransactionRequest, core.RemoteStartTransactionResponse, CSMS),
    Action("RemoteStopTransaction", core.RemoteStopTransactionRequest, core.RemoteStopTransactionResponse, CSMS),
    Action("Reset", core.ResetRequest, core.ResetResponse, CSMS),
    Action("StartTransaction", core.StartTransactionRequest, core.StartTransactionResponse, STATION),
    Action("StatusNotification", core.StatusNotificationRequest, core.StatusNotificationResponse, STATION),
    Action("StopTransaction", core.StopTransactionRequest, core.StopTransactionResponse, STATION),
    Action("UnlockConnector", core.UnlockConnectorRequest, core.UnlockConnectorResponse, CSMS),
    Action(
        "DiagnosticsStatusNotification",
        firmware.DiagnosticsStatusNotificationRequest,
        firmware.DiagnosticsStatusNotificationResponse,
        STATION,
    ),
    Action(
        "FirmwareStatusNotification",
        firmware.FirmwareStatusNotificationRequest,
        firmware.FirmwareStatusNotificationResponse,
        STATION,
    ),
    Action("GetDiagnostics", firmware.GetDiagnosticsRequest, firmware.GetDiagnosticsResponse, CSMS),
    Action("UpdateFirmware", firmware.UpdateFirmwareRequest, firmware.UpdateFirmwareResponse, CSMS),
    Action("GetLocalListVersion", local_list.GetLocalListVersionRequest, local_list.GetLocalListVersionResponse, CSMS),
    Action("SendLocalList", local_list.SendLocalListRequest, local_list.SendLocalListResponse, CSMS),
    Action("TriggerMessage", remote_trigger.TriggerMessageRequest, remote_trigger.TriggerMessageResponse, CSMS),
    Action("CancelReservation", reservation.CancelReservationRequest, reservation.CancelReservationResponse, CSMS),
    Action("ReserveNow", reservation.ReserveNowRequest, reservation.ReserveNowResponse, CSMS),
    Action("CertificateSigned", security.CertificateSignedRequest, security.CertificateSignedResponse, CSMS),
    Action("DeleteCertificate", security.DeleteCertificateRequest, security.DeleteCertificateResponse, CSMS),
    Action(
        "ExtendedTriggerMessage", security.ExtendedTriggerMessageRequest, security.ExtendedTriggerMessageResponse, CSMS
    ),
    Action(
        "GetInstalledCertificateIds",
        security.GetInstalledCertificateIdsRequest,
        security.GetInstalledCertificateIdsResponse,
        CSMS,
    ),
    Action("GetLog", security.GetLogRequest, security.GetLogResponse, CSMS),
    Action("InstallCertificate", security.InstallCertificateRequest, security.InstallCertificateResponse, CSMS),
    Action(
        "LogStatusNotification", security.LogStatusNotificationRequest, security.LogStatusNotificationResponse, STATION
    ),
    Action(
        "SecurityEventNotification",
        security.SecurityEventNotificationRequest,
        security.SecurityEventNotificationResponse,
        STATION,
    ),
    Action("SignCertificate", security.SignCertificateRequest, security.SignCertificateResponse, STATION),
    Action(
        "SignedFirmwareStatusNotification",
        security.SignedFirmwareStatusNotificationRequest,
        security.SignedFirmwareStatusNotificationResponse,
        STATION,
    ),
    Action("SignedUpdateFirmware", security.SignedUpdateFirmwareRequest, security.SignedUpdateFirmwareResponse, CSMS),
    Action(
        "ClearChargingProfile",
        smart_charging.ClearChargingProfileRequest,
        smart_charging.ClearChargingProfileResponse,
        CSMS,
    ),
    Action(
        "GetCompositeSchedule",
        smart_charging.GetCompositeScheduleRequest,
        smart_charging.GetCompositeScheduleResponse,
        CSMS,
    ),
    Action(
        "SetChargingProfile", smart_charging.SetChargingProfileRequest, smart_charging.SetChargingProfileResponse, CSMS
    ),
)
