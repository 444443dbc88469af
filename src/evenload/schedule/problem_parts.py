"""What a planning problem may hold beyond charging at one price: batteries, tariffs, devices, terms at circuits.

Each part is columnar and optional; a problem without it is the simpler problem. Energies are at the connector: what a
battery stores counts as the charging that put it there, so that one number, the round trip, says what comes back.
Source: DESIGN section 5; requirements R94, R106, R122.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import ColumnsError
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray


@dataclass(frozen=True, slots=True)
class Batteries:
    """Batteries of S sessions; all levels in kWh of charging at the connector, relative to the level at plug-in.

    A session that gives 1 kWh back lowers its level by ``1 / round_trip`` kWh. Its level stays between ``-down_kwh``
    and ``up_kwh`` at every step, and ends at the need (or below it by what is unserved). Above ``knee_kwh`` the highest
    charging power falls in a straight line, to none at ``full_kwh``; both ``inf`` where nothing is known of a taper.
    """

    discharge_kw_max: FloatArray  # (S,) 0 = charging only
    round_trip: FloatArray  # (S,) efficiency of charging times efficiency of discharging, above 0, at most 1
    down_kwh: FloatArray  # (S,) 0 or more
    up_kwh: FloatArray  # (S,) the need or more
    wear_per_kwh: FloatArray  # (S,) currency per kWh given back, 0 or more
    knee_kwh: FloatArray  # (S,) may be negative: plugged in above the knee
    full_kwh: FloatArray  # (S,) above knee_kwh

    @classmethod
    def charging_only(cls, sessions: int) -> Self:
        """Batteries that give nothing back and never taper."""
        none, endless = np.zeros(sessions), np.full(sessions, np.inf)
        return cls(none, np.ones(sessions), none, endless, none, endless, endless)

    def taper(self, power_kw_max: FloatArray, level_kwh: FloatArray, session: IntArray | None = None) -> FloatArray:
        """Highest charging power at battery levels, one of each a session, or one for each index in ``session``."""
        full, knee = self.full_kwh, self.knee_kwh
        if session is not None:
            full, knee = full[session], knee[session]
        with np.errstate(invalid="ignore"):
            share = (full - level_kwh) / (full - knee)
        return np.asarray(power_kw_max * np.clip(np.nan_to_num(share, nan=1.0, posinf=1.0), 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Tariffs:
    """Prices of M tariffs, and which one each session has; currency per kWh, positive prices are paid for import and
    earned for export. Where export earns more than import costs, the optimiser still never does both at once.
    """

    of_session: IntArray  # (S,) index of a tariff
    import_per_kwh: FloatArray  # (M, T)
    export_per_kwh: FloatArray  # (M, T)


@dataclass(frozen=True, slots=True)
class Devices:
    """What a device can be told. ``optimum`` plans any power from 0; ``planner`` makes it what devices can do."""

    control: TextArray  # (S,) domain.session.Control
    power_kw_min: FloatArray  # (S,) 0 or this at the least
    fallback_kw: FloatArray  # (S,) what it draws when its link is lost; NaN = not known
    priority: IntArray  # (S,) higher first
    step_kw: FloatArray | None = None  # (S,) of stepped devices: 1 A on their phases; NaN = continuous above the least
    dwell_steps: IntArray | None = None  # (S,) what it is told stands this long at the least; None = 1
    commands_max: IntArray | None = None  # (S,) how often it may be told something new; -1 = any; None = any


@dataclass(frozen=True, slots=True)
class Across:
    """L limits over chosen sessions wherever they hang in the tree: the group of an event, a phase of a circuit, what a
    site generates itself. The weighted sum of the members' powers stays below the limit in every step, or, where going
    above has a finite price, costs that much. J memberships; a session may be in several limits, in each once.
    """

    name: TextArray  # (L,) for people: "event e7", "phase A of T12", "own generation of depot"
    limit_kw: FloatArray  # (L, T) inf = none; 0 or more where going above has no price
    over_per_kwh: FloatArray  # (L, T) price of going above, currency per kWh, 0 or more; inf = it must not
    limit: IntArray  # (J,) index of the limit
    session: IntArray  # (J,) its member
    weight: FloatArray  # (J,) kW through the limit per kW of the member, above 0
    base_kw: FloatArray | None = None  # (L, T) what flows through it besides; above a limit that must hold: no room
    of_wires: BoolArray | None = None  # (L,) minimum energy keeps it too, as it does a circuit's; None = of none

    def kept_by_minimum(self) -> BoolArray:
        """Which limits minimum energy keeps, shape (L,): those of wires that must hold. It goes before events."""
        wires = np.zeros(self.name.size, dtype=np.bool_) if self.of_wires is None else self.of_wires
        return wires & np.isinf(self.over_per_kwh).all(axis=1)

    def head_kw(self) -> FloatArray:
        """What is left for members, kW, shape (L, T): 0 at the least where the limit must hold, else below 0 too."""
        head = self.limit_kw if self.base_kw is None else self.limit_kw - self.base_kw
        return np.where(np.isinf(self.over_per_kwh), np.maximum(head, 0.0), head)

    def beside(self, base_kw: FloatArray) -> Self:
        """The limits with something more (L, T) flowing through them."""
        return replace(self, base_kw=base_kw if self.base_kw is None else self.base_kw + base_kw)

    def between(self, first: int, last: int) -> Self:
        """The limits in steps ``first:last``."""
        base = None if self.base_kw is None else self.base_kw[:, first:last]
        limit, over = self.limit_kw[:, first:last], self.over_per_kwh[:, first:last]
        return replace(self, limit_kw=limit, over_per_kwh=over, base_kw=base)

    def joined(self, others: Self) -> Self:
        """These limits and others over the same sessions, one after the other."""

        def both(column: str) -> NDArray[Any] | None:
            values = [getattr(across, column) for across in (self, others)]
            if all(value is None for value in values):
                return None
            like = next(value for value in values if value is not None)
            none = [np.zeros((across.name.size, *like.shape[1:]), dtype=like.dtype) for across in (self, others)]
            return np.concatenate([zero if value is None else value for value, zero in zip(values, none, strict=True)])

        columns: dict[str, Any] = {column.name: both(column.name) for column in fields(self)}
        limit = np.concatenate([self.limit, others.limit + self.name.size])
        return replace(self, **columns | {"limit": limit})

    def take(self, rows: IntArray, sessions: int) -> Self:
        """The same limits over some of the ``sessions``, which are numbered anew as ``rows`` lists them."""
        place = np.full(sessions, -1)
        place[rows] = np.arange(rows.size)
        kept = place[self.session] >= 0
        return replace(self, limit=self.limit[kept], session=place[self.session[kept]], weight=self.weight[kept])


@dataclass(frozen=True, slots=True)
class CircuitTerms:
    """What M circuits add to the objective; a circuit may be listed more than once.

    ``smoothing`` times load squared, summed over hours; ``peak_per_kw`` times the highest load of the horizon as far as
    it is above ``peak_kw_so_far``. Load counts base load.
    """

    node: IntArray  # (M,)
    smoothing_per_kw2h: FloatArray  # (M,) currency per kW2 and hour, 0 or more
    peak_per_kw: FloatArray  # (M,) currency per kW, 0 or more
    peak_kw_so_far: FloatArray  # (M,) -inf = nothing yet
    counts: BoolArray | None = None  # (M, T) whether a step counts for the peak, once in each row at least; None = all

    def peak_kw(self, load_kw: FloatArray) -> FloatArray:
        """Highest of loads (M, T) in the steps that count, shape (M,)."""
        counted = load_kw if self.counts is None else np.where(self.counts, load_kw, -np.inf)
        return np.asarray(counted.max(axis=1))


def refuse_shapes(part: Batteries | Devices | CircuitTerms, rows: int) -> None:
    """Raise ``ColumnsError`` unless every column of a part that is there has one value a row."""
    for column in fields(part):
        value = getattr(part, column.name)
        if value is not None and value.shape != (rows,):
            raise ColumnsError(f"{type(part).__name__}.{column.name} has shape {value.shape}, expected {(rows,)}")


def refuse_across(across: Across, sessions: int, steps: int) -> None:
    """Raise ``ColumnsError`` for limits across the tree that cannot be."""
    limits, members = across.name.shape[0], across.limit.shape[0]
    shapes = {
        "limit_kw": (limits, steps), "over_per_kwh": (limits, steps), "session": (members,), "weight": (members,),
    }  # fmt: skip
    if across.base_kw is not None:
        shapes["base_kw"] = (limits, steps)
    if across.of_wires is not None:
        shapes["of_wires"] = (limits,)
    for column, shape in shapes.items():
        if getattr(across, column).shape != shape:
            raise ColumnsError(f"Across.{column} has shape {getattr(across, column).shape}, expected {shape}")
    if across.base_kw is not None and not np.isfinite(across.base_kw).all():
        raise ColumnsError("Across.base_kw holds a value that is not a finite number")
    wrong = {
        "limit_kw": ~((across.limit_kw >= 0) | (np.isfinite(across.over_per_kwh) & (across.limit_kw > -np.inf))),
        "over_per_kwh": ~(across.over_per_kwh >= 0),
        "limit": (across.limit < 0) | (across.limit >= limits),
        "session": (across.session < 0) | (across.session >= sessions),
        "weight": ~((across.weight > 0) & np.isfinite(across.weight)),
    }  # fmt: skip
    for column, bad in wrong.items():
        if bad.any():
            raise ColumnsError(f"Across.{column} holds {getattr(across, column)[bad][0]}, which cannot be")
    pairs = across.limit * max(sessions, 1) + across.session
    if np.unique(pairs).size != members:
        raise ColumnsError("Across has a session twice in one limit")


def refuse_tariffs(tariffs: Tariffs, sessions: int, steps: int) -> None:
    """Raise ``ColumnsError`` unless every session has a tariff, and every tariff a finite price a step."""
    shape = (tariffs.import_per_kwh.shape[0], steps)
    for name in ("import_per_kwh", "export_per_kwh"):
        price = getattr(tariffs, name)
        if price.shape != shape or not np.isfinite(price).all():
            raise ColumnsError(f"Tariffs.{name} needs finite prices of shape {shape}, not {price.shape}")
    known = (tariffs.of_session >= 0) & (tariffs.of_session < shape[0])
    if tariffs.of_session.shape != (sessions,) or not known.all():
        raise ColumnsError("Tariffs.of_session needs the index of a tariff for every session")


def refuse_terms(terms: CircuitTerms, nodes: int, steps: int) -> None:
    """Raise ``ColumnsError`` for terms at a circuit that is not there, or that cannot be minimised."""
    rows = terms.node.shape[0]
    refuse_shapes(replace(terms, counts=None), rows)
    if terms.counts is not None and not (terms.counts.shape == (rows, steps) and terms.counts.any(axis=1).all()):
        raise ColumnsError(f"CircuitTerms.counts needs shape {(rows, steps)} and a step that counts in every row")
    wrong = {
        "node": (terms.node < 0) | (terms.node >= nodes),
        "smoothing_per_kw2h": ~(np.isfinite(terms.smoothing_per_kw2h) & (terms.smoothing_per_kw2h >= 0)),
        "peak_per_kw": ~(np.isfinite(terms.peak_per_kw) & (terms.peak_per_kw >= 0)),
        "peak_kw_so_far": np.isnan(terms.peak_kw_so_far) | (terms.peak_kw_so_far == np.inf),
    }
    for name, bad in wrong.items():
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ColumnsError(f"CircuitTerms.{name}[{row}] = {getattr(terms, name)[row]} cannot be")


def refuse_impossible(batteries: Batteries, energy_kwh: FloatArray) -> None:
    """Raise ``ColumnsError`` for batteries that cannot be, or not one a need (S,)."""
    refuse_shapes(batteries, energy_kwh.shape[0])
    wrong = {
        "discharge_kw_max": ~(np.isfinite(batteries.discharge_kw_max) & (batteries.discharge_kw_max >= 0)),
        "round_trip": ~((batteries.round_trip > 0) & (batteries.round_trip <= 1)),
        "down_kwh": ~(batteries.down_kwh >= 0),
        "up_kwh": ~(batteries.up_kwh >= energy_kwh * (1 - 1e-9)),
        "wear_per_kwh": ~(np.isfinite(batteries.wear_per_kwh) & (batteries.wear_per_kwh >= 0)),
        "knee_kwh": np.isnan(batteries.knee_kwh),
        "full_kwh": ~((batteries.full_kwh > batteries.knee_kwh) | np.isinf(batteries.full_kwh)),
    }
    for name, bad in wrong.items():
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ColumnsError(f"Batteries.{name}[{row}] = {getattr(batteries, name)[row]} cannot be")
