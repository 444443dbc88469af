"""What a strategy of a study knows from the past: how early drivers leave, and what usually comes later in a day.

It is counted on a history file, or, where a study names none, on other cars of the study: another draw of as many, who
behave like those of the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evenload.base.errors import InputError, did_you_mean
from evenload.base.instants import InstantArray
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.history import History
from evenload.domain.session import Sessions
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.reserve import Arrivals
from evenload.schedule.risk.robust import Caution
from evenload.schedule.strategies.optimised import Optimised
from evenload.simulate.population.fit import power_kw

OTHER_DRAW: Final = 1_000_000
"""Seeds of other draws lie this far from the study's own."""

_Value = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
_Kind = TypeVar("_Kind", bound=BaseModel)
_Quantile = Annotated[float, Field(ge=0, le=1)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    history: str = Field(
        default="", description="history file to count on, relative to the study; left out: other cars of the study"
    )


class CautionAsked(_Asked):
    """How much it weighs that drivers leave before they said; the history needs departs_at_declared."""

    value_per_kwh: _Value = Field(
        default=0.0, description="what a kWh is worth that a driver leaves without, beyond its price, currency"
    )
    share_there: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="be done while this share of drivers is still there, such as 0.9; 0 is off"
    )

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        if not (self.value_per_kwh or self.share_there):
            raise ValueError("give value_per_kwh, such as 0.3, or share_there, such as 0.9: how much it weighs")
        return self

    def words(self) -> str:
        """The settings for people."""
        parts = [f"value per kwh {self.value_per_kwh:g}"] * bool(self.value_per_kwh)
        return ", ".join(["caution", *parts, *[f"share there {self.share_there:g}"] * bool(self.share_there)])


class ArrivalsAsked(_Asked):
    """What usually comes later in a day is planned along, at each feeder; the history needs user_id."""

    quantile: _Quantile | None = Field(
        default=None, description="of a day's energy, such as 0.9 for a busy day; left out: the mean day"
    )

    def words(self) -> str:
        """The settings for people."""
        return "arrivals, the mean day" if self.quantile is None else f"arrivals, quantile {self.quantile:g}"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a strategy is to know; nothing by default."""

    caution: CautionAsked | None = None
    arrivals: ArrivalsAsked | None = None

    @classmethod
    def taken_from(cls, settings: dict[str, Any], name: str) -> Self:
        """Take what a study file says of it out of a strategy's settings; ``ValueError`` for what cannot be."""
        return cls(_taken(CautionAsked, settings, "caution", name), _taken(ArrivalsAsked, settings, "arrivals", name))

    def paths(self) -> list[str]:
        """Files it is counted on."""
        return [asked.history for asked in (self.caution, self.arrivals) if asked is not None and asked.history]

    def refuse(self, histories: Mapping[str, History]) -> None:
        """Raise ``InputError``, naming the file, for a history that what is to be known cannot be counted on."""
        else_ = "give that column, or leave history out to count on other cars of the study"
        early, usual = (None if one is None else histories.get(one.history) for one in (self.caution, self.arrivals))
        if self.caution and early is not None and np.isnat(early.departs_at_declared).all():
            raise InputError(
                f"{self.caution.history}: no row has departs_at_declared, so how early drivers leave cannot be "
                f"counted; {else_}"
            )
        if self.arrivals and usual is not None and not (usual.user_id != "").any():
            raise InputError(
                f"{self.arrivals.history}: no row has a user_id, so how many cars it is of is not known; {else_}"
            )

    def words(self) -> list[str]:
        """The settings for people."""
        return [asked.words() for asked in (self.caution, self.arrivals) if asked is not None]


def _taken(kind: type[_Kind], settings: dict[str, Any], key: str, name: str) -> _Kind | None:
    if settings.get(key) is None:
        return None
    given, place = settings.pop(key), f"strategy {name}: {key}"
    if not isinstance(given, Mapping):
        raise ValueError(f"{place} = {given!r}: give keys with values, of {', '.join(kind.model_fields)}")
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            keys = kind.model_fields
            raise ValueError(
                f"{place} has no key {where!r}.{did_you_mean(where, keys)} There are: {', '.join(keys)}"
            ) from error
        message = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        shown = f".{where} = {fault['input']!r}" if where else ""
        raise ValueError(f"{place}{shown}: {message}") from error


