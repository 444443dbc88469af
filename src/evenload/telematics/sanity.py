"""What a car tells held against what it told before: what cannot be is not believed, and said."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from evenload.domain.station_readings import MeterFault
from evenload.domain.vehicle_state import PlugState, VehicleState
from evenload.telematics.facts import AHEAD_MAX
from evenload.telematics.memory import DeskMemory
from evenload.telematics.terms import Terms

_ZERO_FOR: Final = timedelta(hours=24)
_ZERO_KWH: Final = 2.0
_FALL_MAX: Final = 0.25
_RISE_SLACK: Final = 0.1
_ALIKE: Final = 0.05
_BATTERY_KWH_SMALL: Final = 20.0
"""A battery nobody told the size of is taken to be small, so that no true rise is doubted."""

_DRAWS_KW: Final = 0.2
_KEPT: Final = ("charge_limit_soc", "current_a", "voltage_v", "energy_kwh_added", "range_km", "timer_start")
_FILLS: Final = 0.02
_KEPT_FOR: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that cannot be, in words."""

    fault: MeterFault
    text: str


def completed(state: VehicleState, before: VehicleState | None, *, tells_place: bool) -> VehicleState:
    """A state with what it does not tell taken over: all of a part of one, else whether it is plugged in.

    It stays a part where the car may have been driven since it was told where it is, and it ``tells_place``.
    """
    recent = before is not None and state.at - before.at <= _KEPT_FOR
    if state.plug is PlugState.UNKNOWN:
        if (state.power_kw or 0.0) > _DRAWS_KW:
            state = replace(state, plug=PlugState.CHARGING)  # what told of the plug was lost
        elif before is not None and recent:
            state = replace(state, plug=before.plug)
    if not state.is_partial:
        return state
    if before is not None:
        state = _filled(state, before)
    return replace(state, is_partial=tells_place and state.is_home is None and state.plug.is_plugged)


def _filled(state: VehicleState, before: VehicleState) -> VehicleState:
    soc = state if state.soc is not None else before
    kept = {name: getattr(before, name) for name in _KEPT if getattr(state, name) is None}
    if before.plug.is_plugged or not state.plug.is_plugged:
        kept["is_home"] = before.is_home if state.is_home is None else state.is_home
    if state.plug is PlugState.CHARGING and before.plug is state.plug and state.power_kw is None:
        kept["power_kw"] = before.power_kw
    return replace(state, soc=soc.soc, soc_confidence=soc.soc_confidence, soc_basis=soc.soc_basis, **kept)


def doubted_plug(state: VehicleState, memory: DeskMemory) -> VehicleState:
    """A state whose plug is not known after all: a battery that fills is plugged in, whatever was told last."""
    if state.soc is None or state.plug.is_plugged:
        memory.soc_unplugged = None if state.plug.is_plugged else memory.soc_unplugged
        return state
    low = memory.soc_unplugged
    if (
        low is not None
        and state.soc > low + _FILLS
        and memory.told is not None
        and memory.told.plug is PlugState.UNKNOWN
    ):
        return replace(state, plug=PlugState.UNKNOWN)
    memory.soc_unplugged = state.soc if low is None else min(state.soc, low)
    return state


def judged(state: VehicleState, memory: DeskMemory, terms: Terms) -> tuple[VehicleState, list[Finding]]:
    """A state without what cannot be believed, and why."""
    findings: list[Finding] = []
    if state.at > state.received_at + AHEAD_MAX:
        findings.append(
            Finding(MeterFault.TIME_IMPLAUSIBLE, f"a state of {state.at:%Y-%m-%d %H:%M:%S} is of the future")
        )
    state = replace(state, at=min(state.at, state.received_at))
    doubt = _zero_for_ever(state, memory) or _jump(state, memory, terms)
    if doubt:
        findings.append(Finding(MeterFault.OUT_OF_RANGE, doubt))
        state = replace(state, soc=None, soc_confidence=0.0)
    problems = dict.fromkeys([*state.problems, *(one.text for one in findings)])
    return replace(state, problems=tuple(problems)), findings


def _zero_for_ever(state: VehicleState, memory: DeskMemory) -> str:
    """Why 0 % is not believed: for a day on end, or after a charge."""
    if state.soc != 0.0:
        memory.zero_since = memory.zero_since if state.soc is None else None
        return ""
    if memory.zero_since is None:
        memory.zero_since, memory.zero_register_kwh = state.at, memory.register_kwh
    charged_kwh = memory.register_kwh - memory.zero_register_kwh
    if charged_kwh >= _ZERO_KWH:
        return f"the battery is told to be at 0 % although {charged_kwh:.1f} kWh were charged since"
    if state.at - memory.zero_since >= _ZERO_FOR:
        return f"the battery is told to be at 0 % since {memory.zero_since:%Y-%m-%d %H:%M}"
    return ""


def _jump(state: VehicleState, memory: DeskMemory, terms: Terms) -> str:
    """Why a change of the state of charge is not believed at first; told again, it is."""
    if state.soc is None:
        return ""
    stays = memory.stay is not None and state.plug.is_plugged
    if memory.soc is None or memory.soc_at is None or not stays:
        return _believed(state, memory)
    hours = max((state.at - memory.soc_at).total_seconds() / 3600, 0.0)
    battery_kwh = terms.battery_kwh or _BATTERY_KWH_SMALL
    rise_max = terms.power_kw_max * hours / battery_kwh + _RISE_SLACK
    change = state.soc - memory.soc
    if -_FALL_MAX <= change <= rise_max or _is_told_again(state.soc, memory.soc_doubted):
        return _believed(state, memory)
    memory.soc_doubted = state.soc
    return f"the battery is told to be at {state.soc:.0%} {hours:.1f} h after {memory.soc:.0%}"


def _believed(state: VehicleState, memory: DeskMemory) -> str:
    memory.soc, memory.soc_at, memory.soc_doubted = state.soc, state.at, None
    return ""


def _is_told_again(soc: float, doubted: float | None) -> bool:
    return doubted is not None and abs(soc - doubted) <= _ALIKE
