"""States of a car as events of a station: stays at home with a transaction, and what its meter would show."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from evenload.domain.station import ConnectorStatus, Registration
from evenload.domain.station_events import (
    ChargingState,
    MeterFaultFound,
    MeterSampled,
    StationBooted,
    StationEvent,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import Quality
from evenload.domain.vehicle_state import CAR_EVSE_ID, PlugState, VehicleState
from evenload.telematics import meter
from evenload.telematics.memory import DeskMemory, Stay
from evenload.telematics.sanity import Finding
from evenload.telematics.terms import Terms

_CONNECTOR: Final = 1
_DRIVEN: Final = 0.08
"""A battery that lost so much between two states, both plugged in, was driven with in between."""

_SOON: Final = timedelta(minutes=15)
_STATES: Final = {
    PlugState.CHARGING: (ConnectorStatus.CHARGING, ChargingState.CHARGING),
    PlugState.COMPLETE: (ConnectorStatus.SUSPENDED_BY_VEHICLE, ChargingState.SUSPENDED_BY_VEHICLE),
    PlugState.FAULT: (ConnectorStatus.FAULTED, ChargingState.IDLE),
}

E = TypeVar("E", bound=StationEvent)


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes events of the one EVSE that a car is."""

    terms: Terms

    def event(self, kind: type[E], at: datetime, received_at: datetime, **fields: Any) -> E:  # noqa: ANN401
        """An event of the car."""
        return kind(station=self.terms.car.station, at=at, received_at=received_at, evse_id=CAR_EVSE_ID, **fields)

    def booted(self, now: datetime) -> StationBooted:
        """The car is in reach."""
        return StationBooted(
            station=self.terms.car.station, at=now, received_at=now, details=self.terms.details,
            registration=Registration.ACCEPTED,
        )  # fmt: skip


@dataclass(slots=True)
class Tale:
    """The events of one state."""

    memory: DeskMemory
    terms: Terms
    state: VehicleState
    events: list[StationEvent] = field(default_factory=list)

    def tell(self) -> list[Finding]:
        """Move the memory on to the state; findings about its energy."""
        memory, state = self.memory, self.state
        memory.is_home = self._is_home()
        is_here = state.plug.is_plugged and memory.is_home
        if memory.stay is not None and (not is_here or self._was_away()):
            self._end(memory.stay)
        if is_here and memory.stay is None:
            self._begin()
        elif not is_here:
            self._status(ConnectorStatus.AVAILABLE)
        findings = meter.count(memory, state, self.terms)
        if memory.stay is not None:
            self._go_on(memory.stay)
        memory.state = state
        return findings

    def found(self, findings: list[Finding]) -> None:
        """Tell what cannot be, once until it passes."""
        known = self.memory.faults
        self.memory.faults = tuple(dict.fromkeys(one.fault for one in findings))
        self.events += [
            self._event(MeterFaultFound, fault=one.fault, text=one.text) for one in findings if one.fault not in known
        ]

    def _event(self, kind: type[E], **fields: Any) -> E:  # noqa: ANN401
        return Teller(self.terms).event(kind, self.state.at, self.state.received_at, **fields)

    def _is_home(self) -> bool:
        if self.state.is_home is not None:
            return self.state.is_home
        if self.memory.stay is not None and self.state.plug.is_plugged:
            return True
        return self.terms.assumes_home and not self.state.is_partial

    def _was_away(self) -> bool:
        before, state = self.memory.state, self.state
        if before is None or before.soc is None or state.soc is None or state.plug is PlugState.UNKNOWN:
            return False
        return before.soc - state.soc > _DRIVEN and state.at - before.at > _SOON

    def _begin(self) -> None:
        memory, state = self.memory, self.state
        memory.stays += 1
        transaction_id = f"{self.terms.car.vehicle_id}@{state.at:%Y%m%dT%H%M%S}-{memory.stays}"
        memory.stay = Stay(transaction_id, state.at, memory.register_kwh)
        memory.is_opted_out, memory.obeyed.is_on, memory.obeyed.seen_stopped_at = False, None, None
        memory.obeyed.strikes, memory.obeyed.is_marked, memory.charging = 0, False, None
        memory.failures, memory.not_before = 0, None
        before = memory.state
        seen = before is not None and state.at - before.at <= _SOON
        self._status(self._now()[0])
        self.events.append(
            self._event(
                TransactionStarted, transaction_id=transaction_id, connector_id=_CONNECTOR, token=self.terms.token,
                register_kwh=round(memory.register_kwh, 3), quality=Quality.MEASURED if seen else Quality.ESTIMATED,
            )
        )  # fmt: skip

    def _go_on(self, stay: Stay) -> None:
        status, charging = self._now()
        self._status(status)
        if self.memory.charging is not charging:
            self.memory.charging = charging
            told = self._event(TransactionUpdated, transaction_id=stay.transaction_id, state=charging)
            self.events.append(told)
        readings = meter.readings_of(self.memory, self.state)
        self.events.append(self._event(MeterSampled, readings=readings, transaction_id=stay.transaction_id))

    def _end(self, stay: Stay) -> None:
        memory = self.memory
        is_told = not self.state.plug.is_plugged
        if is_told:
            meter.count_last(memory, self.state, self.terms)
        self.events.append(
            self._event(
                TransactionEnded, transaction_id=stay.transaction_id, register_kwh=round(memory.register_kwh, 3),
                energy_kwh=round(memory.register_kwh - stay.register_kwh, 3), energy_quality=Quality.ESTIMATED,
                quality=Quality.MEASURED if is_told else Quality.ESTIMATED, token=self.terms.token,
            )
        )  # fmt: skip
        memory.stay, memory.charging, memory.is_opted_out = None, None, False
        self._status(ConnectorStatus.AVAILABLE)

    def _now(self) -> tuple[ConnectorStatus, ChargingState]:
        if known := _STATES.get(self.state.plug):
            return known
        if self.memory.obeyed.is_on is False:
            return ConnectorStatus.SUSPENDED_BY_STATION, ChargingState.SUSPENDED_BY_STATION
        return ConnectorStatus.PREPARING, ChargingState.CONNECTED

    def _status(self, status: ConnectorStatus) -> None:
        if self.memory.status is not status:
            self.memory.status = status
            self.events.append(self._event(StatusChanged, connector_id=_CONNECTOR, status=status))
