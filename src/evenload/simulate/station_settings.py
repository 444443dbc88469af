"""What a virtual station can be asked about itself: configuration keys of 1.6, variables of 2.0.1."""

from evenload.ocpp.composite import Unit
from evenload.ocpp.v16 import OCPP16
from evenload.simulate.station_spec import StationSpec

_MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"


def sample_key(spec: StationSpec) -> str:
    """The setting that says how often is metered."""
    return "MeterValueSampleInterval" if _is_16(spec) else "SampledDataCtrlr.TxUpdatedInterval"


def unknown_offline_key(spec: StationSpec) -> str:
    """The setting that says whether a token on no list may charge while nobody can be asked."""
    return "AllowOfflineTxForUnknownId" if _is_16(spec) else "AuthCtrlr.OfflineTxForUnknownIdEnabled"


def password_key(spec: StationSpec) -> str:
    """The setting that holds the password for Basic authentication: it can be set, and never be read."""
    return "AuthorizationKey" if _is_16(spec) else "SecurityCtrlr.BasicAuthPassword"


def _is_16(spec: StationSpec) -> bool:
    return spec.subprotocol == OCPP16.subprotocol


def settings_of(spec: StationSpec) -> dict[str, str]:
    """All settings as they leave the factory."""
    if _is_16(spec):
        return {
            "AllowOfflineTxForUnknownId": "true",
            "ChargeProfileMaxStackLevel": str(spec.stack_level_max),
            "ChargingScheduleAllowedChargingRateUnit": "Current" if spec.rate_unit is Unit.A else "Power",
            "ChargingScheduleMaxPeriods": "24",
            "ClockAlignedDataInterval": "0",
            "HeartbeatInterval": "300",
            "LocalAuthListEnabled": "true",
            "LocalAuthListMaxLength": "500",
            "MaxChargingProfilesInstalled": "20",
            "MeterValueSampleInterval": str(round(spec.meter_s)),
            "MeterValuesSampledData": _MEASURANDS,
            "NumberOfConnectors": str(spec.outlets),
            "SendLocalListMaxLength": "100",
            "SupportedFeatureProfiles": "Core,LocalAuthListManagement,SmartCharging,RemoteTrigger",
        }
    return {
        "AlignedDataCtrlr.Interval": "0",
        "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true",
        "LocalAuthListCtrlr.Enabled": "true",
        "LocalAuthListCtrlr.ItemsPerMessage": "100",
        "OCPPCommCtrlr.HeartbeatInterval": "300",
        "SampledDataCtrlr.TxUpdatedInterval": str(round(spec.meter_s)),
        "SampledDataCtrlr.TxUpdatedMeasurands": _MEASURANDS,
        "SmartChargingCtrlr.Enabled": "true",
        "SmartChargingCtrlr.Entries": "20",
        "SmartChargingCtrlr.PeriodsPerSchedule": "24",
        "SmartChargingCtrlr.ProfileStackLevel": str(spec.stack_level_max),
        "SmartChargingCtrlr.RateUnit": spec.rate_unit.value,
    }
