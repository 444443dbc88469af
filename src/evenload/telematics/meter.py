"""A register for a car that has none: energy at the connector, estimated from whatever the car told."""

from datetime import timedelta
from typing import Final

from evenload.domain.station_readings import MeterFault, Quality, Reading, ReadingKind
from evenload.domain.vehicle_state import PlugState, VehicleState
from evenload.telematics.memory import DeskMemory, Stay
from evenload.telematics.sanity import Finding
from evenload.telematics.terms import Terms

_NOISE_KWH: Final = 0.05
_SLACK_KWH: Final = 1.0
_SLACK: Final = 1.15
_SHORT: Final = timedelta(minutes=30)
_LONG: Final = timedelta(hours=4)
_LONG_ENDS: Final = timedelta(hours=1)
"""How long a power that was told is taken to have gone on: between two states that charge, and where one does not."""


def count(memory: DeskMemory, state: VehicleState, terms: Terms) -> list[Finding]:
    """Move the register on to a state of a stay; what cannot be about it in words."""
    stay, before = memory.stay, memory.state
    if stay is None or before is None or state.at <= before.at:
        return []
    most_kwh = _most_kwh(before, state, terms)
    charged_kwh, findings = _charged_kwh(stay, before, state, terms)
    if charged_kwh > most_kwh:
        text = f"{charged_kwh:.1f} kWh in {_hours(before, state):.1f} h is more than the car can draw"
        findings.append(Finding(MeterFault.OUT_OF_RANGE, text))
        charged_kwh = most_kwh
    if charged_kwh > 0:
        stay.was_energy_counted = True
    memory.register_kwh += charged_kwh
    return findings


def count_last(memory: DeskMemory, state: VehicleState, terms: Terms) -> None:
    """Count what went into the battery of a car between its last state plugged in and the one that shows it gone."""
    before = memory.state
    if before is None or before.plug is not PlugState.CHARGING:
        return
    charged_kwh = 0.0
    if before.energy_kwh_added is not None and state.energy_kwh_added is not None:
        charged_kwh = state.energy_kwh_added - before.energy_kwh_added
    elif before.soc is not None and state.soc is not None:
        charged_kwh = (state.soc - before.soc) * (terms.battery_kwh or 0.0) / terms.efficiency
    memory.register_kwh += min(max(charged_kwh, 0.0), _most_kwh(before, state, terms))


def _hours(before: VehicleState, state: VehicleState) -> float:
    return (state.at - before.at).total_seconds() / 3600


def _most_kwh(before: VehicleState, state: VehicleState, terms: Terms) -> float:
    return terms.power_kw_max * _hours(before, state) * _SLACK + _SLACK_KWH


def _charged_kwh(
    stay: Stay, before: VehicleState, state: VehicleState, terms: Terms
) -> tuple[float, list[Finding]]:  # fmt: skip
    """Energy between two states: as the car counts it, else by its power, else by its battery."""
    if before.at < stay.began_at or not before.plug.is_plugged:
        return _first_kwh(before, state, terms), []
    if before.energy_kwh_added is None and state.energy_kwh_added is not None and not stay.was_energy_counted:
        return _first_kwh(before, state, terms), []
    if before.energy_kwh_added is not None and state.energy_kwh_added is not None:
        more_kwh = state.energy_kwh_added - before.energy_kwh_added
        if more_kwh >= -_NOISE_KWH or not stay.was_energy_counted:
            return max(more_kwh, 0.0), []  # until it charges, a car may still tell of the time before
        text = f"the energy added fell from {before.energy_kwh_added:g} to {state.energy_kwh_added:g} kWh"
        return 0.0, [Finding(MeterFault.REGISTER_FELL, text)]
    return _estimated_kwh(before, state, terms), []


def _first_kwh(before: VehicleState, state: VehicleState, terms: Terms) -> float:
    """What a car that was just found plugged in and charging had charged since it was last seen elsewhere."""
    added = state.energy_kwh_added
    if added is None or state.plug is not PlugState.CHARGING or added == before.energy_kwh_added:
        return 0.0
    if added > _most_kwh(before, state, terms):
        return 0.0
    return max(added, 0.0)


def _estimated_kwh(before: VehicleState, state: VehicleState, terms: Terms) -> float:
    if PlugState.CHARGING not in (before.plug, state.plug):
        return 0.0
    passed = state.at - before.at
    powers = [_drawn_kw(one) for one in (before, state)]
    known = [one for one in powers if one is not None]
    longest = _LONG if before.plug is state.plug else _LONG_ENDS
    by_power = sum(known) / len(known) * min(passed, longest) / timedelta(hours=1) if known else 0.0
    if len(known) == len(powers) and passed <= _SHORT:
        return max(by_power, 0.0)
    if before.soc is not None and state.soc and terms.battery_kwh:
        return max(state.soc - before.soc, 0.0) * terms.battery_kwh / terms.efficiency
    return max(by_power, 0.0)


def _drawn_kw(state: VehicleState) -> float | None:
    return state.power_kw if state.plug is PlugState.CHARGING else 0.0


def readings_of(memory: DeskMemory, state: VehicleState) -> tuple[Reading, ...]:
    """What a state shows as a meter would."""
    power_kw, register_kwh = _drawn_kw(state), round(memory.register_kwh, 3)
    register = Reading(
        at=state.at, kind=ReadingKind.REGISTER, quality=Quality.ESTIMATED, energy_kwh_import=register_kwh, soc=state.soc
    )
    if power_kw is None:
        return (register,)
    instant = Reading(
        at=state.at, kind=ReadingKind.INSTANT, quality=Quality.ESTIMATED, power_kw=power_kw, soc=state.soc
    )
    return (instant, register)
