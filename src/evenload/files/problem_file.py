"""The problem file: what a plan is to heed and the columns of canonical files cannot say, in YAML.

Its JSON Schema is published (``evenload schema problem``); unknown keys are refused with a suggestion.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import ConfigDict, Field, ValidationError, model_validator

from evenload.base.errors import CircuitError, InputError, did_you_mean
from evenload.domain.circuit import CircuitTree
from evenload.files.naming import naming
from evenload.files.site_parts import DemandChargeAsked, SiteAsked, StorageAsked, SubscriptionAsked
from evenload.files.unmanaged_part import UnmanagedAsked
from evenload.files.yaml_mapping import read_yaml_mapping
from evenload.files.yaml_parts import Amount, Instant, Part
from evenload.schedule.batteries import Taper
from evenload.schedule.events.outages import Outage
from evenload.schedule.problem_parts import CircuitTerms


class TermsAtCircuit(Part):
    """What the load of one circuit, base load included, adds to the money."""

    node: str = Field(description="circuit of the grid file")
    smoothing_per_kw2h: Amount = Field(
        default=0.0, description="currency per kW² and hour: its load squared, summed over hours, times this"
    )
    peak_per_kw: Amount = Field(
        default=0.0, description="currency per kW of the highest load of the horizon, as far as above peak_kw_so_far"
    )
    peak_kw_so_far: Amount | None = Field(
        default=None, description="highest load that is paid for already, kW; left out: nothing is"
    )

    @model_validator(mode="after")
    def _adds_something(self) -> Self:
        if not (self.smoothing_per_kw2h or self.peak_per_kw):
            raise ValueError(f"{self.node}: give smoothing_per_kw2h or peak_per_kw above 0, or leave the circuit out")
        if self.peak_kw_so_far is not None and not self.peak_per_kw:
            raise ValueError(f"{self.node}: peak_kw_so_far is of no effect without peak_per_kw")
        return self


class TaperAsked(Part):
    """How charging power falls towards a full battery, of sessions with battery_kwh and soc_at_plug_in."""

    knee_soc: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        default=0.8, description="state of charge up to which all power can be drawn"
    )
    full_soc: Annotated[float, Field(gt=0, le=1.5, allow_inf_nan=False)] = Field(
        default=1.0,
        description="state of charge at which the straight line from there is down to 0 kW; above 1 for batteries that "
        "still take power when nearly full",
    )

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if not self.full_soc > self.knee_soc:
            raise ValueError(f"full_soc {self.full_soc:g} must be above knee_soc {self.knee_soc:g}")
        return self


class RampAsked(Part):
    """How fast charging may rise when it is released: after an event, an outage or a fall in price."""

    node: str = Field(default="", description="circuit at or below which sessions are meant; left out: all")
    group: str = Field(default="", description="group of sessions that are meant; left out: all")
    ramp_kw_per_step: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = Field(
        description="what they may draw more together from one step to the next, kW"
    )


class OutageKnown(Part):
    """A planned outage: nothing flows at or below the circuit, and other load is higher when power is back."""

    node: str = Field(description="circuit of the grid file")
    start: Instant = Field(description="from when, with an offset", strict=False)
    end: Instant = Field(description="until when, with an offset", strict=False)
    pickup_factor: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)] = Field(
        default=1.0, description="other load at the first moment, in times what it would be"
    )
    pickup_minutes: Annotated[float, Field(gt=0, le=1440, allow_inf_nan=False)] = Field(
        default=60.0, description="how long until the excess has fallen to a third (1/e), min"
    )

    def outage(self) -> Outage:
        """As the planner has it; ``InputError`` for one that cannot be."""
        return Outage(self.node, self.start, self.end, self.pickup_factor, self.pickup_minutes)


class ProblemFile(Part):
    """What a plan is to heed beside the columns of its canonical files (``evenload plan --problem``)."""

    model_config = ConfigDict(title="Problem file of evenload plan")
    circuits: list[TermsAtCircuit] = Field(
        default=[], description="circuits whose load costs money by itself: for smooth loads, or for a demand charge"
    )
    wear_per_kwh: Amount = Field(
        default=0.0, description="wear of a battery, currency per kWh given back at the connector, the same for all"
    )
    taper: TaperAsked | None = Field(default=None, description="left out: all power up to a full battery")
    ramps: list[RampAsked] = Field(default=[], description="how fast charging may rise when it is released")
    outages: list[OutageKnown] = Field(default=[], description="outages that are known beforehand")
    sites: list[SiteAsked] = Field(default=[], description="sites with a bill, a meter or storage of their own")
    unmanaged_cars: UnmanagedAsked | None = Field(
        default=None, description="cars that charge as they like, added to the load beside charging; left out: none"
    )
    fatigue_half_life_days: Annotated[float, Field(gt=0, le=3660, allow_inf_nan=False)] = Field(
        default=14.0,
        description="with --shortages: a shortage counts half as much after so many days; who lacked all of a need "
        "just now lacks half the share that others lack",
    )
    phases_unknown: Literal["balanced", "worst"] = Field(
        default="balanced",
        description="how a car counts whose phases are not known, at circuits whose phases are: evenly, or as all on "
        "each of them",
    )

    def taper_of(self) -> Taper | None:
        """The taper as problems have it."""
        return None if self.taper is None else Taper(self.taper.knee_soc, self.taper.full_soc)

    def terms(self, tree: CircuitTree) -> CircuitTerms | None:
        """The circuits' terms; ``CircuitError`` for one that is not in the grid; None where none are listed."""
        if not self.circuits:
            return None
        so_far = [-np.inf if circuit.peak_kw_so_far is None else circuit.peak_kw_so_far for circuit in self.circuits]
        return CircuitTerms(
            tree.find([circuit.node for circuit in self.circuits]),
            np.array([circuit.smoothing_per_kw2h for circuit in self.circuits]),
            np.array([circuit.peak_per_kw for circuit in self.circuits]),
            np.array(so_far),
        )


