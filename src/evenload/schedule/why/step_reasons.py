"""The reason for a car's power in every step, by what the car, the prices and the circuits are there."""

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.reason import StepReason
from evenload.schedule.blocks import Block
from evenload.schedule.devices.levels import levels_of
from evenload.schedule.paths import heaviest, sum_down
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import CircuitTerms
from evenload.schedule.why.own_generation import OwnGeneration
from evenload.schedule.why.summary import Outcome

REASONS: Final = tuple(StepReason)
"""Reasons by their code."""

CODE: Final = {reason: np.uint8(code) for code, reason in enumerate(REASONS)}

NOTHING: Final = np.uint8(255)
"""The code of a slot that has no reason of the kind asked for."""

SHARE: Final = 1e-3
"""Power within this share of the cap is full, or off; prices within this share of the spread are alike."""

_AT_PEAK: Final = 1e-4
_SCARCE: Final = 1e30
_CLOSED: Final = np.inf

_Scalar = TypeVar("_Scalar", bound=np.generic)


class Field(NamedTuple):
    """What a car meets at each node and step, (N, T): ``limiting`` and ``peaking``, the circuit on the path that holds
    it by its limit or its peak (-1 for none; ``peaking`` is None without any), and whether the path is ``blocked`` for
    one kW more. ``terms_per_kwh`` is what smoothing adds to a price, ``alike_per_kwh`` below which prices are the same.
    ``coarse`` (S,): not every power can be told.
    """

    limiting: IntArray
    blocked: BoolArray
    peaking: IntArray | None
    terms_per_kwh: FloatArray | None
    alike_per_kwh: float
    coarse: BoolArray


def field_of(outcome: Outcome, shadow_price: FloatArray | None, scarcity: BoolArray | None) -> Field:
    """Look at the circuits of a plan; see ``explain.explain`` for the arguments."""
    problem = outcome.problem
    weight = np.zeros(outcome.load_kw.shape) if shadow_price is None else np.maximum(shadow_price, 0.0)
    if scarcity is not None:
        weight = np.where(scarcity, _SCARCE, weight)
    weight = np.where(problem.base_load_kw >= problem.limit_kw, _CLOSED, weight)
    limiting, heavy = heaviest(problem.tree, np.where(outcome.at_limit, weight, -1.0))
    price = problem.import_price()
    return Field(
        np.where(heavy >= 0, limiting, -1), heavy >= _SCARCE, _peaking(problem.tree, problem.terms, outcome.load_kw),
        _smoothing_per_kwh(problem.tree, problem.terms, outcome.load_kw),
        SHARE * max(float(price.max() - price.min()), 1e-6), levels_of(problem).coarse(),
    )  # fmt: skip


def _peaking(tree: CircuitTree, terms: CircuitTerms | None, load_kw: FloatArray) -> IntArray | None:
    """The circuit on each node's path whose peak, which is paid for, any more load would raise."""
    if terms is None or not (terms.peak_per_kw > 0).any():
        return None
    kw, price = load_kw[terms.node], terms.peak_per_kw[:, None]
    at_peak = kw >= np.maximum(terms.peak_kw(kw), terms.peak_kw_so_far)[:, None] * (1 - _AT_PEAK)
    if terms.counts is not None:
        at_peak &= terms.counts
    paid = np.full(load_kw.shape, -1.0)
    np.maximum.at(paid, terms.node, np.where(at_peak & (price > 0), price, -1.0))
    circuit, dearest = heaviest(tree, paid)
    return np.where(dearest >= 0, circuit, -1)


def _smoothing_per_kwh(tree: CircuitTree, terms: CircuitTerms | None, load_kw: FloatArray) -> FloatArray | None:
    """What one kWh more costs in smoothing on each node's path."""
    if terms is None or not (terms.smoothing_per_kw2h > 0).any():
        return None
    marginal = np.zeros(load_kw.shape)
    np.add.at(marginal, terms.node, 2.0 * terms.smoothing_per_kw2h[:, None] * load_kw[terms.node])
    return sum_down(tree, marginal)


