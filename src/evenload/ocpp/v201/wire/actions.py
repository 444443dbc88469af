"""OCPP 2.0.1: every action with its request and response. Made by tools/ocpp_structs.py. Do not edit."""

from typing import Final

from evenload.ocpp.action import CSMS, EITHER, STATION, Action
from evenload.ocpp.v201.wire import (
    authorization,
    availability,
    certificates,
    data_transfer,
    diagnostics,
    display,
    firmware,
    local_list,
    metering,
    provisioning,
    remote_control,
    reservation,
    security,
    smart_charging,
    tariff_and_cost,
    transactions,
)

ACTIONS: Final = (
    Action("Authorize", authorization.AuthorizeRequest, authorization.AuthorizeResponse, STATION),
    Action("ClearCache", authorization.ClearCacheRequest, authorization.ClearCacheResponse, CSMS),
    Action("ChangeAvailability", availability.ChangeAvailabilityRequest, availability.ChangeAvailabilityResponse, CSMS),
    Action("Heartbeat", availability.HeartbeatRequest, availability.HeartbeatResponse, STATION),
    Action(
        "StatusNotification", availability.StatusNotificationRequest, availability.StatusNotificationResponse, STATION
    ),
    Action("DeleteCertificate", certificates.DeleteCertificateRequest, certificates.DeleteCertificateResponse, CSMS),
    Action(
        "Get15118EVCertificate",
        certificates.Get15118EVCertificateRequest,
        certificates.Get15118EVCertificateResponse,
        STATION,
    ),
    Action(
        "GetCertificateStatus",
        certificates.GetCertificateStatusRequest,
        certificates.GetCertificateStatusResponse,
        STATION,
    ),
    Action(
        "GetInstalledCertificateIds",
        certificates.GetInstalledCertificateIdsRequest,
        certificates.GetInstalledCertificateIdsResponse,
        CSMS,
    ),
    Action("InstallCertificate", certificates.InstallCertificateRequest, certificates.InstallCertificateResponse, CSMS),
    Action("DataTransfer", data_transfer.DataTransferRequest, data_transfer.DataTransferResponse, EITHER),
    Action(
        "ClearVariableMonitoring",
        diagnostics.ClearVariableMonitoringRequest,
        diagnostics.ClearVariableMonitoringResponse,
        CSMS,
    ),
    Action(
        "CustomerInformation", diagnostics.CustomerInformationRequest, diagnostics.CustomerInformationResponse, CSMS
    ),
    Action("GetLog", diagnostics.GetLogRequest, diagnostics.GetLogResponse, CSMS),
    Action(
        "GetMonitoringReport", diagnostics.GetMonitoringReportRequest, diagnostics.GetMonitoringReportResponse, CSMS
    ),
    Action(
        "LogStatusNotification",
        diagnostics.LogStatusNotificationRequest,
        diagnostics.LogStatusNotificationResponse,
        STATION,
    ),
    Action(
        "NotifyCustomerInformation",
        diagnostics.NotifyCustomerInformationRequest,
        diagnostics.NotifyCustomerInformationResponse,
        STATION,
    ),
    Action("NotifyEvent", diagnostics.NotifyEventRequest, diagnostics.NotifyEventResponse, STATION),
    Action(
        "NotifyMonitoringReport",
        diagnostics.NotifyMonitoringReportRequest,
        diagnostics.NotifyMonitoringReportResponse,
        STATION,
    ),
    Action("SetMonitoringBase", diagnostics.SetMonitoringBaseRequest, diagnostics.SetMonitoringBaseResponse, CSMS),
    Action("SetMonitoringLevel", diagnostics.SetMonitoringLevelRequest, diagnostics.SetMonitoringLevelResponse, CSMS),
    Action(
        "SetVariableMonitoring",
        diagnostics.SetVariableMonitoringRequest,
        diagnostics.SetVariableMonitoringResponse,
        CSMS,
    ),
    Action("ClearDisplayMessage", display.ClearDisplayMessageRequest, display.ClearDisplayMessageResponse, CSMS),
    Action("GetDisplayMessages", display.GetDisplayMessagesRequest, display.GetDisplayMessagesResponse, CSMS),
    Action(
        "NotifyDisplayMessages", display.NotifyDisplayMessagesRequest, display.NotifyDisplayMessagesResponse, STATION
    ),
    Action("SetDisplayMessage", display.SetDisplayMessageRequest, display.SetDisplayMessageResponse, CSMS),
    Action(
        "FirmwareStatusNotification",
        firmware.FirmwareStatusNotificationRequest,
        firmware.FirmwareStatusNotificationResponse,
        STATION,
    ),
    Action("PublishFirmware", firmware.PublishFirmwareRequest, firmware.PublishFirmwareResponse, CSMS),
    Action(
        "PublishFirmwareStatusNotification",
        firmware.PublishFirmwareStatusNotificationRequest,
        firmware.PublishFirmwareStatusNotificationResponse,
        STATION,
    ),
    Action("UnpublishFirmware", firmware.UnpublishFirmwareRequest, firmware.UnpublishFirmwareResponse, CSMS),
    Action("UpdateFirmware", firmware.UpdateFirmwareRequest, firmware.UpdateFirmwareResponse, CSMS),
    Action("GetLocalListVersion", local_list.GetLocalListVersionRequest, local_list.GetLocalListVersionResponse, CSMS),
    Action("SendLocalList", local_list.SendLocalListRequest, local_list.SendLocalListResponse, CSMS),
    Action("MeterValues", metering.MeterValuesRequest, metering.MeterValuesResponse, STATION),
    Action("BootNotification", provisioning.BootNotificationRequest, provisioning.BootNotificationResponse, STATION),
    Action("GetBaseReport", provisioning.GetBaseReportRequest, provisioning.GetBaseReportResponse, CSMS),
    Action("GetReport", provisioning.GetReportRequest, provisioning.GetReportResponse, CSMS),
    Action("GetVariables", provisioning.GetVariablesRequest, provisioning.GetVariablesResponse, CSMS),
    Action("NotifyReport", provisioning.NotifyReportRequest, provisioning.NotifyReportResponse, STATION),
    Action("Reset", provisioning.ResetRequest, provisioning.ResetResponse, CSMS),
    Action("SetNetworkProfile", provisioning.SetNetworkProfileRequest, provisioning.SetNetworkProfileResponse, CSMS),
    Action("SetVariables", provisioning.SetVariablesRequest, provisioning.SetVariablesResponse, CSMS),
    Action(
        "RequestStartTransaction",
        remote_control.RequestStartTransactionRequest,
        remote_control.RequestStartTransactionResponse,
        CSMS,
    ),
    Action(
        "RequestStopTransaction",
        remote_control.RequestStopTransactionRequest,
        remote_control.RequestStopTransactionResponse,
        CSMS,
    ),
    Action("TriggerMessage", remote_control.TriggerMessageRequest, remote_control.TriggerMessageResponse, CSMS),
    Action("UnlockConnector", remote_control.UnlockConnectorRequest, remote_control.UnlockConnectorResponse, CSMS),
    Action("CancelReservation", reservation.CancelReservationRequest, reservation.CancelReservationResponse, CSMS),
    Action(
        "ReservationStatusUpdate",
        reservation.ReservationStatusUpdateRequest,
        reservation.ReservationStatusUpdateResponse,
        STATION,
    ),
    Action("ReserveNow", reservation.ReserveNowRequest, reservation.ReserveNowResponse, CSMS),
    Action("CertificateSigned", security.CertificateSignedRequest, security.CertificateSignedResponse, CSMS),
    Action(
        "SecurityEventNotification",
        security.SecurityEventNotificationRequest,
        security.SecurityEventNotificationResponse,
        STATION,
    ),
    Action("SignCertificate", security.SignCertificateRequest, security.SignCertificateResponse, STATION),
    Action(
        "ClearChargingProfile",
        smart_charging.ClearChargingProfileRequest,
        smart_charging.ClearChargingProfileResponse,
        CSMS,
    ),
    Action(
        "ClearedChargingLimit",
        smart_charging.ClearedChargingLimitRequest,
        smart_charging.ClearedChargingLimitResponse,
        STATION,
    ),
    Action(
        "GetChargingProfiles",
        smart_charging.GetChargingProfilesRequest,
        smart_charging.GetChargingProfilesResponse,
        CSMS,
    ),
    Action(
        "GetCompositeSchedule",
        smart_charging.GetCompositeScheduleRequest,
        smart_charging.GetCompositeScheduleResponse,
        CSMS,
    ),
    Action(
        "NotifyChargingLimit",
        smart_charging.NotifyChargingLimitRequest,
        smart_charging.NotifyChargingLimitResponse,
        STATION,
    ),
    Action(
        "NotifyEVChargingNeeds",
        smart_charging.NotifyEVChargingNeedsRequest,
        smart_charging.NotifyEVChargingNeedsResponse,
        STATION,
    ),
    Action(
        "NotifyEVChargingSchedule",
        smart_charging.NotifyEVChargingScheduleRequest,
        smart_charging.NotifyEVChargingScheduleResponse,
        STATION,
    ),
    Action(
        "ReportChargingProfiles",
        smart_charging.ReportChargingProfilesRequest,
        smart_charging.ReportChargingProfilesResponse,
        STATION,
    ),
    Action(
        "SetChargingProfile", smart_charging.SetChargingProfileRequest, smart_charging.SetChargingProfileResponse, CSMS
    ),
    Action("CostUpdated", tariff_and_cost.CostUpdatedRequest, tariff_and_cost.CostUpdatedResponse, CSMS),
    Action(
        "GetTransactionStatus",
        transactions.GetTransactionStatusRequest,
        transactions.GetTransactionStatusResponse,
        CSMS,
    ),
    Action("TransactionEvent", transactions.TransactionEventRequest, transactions.TransactionEventResponse, STATION),
)
