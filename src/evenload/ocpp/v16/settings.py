"""OCPP 1.6, configuration: what smart charging must know of a station, what it is set to, and changes on command."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.station_commands import ChangePassword, GetSettings, SetSettings, Settlement
from evenload.domain.station_events import SettingsReported
from evenload.ocpp.composite import Unit
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Reply, Request
from evenload.ocpp.policy import Priority, Terms
from evenload.ocpp.v16.wire.core import (
    ChangeConfigurationRequest,
    ChangeConfigurationResponse,
    ConfigurationStatus,
    GetConfigurationRequest,
    GetConfigurationResponse,
)

ASKED: Final = (
    "ChargeProfileMaxStackLevel", "ChargingScheduleAllowedChargingRateUnit", "ChargingScheduleMaxPeriods",
    "ClockAlignedDataInterval", "ConnectorSwitch3to1PhaseSupported", "HeartbeatInterval", "LocalAuthListMaxLength",
    "MaxChargingProfilesInstalled", "MeterValueSampleInterval", "MeterValuesSampledData", "NumberOfConnectors",
    "SendLocalListMaxLength", "SupportedFeatureProfiles",
)  # fmt: skip
_UNITS: Final = {"current": Unit.A, "a": Unit.A, "power": Unit.W, "w": Unit.W}
_HOUSEKEEPING: Final = Terms(priority=Priority.HOUSEKEEPING)
_SETTLEMENT: Final = {
    ConfigurationStatus.ACCEPTED: Settlement.DONE,
    ConfigurationStatus.REBOOT_REQUIRED: Settlement.AFTER_REBOOT,
    ConfigurationStatus.NOT_SUPPORTED: Settlement.NOT_SUPPORTED,
}


def set_up(dossier: Dossier, _now: datetime) -> tuple[Request, ...]:
    """Ask what the station can do, and have it meter what smart charging needs."""
    asking = [Request(GetConfigurationRequest(key=ASKED), _HOUSEKEEPING)] if dossier.habits.probe else []
    return (*asking, *(Request(change, _HOUSEKEEPING) for change in _changes(dossier)))


def _changes(dossier: Dossier) -> Iterable[ChangeConfigurationRequest]:
    policy, habits = dossier.policy, dossier.habits
    measurands = policy.measurands if habits.measurands is None else habits.measurands
    yield _change("MeterValuesSampledData", ",".join(measurands))
    yield _change("MeterValueSampleInterval", str(max(policy.sample_s, habits.sample_s_min)))
    if habits.set_aligned:
        yield _change("ClockAlignedDataInterval", "0")
    if habits.set_heartbeat:
        yield _change("HeartbeatInterval", str(policy.heartbeat_s))


def _change(key: str, value: str) -> ChangeConfigurationRequest:
    return ChangeConfigurationRequest(key=key, value=value)


def get(_dossier: Dossier, command: GetSettings, _now: datetime) -> tuple[GetConfigurationRequest, ...]:
    """GetConfiguration (5.8)."""
    return (GetConfigurationRequest(key=command.names or None),)


def change(_dossier: Dossier, command: SetSettings, _now: datetime) -> tuple[ChangeConfigurationRequest, ...]:
    """ChangeConfiguration (5.3), one message a key."""
    return tuple(_change(key, value) for key, value in command.values.items())


def change_password(
    _dossier: Dossier, command: ChangePassword, _now: datetime
) -> tuple[ChangeConfigurationRequest, ...]:
    """AuthorizationKey (security whitepaper, A01): a key in hexadecimal, of 16 to 20 bytes."""
    if not command.password:
        raise InputError("there is no password to change to")
    return (_change("AuthorizationKey", command.password),)


def got(dossier: Dossier, _request: Request, response: GetConfigurationResponse, now: datetime) -> Reply:
    """What the station is set to; what it says of smart charging is believed."""
    values: dict[str, str | None] = {one.key: one.value for one in response.configuration_key or ()}
    values |= dict.fromkeys(response.unknown_key or ())
    dossier.settings |= values
    learn(dossier)
    event = dossier.event(SettingsReported, now, values=values)
    return Reply(value=values, events=(event,))


def learn(dossier: Dossier) -> None:
    """Take over what settings say of profiles and metering, below what the make's habits say."""
    settings, abilities = dossier.settings, dossier.charging.abilities
    if settings.get("ChargeProfileMaxStackLevel"):
        abilities = replace(abilities, stack_level_max=dossier.number("ChargeProfileMaxStackLevel"))
    words = (settings.get("ChargingScheduleAllowedChargingRateUnit") or "").casefold().split(",")
    units = frozenset(_UNITS[word.strip()] for word in words if word.strip() in _UNITS)
    if units:
        unit = abilities.unit if abilities.unit in units else min(units)
        abilities = replace(abilities, units=units, unit=unit)
    if periods_max := dossier.number("ChargingScheduleMaxPeriods"):
        abilities = replace(abilities, periods_max=periods_max)
    dossier.charging.abilities = dossier.habits.applied(abilities)
    dossier.sample_interval_s = dossier.number("MeterValueSampleInterval")
    dossier.clock_interval_s = dossier.number("ClockAlignedDataInterval")
    for evse_id in range(1, dossier.number("NumberOfConnectors") + 1):
        dossier.saw(evse_id)


def changed(dossier: Dossier, request: Request, response: ChangeConfigurationResponse, _now: datetime) -> Reply:
    """Whether a key was changed. A list of measurands is refused as a whole: then the least of it is asked for."""
    asked = request.message
    settlement = _SETTLEMENT.get(response.status, Settlement.REJECTED)
    if not isinstance(asked, ChangeConfigurationRequest):
        return Reply(settlement)
    if isinstance(request.command, ChangePassword):
        return Reply(settlement, "" if settlement is Settlement.DONE else str(response.status))
    if response.status is ConfigurationStatus.ACCEPTED:
        dossier.settings[asked.key] = asked.value
        dossier.sample_interval_s = dossier.number("MeterValueSampleInterval")
        dossier.clock_interval_s = dossier.number("ClockAlignedDataInterval")
    elif request.command is None and asked.key == "MeterValuesSampledData" and "," in asked.value:
        shorter = asked.value.rpartition(",")[0]
        dossier.to_call.append(Request(_change(asked.key, shorter), _HOUSEKEEPING))
    info = "" if settlement is Settlement.DONE else f"{asked.key}: {response.status}"
    return Reply(settlement, info)