@dataclass(frozen=True, slots=True)
class Look:
    """A block's slots as they are judged; ``dearest_per_kwh`` (m,) is the highest price each session draws at, but for
    its minimum.
    """

    field: Field
    block: Block
    local: IntArray  # (k,) session of each slot, counted in the block
    cell: tuple[IntArray, IntArray]  # (k,) node and step
    opted_out: BoolArray  # (k,)
    minimum: BoolArray  # (k,)
    price_per_kwh: FloatArray  # (k,) of one kWh more
    dearest_per_kwh: FloatArray
    own: OwnGeneration | None

    @classmethod
    def at(cls, outcome: Outcome, field: Field, block: Block, own: OwnGeneration | None = None) -> "Look":
        """Look at a block; ``own`` is what own generation does to prices."""
        problem = outcome.problem
        cell = (problem.node[block.session], block.step)
        price = _price_per_kwh(problem, block)
        if field.terms_per_kwh is not None:
            price = price + field.terms_per_kwh[cell]
        off_kw = SHARE * block.cap_kw
        minimum = np.zeros(off_kw.size, dtype=np.bool_)
        if outcome.minimum_kw is not None:
            minimum = outcome.minimum_kw[block.slots] > off_kw
        drawing = (block.power_kw > off_kw) & ~minimum
        paid = price if own is None else price + own.drawn_per_kwh[block.slots]
        dearest = each_session(np.maximum, np.where(drawing, paid, -np.inf), block, -np.inf)
        local = block.session - block.sessions.start
        more = price if own is None else price + own.more_per_kwh[block.slots]
        return cls(field, block, local, cell, problem.opted_out[block.session], minimum, more, dearest, own)

    def wants(self, would_pay: FloatArray) -> BoolArray:
        """Where a session wants all it can draw (k,): one kWh more costs less than it ``would_pay`` (m,)."""
        return np.asarray(self.price_per_kwh < would_pay[self.local] - self.field.alike_per_kwh)

    def reasons(self, would_pay: FloatArray, ready: IntArray) -> NDArray[np.uint8]:
        """Codes (k,); ``would_pay`` (m,) is the price below which each session wants all it can draw, ``ready`` (m,)
        the slots after which its need is met. Later assignments come first in the order of ``StepReason``.
        """
        block, field = self.block, self.field
        kw, off_kw = block.power_kw, SHARE * block.cap_kw
        wants = self.wants(would_pay)
        slot = np.arange(kw.size) - block.begin[self.local]
        code = np.where(kw > off_kw, CODE[StepReason.CHEAP_SHARE], CODE[StepReason.WAITING_CHEAPER])
        coarse = field.coarse[block.session]
        if self.own is not None:
            code[self._waits_for_own(self.own, would_pay)] = CODE[StepReason.WAITING_GENERATION]
        done = slot == ready[self.local] - 1  # it stops by itself when the need is met, at whatever power it was told
        code[coarse & (((kw > off_kw) & ~done) | wants)] = CODE[StepReason.DEVICE]
        if field.peaking is not None:
            code[wants & (field.peaking[self.cell] >= 0)] = CODE[StepReason.PEAK]
        code[wants & (field.limiting[self.cell] >= 0)] = CODE[StepReason.CIRCUIT_LIMIT]
        if block.ceiling_kw is not block.cap_kw:
            tapered = (block.ceiling_kw < block.cap_kw - off_kw) & (kw >= block.ceiling_kw - off_kw)
            code[tapered] = CODE[StepReason.TAPER]
        code[kw >= block.cap_kw - off_kw] = CODE[StepReason.FULL_POWER]
        if self.own is not None:
            free = (code == CODE[StepReason.FULL_POWER]) | (code == CODE[StepReason.CHEAP_SHARE])
            code[free & self._from_own(self.own, would_pay)] = CODE[StepReason.OWN_GENERATION]
        code[self.minimum] = CODE[StepReason.MINIMUM]
        code[kw < -off_kw] = CODE[StepReason.GIVES_BACK]
        code[self.opted_out] = CODE[StepReason.OPTED_OUT]
        code[(slot >= ready[self.local]) & (np.abs(kw) <= off_kw)] = CODE[StepReason.NEED_MET]
        return code

    def _from_own(self, own: OwnGeneration, would_pay: FloatArray) -> BoolArray:
        """Where a session draws own generation, and would not if it had to buy."""
        here = self.block.slots
        cheap = self.price_per_kwh - own.more_per_kwh[here] + own.drawn_per_kwh[here]
        bought = self.price_per_kwh - own.more_per_kwh[here] + own.bought_per_kwh[here]
        most = would_pay[self.local] + self.field.alike_per_kwh
        drawing = self.block.power_kw > SHARE * self.block.cap_kw
        return np.asarray(drawing & own.is_there[here] & (cheap <= most) & (bought > most))

    def _waits_for_own(self, own: OwnGeneration, would_pay: FloatArray) -> BoolArray:
        """Where a session is off for want of own generation, and draws some later."""
        draws = self._from_own(own, would_pay)
        here, slot = self.block.slots, np.arange(draws.size)
        last = each_session(np.maximum, np.where(draws, slot, -1), self.block, -1)
        cheap = self.price_per_kwh - own.more_per_kwh[here]
        for_want = (cheap < would_pay[self.local]) & ~self.wants(would_pay) & (own.holder[here] >= 0)
        off = np.abs(self.block.power_kw) <= SHARE * self.block.cap_kw
        return np.asarray(off & for_want & (slot < last[self.local]))

    def more_possible(self) -> BoolArray:
        """Whether each session could draw more in any slot where the path to the grid is not blocked, shape (m,)."""
        room = self.block.power_kw < self.block.ceiling_kw - SHARE * self.block.cap_kw
        return each_session(np.logical_or, room & ~self.field.blocked[self.cell], self.block, False)


def _price_per_kwh(problem: Problem, block: Block) -> FloatArray:
    price = problem.import_price()
    if price.shape[0] == 1:
        return np.asarray(price[0][block.step])
    return np.asarray(price[problem.tariff_of_session()[block.session], block.step])


def each_session(combine: np.ufunc, values: NDArray[_Scalar], block: Block, empty: float | bool) -> NDArray[_Scalar]:
    """Combine the values (k,) of each session of a block, shape (m,); ``empty`` for a session without a slot."""
    lengths = np.diff(block.begin, append=values.size)
    found = np.full(lengths.size, empty, dtype=values.dtype)
    some = lengths > 0
    if some.any():
        found[some] = combine.reduceat(values, block.begin[some])
    return found