def read_problem_file(path: Path) -> ProblemFile:
    """Read and check a problem file; ``InputError`` names file, key, value and what is expected."""
    content = read_yaml_mapping(path)
    try:
        return ProblemFile.model_validate(content)
    except ValidationError as error:
        lines = [_sentence(dict(fault)) for fault in error.errors(include_url=False)]
        raise InputError("\n".join(f"{path}: {line}" for line in lines[:8])) from error


def terms_in(path: Path, asked: ProblemFile, tree: CircuitTree) -> CircuitTerms | None:
    """The terms of a problem file that stands at ``path``; ``CircuitError`` names it."""
    with naming(path, CircuitError):
        return asked.terms(tree)


_EXPECTED = {
    "float_type": "should be a number, such as 0.05 or 1.0e-3, not in quotes",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "string_type": "should be a text, in quotes where it looks like a number",
    "list_type": "should be a list",
    "model_type": "should be keys with values in braces, or indented",
    "invalid_key": "should be a word",
}
_PARTS: dict[str, type[Part]] = {
    "circuits": TermsAtCircuit, "taper": TaperAsked, "ramps": RampAsked, "outages": OutageKnown,
    "sites": SiteAsked, "demand_charges": DemandChargeAsked, "subscription": SubscriptionAsked, "storage": StorageAsked,
    "unmanaged_cars": UnmanagedAsked,
}  # fmt: skip


def _sentence(fault: dict[str, Any]) -> str:
    """One fault in words."""
    place = [str(part) for part in fault["loc"]]
    where = ".".join(place)
    if fault["type"] == "extra_forbidden":
        within = next((part for part in reversed(place[:-1]) if part in _PARTS), "")
        keys = (_PARTS[within] if within else ProblemFile).model_fields
        inside = within or "a problem file"
        belongs = next((name for name, part in _PARTS.items() if name != within and place[-1] in part.model_fields), "")
        hint = f" It is one of {belongs}." if belongs else did_you_mean(place[-1], keys)
        return f"{where} is not a key of {inside}.{hint} There are: {', '.join(keys)}"
    if fault["type"] == "missing":
        return f"{where} is missing"
    message = _EXPECTED.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    value = "blank" if fault.get("input") is None else repr(fault["input"])
    shown = "" if isinstance(fault["input"], dict | list) or fault["type"] == "value_error" else f" = {value}"
    return f"{where}{shown}: {message}" if where else message
