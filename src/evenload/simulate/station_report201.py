"""What virtual stations of OCPP 2.0.1 report of themselves when they are asked for all of it (B07)."""

from typing import Final

from evenload.ocpp.v201.wire import provisioning
from evenload.ocpp.v201.wire.datatypes import Component, GenericDeviceModelStatusEnum, Variable
from evenload.ocpp.wire import Wire
from evenload.simulate.station_speech import Obedient

_ROWS_MAX: Final = 4
_KNOWN: Final = (
    provisioning.ReportBaseEnum.CONFIGURATION_INVENTORY,
    provisioning.ReportBaseEnum.FULL_INVENTORY,
)


def base_report(station: Obedient, request: provisioning.GetBaseReportRequest) -> Wire:
    """Promise the report, which follows in parts."""
    words = GenericDeviceModelStatusEnum
    if request.report_base not in _KNOWN:
        return provisioning.GetBaseReportResponse(status=words.NOT_SUPPORTED)
    rows = [_row(name, value) for name, value in station.settings.items()]
    parts = [tuple(rows[at : at + _ROWS_MAX]) for at in range(0, len(rows), _ROWS_MAX)]
    station.to_say += [
        provisioning.NotifyReportRequest(
            request_id=request.request_id, generated_at=station.wall(), seq_no=number, report_data=part,
            tbc=number < len(parts) - 1,
        )
        for number, part in enumerate(parts)
    ]  # fmt: skip
    return provisioning.GetBaseReportResponse(status=words.ACCEPTED)


def _row(name: str, value: str) -> provisioning.ReportData:
    component, variable = name.split(".", 1)
    attribute = provisioning.VariableAttribute(value=value, mutability=provisioning.MutabilityEnum.READ_WRITE)
    return provisioning.ReportData(
        component=Component(name=component), variable=Variable(name=variable), variable_attribute=(attribute,),
        variable_characteristics=provisioning.VariableCharacteristics(
            data_type=provisioning.DataEnum.STRING, supports_monitoring=False
        ),
    )  # fmt: skip
