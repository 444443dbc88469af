"""OCPP 2.0.1, the device model (block B): what smart charging must know of a station, what it is set to, changes.

A variable's name here is ``Component.Variable``, with its instance in brackets where it has one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from evenload.base.errors import InputError
from evenload.domain.station_commands import ChangePassword, GetSettings, SetSettings, Settlement
from evenload.domain.station_events import SettingsReported
from evenload.ocpp.composite import Unit
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Reply, Request
from evenload.ocpp.policy import Priority, Terms
from evenload.ocpp.v201 import resync
from evenload.ocpp.v201.wire.datatypes import Component, Variable
from evenload.ocpp.v201.wire.provisioning import (
    GetBaseReportRequest,
    GetVariableData,
    GetVariablesRequest,
    GetVariablesResponse,
    GetVariableStatusEnum,
    ReportBaseEnum,
    SetVariableData,
    SetVariablesRequest,
    SetVariablesResponse,
    SetVariableStatusEnum,
)
from evenload.ocpp.wire import Wire

T = TypeVar("T")

ASKED: Final = (
    "SmartChargingCtrlr.Enabled",
    "SmartChargingCtrlr.RateUnit",
    "SmartChargingCtrlr.ProfileStackLevel",
    "SmartChargingCtrlr.PeriodsPerSchedule",
    "SampledDataCtrlr.TxUpdatedInterval",
    "AlignedDataCtrlr.Interval",
    "LocalAuthListCtrlr.ItemsPerMessage",
)
ITEMS_PER_MESSAGE: Final = 4
"""How many variables go into one message before the station has said how many it takes."""

_NAME: Final = re.compile(r"(?P<component>[^.\[\]]+)\.(?P<variable>[^\[\]]+)(\[(?P<instance>[^\]]+)\])?")
_HOUSEKEEPING: Final = Terms(priority=Priority.HOUSEKEEPING)
_REPORT_ID: Final = 1
_PASSWORD: Final = "SecurityCtrlr.BasicAuthPassword"  # noqa: S105 - a name
_SETTLEMENT: Final = {
    SetVariableStatusEnum.ACCEPTED: Settlement.DONE,
    SetVariableStatusEnum.REBOOT_REQUIRED: Settlement.AFTER_REBOOT,
    SetVariableStatusEnum.REJECTED: Settlement.REJECTED,
}
_ORDER: Final = list(Settlement)


def name_of(component: Component, variable: Variable) -> str:
    """The name a variable goes by here."""
    instance = f"[{variable.instance}]" if variable.instance else ""
    return f"{component.name}.{variable.name}{instance}"


def _parts(name: str) -> tuple[Component, Variable]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise InputError(f"{name!r} does not name a variable: Component.Variable or Component.Variable[instance]")
    return Component(name=match["component"]), Variable(name=match["variable"], instance=match["instance"])


def _chunks(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    return (tuple(items[i : i + ITEMS_PER_MESSAGE]) for i in range(0, len(items), ITEMS_PER_MESSAGE))


def set_up(dossier: Dossier, _now: datetime) -> tuple[Request, ...]:
    """Ask what the station can do and who else limits it, and have it meter what smart charging needs."""
    messages: list[Wire] = [*_asking(ASKED)] if dossier.habits.probe else []
    messages += _setting(list(_wanted(dossier)))
    messages += resync.asking()
    return tuple(Request(message, _HOUSEKEEPING) for message in messages)


def _wanted(dossier: Dossier) -> Iterable[tuple[str, str]]:
    policy, habits = dossier.policy, dossier.habits
    measurands = policy.measurands if habits.measurands is None else habits.measurands
    yield "SampledDataCtrlr.TxUpdatedMeasurands", ",".join(measurands)
    yield "SampledDataCtrlr.TxUpdatedInterval", str(max(policy.sample_s, habits.sample_s_min))
    yield "SampledDataCtrlr.TxStartedMeasurands", measurands[0]
    yield "SampledDataCtrlr.TxEndedMeasurands", measurands[0]


def _asking(names: Sequence[str]) -> Iterator[GetVariablesRequest]:
    for chunk in _chunks([_parts(name) for name in names]):
        yield GetVariablesRequest(
            get_variable_data=tuple(GetVariableData(component=one, variable=other) for one, other in chunk)
        )


def _setting(values: Sequence[tuple[str, str]]) -> Iterator[SetVariablesRequest]:
    for chunk in _chunks([(*_parts(name), value) for name, value in values]):
        items = [SetVariableData(attribute_value=value, component=one, variable=other) for one, other, value in chunk]
        yield SetVariablesRequest(set_variable_data=tuple(items))


def get(dossier: Dossier, command: GetSettings, _now: datetime) -> tuple[Wire, ...]:
    """GetVariables (B06), or GetBaseReport (B07) for all there is."""
    if command.names:
        return tuple(_asking(command.names))
    dossier.asked_for.add("NotifyReport")
    return (GetBaseReportRequest(request_id=_REPORT_ID, report_base=ReportBaseEnum.FULL_INVENTORY),)


def change(_dossier: Dossier, command: SetSettings, _now: datetime) -> tuple[SetVariablesRequest, ...]:
    """SetVariables (B05)."""
    return tuple(_setting(list(command.values.items())))


def change_password(_dossier: Dossier, command: ChangePassword, _now: datetime) -> tuple[SetVariablesRequest, ...]:
    """SecurityCtrlr.BasicAuthPassword (A01)."""
    if not command.password:
        raise InputError("there is no password to change to")
    return tuple(_setting([(_PASSWORD, command.password)]))


def got(dossier: Dossier, _request: Request, response: GetVariablesResponse, now: datetime) -> Reply:
    """What the station is set to; what it says of smart charging is believed."""
    values: dict[str, str | None] = {}
    for one in response.get_variable_result:
        accepted = one.attribute_status is GetVariableStatusEnum.ACCEPTED
        values[name_of(one.component, one.variable)] = one.attribute_value if accepted else None
    dossier.settings |= values
    learn(dossier)
    return Reply(value=values, events=(dossier.event(SettingsReported, now, values=values),))


def learn(dossier: Dossier) -> None:
    """Take over what variables say of profiles and metering, below what the make's habits say."""
    settings, abilities = dossier.settings, dossier.charging.abilities
    if settings.get("SmartChargingCtrlr.ProfileStackLevel"):
        abilities = replace(abilities, stack_level_max=dossier.number("SmartChargingCtrlr.ProfileStackLevel"))
    words = {word.strip() for word in (settings.get("SmartChargingCtrlr.RateUnit") or "").split(",")}
    units = frozenset(unit for unit in Unit if unit in words)
    if units:
        unit = abilities.unit if abilities.unit in units else min(units)
        abilities = replace(abilities, units=units, unit=unit)
    if periods_max := dossier.number("SmartChargingCtrlr.PeriodsPerSchedule"):
        abilities = replace(abilities, periods_max=periods_max)
    dossier.charging.abilities = dossier.habits.applied(abilities)
    dossier.sample_interval_s = dossier.number("SampledDataCtrlr.TxUpdatedInterval")
    dossier.clock_interval_s = dossier.number("AlignedDataCtrlr.Interval")


def changed(dossier: Dossier, request: Request, response: SetVariablesResponse, _now: datetime) -> Reply:
    """Whether variables were changed: settled by the worst of them."""
    asked = {}
    if isinstance(request.message, SetVariablesRequest):
        asked = {name_of(one.component, one.variable): one for one in request.message.set_variable_data}
    settlements, words = [Settlement.DONE], []
    for one in response.set_variable_result:
        name = name_of(one.component, one.variable)
        settlement = _SETTLEMENT.get(one.attribute_status, Settlement.NOT_SUPPORTED)
        settlements.append(settlement)
        if settlement is not Settlement.DONE:
            words.append(f"{name}: {one.attribute_status}")
        elif name in asked and name != _PASSWORD:
            dossier.settings[name] = asked[name].attribute_value
    dossier.sample_interval_s = dossier.number("SampledDataCtrlr.TxUpdatedInterval")
    dossier.clock_interval_s = dossier.number("AlignedDataCtrlr.Interval")
    return Reply(max(settlements, key=_ORDER.index), "; ".join(words))