@dataclass(frozen=True, slots=True)
class Past:
    """What there is to count on: histories by the path a study names, and sessions of other cars of the study with when
    they left and where they were.
    """

    histories: Mapping[str, History]
    sessions: Sessions
    unplugged_at: InstantArray
    node: IntArray
    tree: CircuitTree
    clock: LocalClock
    cars_at: FloatArray  # (N,) cars of the case at each circuit

    def told(self, strategy: Optimised, knows: Knowledge) -> Optimised:
        """The strategy with what it is to know."""
        if knows.caution is not None:
            strategy = replace(strategy, caution=self.caution(knows.caution))
        if knows.arrivals is not None:
            strategy = replace(strategy, arrivals=self.arrivals(knows.arrivals))
        return strategy

    def caution(self, asked: CautionAsked) -> Caution:
        """How early drivers leave."""
        if asked.history:
            past = self.histories[asked.history]
            risk = DepartureRisk.fit(past.departs_at_declared, past.unplugged_at, past.plugged_at)
        else:
            risk = DepartureRisk.fit(self.sessions.departs_at, self.unplugged_at, self.sessions.plugged_at)
        return Caution(risk, asked.share_there, asked.value_per_kwh)

    def arrivals(self, asked: ArrivalsAsked) -> Arrivals:
        """What usually comes to each feeder."""
        feeder = _feeders(self.tree)
        names = np.array([circuit.node for circuit in self.tree.circuits])
        if asked.history:
            past = self.histories[asked.history]
            return self._of_history(past.take(np.flatnonzero(past.user_id != "")), feeder, names, asked)
        cars, stay = self.sessions, _minutes(self.sessions.departs_at, self.sessions.plugged_at)
        return Arrivals.fit(
            names[feeder[self.node]], self.clock.local(cars.plugged_at), stay, cars.energy_kwh, cars.power_kw_max,
            quantile=asked.quantile,
        )  # fmt: skip

    def _of_history(self, past: History, feeder: IntArray, names: TextArray, asked: ArrivalsAsked) -> Arrivals:
        """A history at every feeder, times the cars there for each driver on record."""
        driver = np.unique(past.user_id, return_inverse=True)[1]
        each = np.bincount(feeder, weights=self.cars_at, minlength=feeder.size) / _drivers_on_record(past, driver)
        there = np.flatnonzero(each > 0)
        rows = np.tile(np.arange(len(past)), there.size)
        times = np.repeat(each[there], len(past))
        leaves = np.where(np.isnat(past.departs_at_declared), past.unplugged_at, past.departs_at_declared)
        power = power_kw(past, driver)
        return Arrivals.fit(
            np.repeat(names[there], len(past)), self.clock.local(past.plugged_at)[rows],
            _minutes(leaves, past.plugged_at)[rows], past.energy_kwh_metered[rows] * times, power[rows] * times,
            quantile=asked.quantile,
        )  # fmt: skip


def _drivers_on_record(past: History, driver: IntArray) -> float:
    """How many drivers are on record on a day, from the first plug-in of each to the last plug-out, in the mean."""
    plugged, unplugged = (
        each.astype("datetime64[s]").astype(np.int64) for each in (past.plugged_at, past.unplugged_at)
    )
    first = np.full(int(driver.max()) + 1, plugged.max())
    last = np.full(first.size, unplugged.min())
    np.minimum.at(first, driver, plugged)
    np.maximum.at(last, driver, unplugged)
    return max(float((last - first).sum()) / float(unplugged.max() - plugged.min()), 1.0)


def _feeders(tree: CircuitTree) -> IntArray:
    """The circuit right below the top that each circuit is at or below; the top itself for the top, shape (N,)."""
    found = np.arange(len(tree))
    for n in range(1, len(tree)):
        above = int(tree.parent[n])
        found[n] = n if above == 0 else found[above]
    return found


def _minutes(later: InstantArray, earlier: InstantArray) -> FloatArray:
    return np.asarray((later - earlier).astype("timedelta64[s]").astype(np.int64) / 60.0)


NOTHING: Final = Knowledge()
"""A strategy that is told nothing of the past."""
