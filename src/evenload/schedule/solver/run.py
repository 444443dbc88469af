"""One run of the optimiser: sweeps, tolls, bound and finish over the arrays of ``optimum_setup``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray
from evenload.domain.plan import Plan
from evenload.schedule.problem import Problem
from evenload.schedule.solver.across import first_tolls, without_blocked
from evenload.schedule.solver.fleet_parts import Parts
from evenload.schedule.solver.setup import setup_of
from evenload.schedule.solver.warmth import Warmth, warmth_for

if TYPE_CHECKING:
    from evenload.schedule.kernels import Fleet, Network, Peaks, Prices, Stores

_SOFTER_EACH_SWEEP: Final = 0.95
_SOFTENED_SWEEPS: Final = 20
_SOFTENED_WARM: Final = 1.0
_SCARCITY_CHARGED_MAX: Final = 3
_STIFFER_SCARCE: Final = 60.0
_STATES_MAX: Final = 200_000
_PHASES_MAX: Final = 200_000
_PEAKS_RAISED: Final = 5
_KEPT_KW: Final = 1e-9
_PLACED: Final = 2
_EXCESS_KW: Final = 1e-6
_WISHED: Final = 6
_PEAK_MOVED: Final = 2e-3


@dataclass(frozen=True, slots=True)
class Finished:
    """A plan inside all limits, in the order of the run: kW of slots, what sessions lack (kW summed over slots), its
    cost, where lacking was held up, whether less was proved impossible, and the worst excess over a limit (kW).
    """

    power_kw: FloatArray
    lack: FloatArray
    cost: float
    scarce: BoolArray
    least: bool
    excess_kw: float

    def better_than(self, other: "Finished") -> bool:
        """Less unserved first, then cheaper."""
        served = float(other.lack.sum() - self.lack.sum())
        return served > 1e-6 or (served > -1e-6 and self.cost < other.cost)


class Run:
    """One run's arrays: sessions in order of the tree, circuits parents first, tolls and flows."""

    def __init__(
        self, problem: Problem, gap: float, threads: int = 1, earlier: tuple[Plan, Warmth] | None = None
    ) -> None:
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        self.kernels, self.problem = kernels, without_blocked(problem)
        self.hours = problem.horizon.hours_per_step
        self.setup = setup_of(self.problem, gap)
        self.fleet, self.stores = self.setup.fleet, self.setup.stores
        self.groups = self.setup.groups
        self.parts = Parts(self.fleet, self.setup.net, self.groups, threads)
        self.net = self.parts.net
        self.peaks, self.prices = self.setup.peaks, self.setup.prices
        self.has_stores, self.has_peaks = self.stores.up.size > 0, self.peaks.node.size > 0
        self.has_terms = self.net.parent.size > self.setup.node_of.size
        self.tolls = np.zeros(self.net.toll.shape)
        self.before = self.net.toll.copy()
        self.softened = 1.0
        self.swept = self.scarcity_charged = 0
        self.stiffened = np.zeros(self.groups.toll_most.shape[0], dtype=np.bool_)
        self.dual = -np.inf
        warmth = None if earlier is None else warmth_for(problem, self.net.parent.size, *earlier)
        self.warm, self.changed = warmth is not None, 1.0 if warmth is None else warmth.changed
        if warmth is not None:
            self._start_from(warmth)
        if self.groups.toll_most.size:
            self._cap_tolls()
        self.net.toll[self.setup.shut] = self.prices.refusal - self.prices.buy.min()
        self.rounding = 1e-6 * max(1.0, float(problem.energy_kwh.sum())) * self.setup.spread / self.hours

    def _start_from(self, warmth: Warmth) -> None:
        """Take powers, tolls and marginal prices of an earlier run."""
        self.fleet.power_kw[:] = np.minimum(warmth.power_kw[self.setup.slot], self.fleet.cap_kw)
        self.fleet.marginal[:] = warmth.marginal[self.setup.order]
        self.kernels.make_flows(self.fleet, self.net, self.groups)
        self.softened = max(warmth.softened, _SOFTENED_WARM)
        self.net.toll[:] = warmth.toll
        self.net.toll[self.net.stiffness == 0] = 0.0
        self.net.toll[np.isinf(self.net.head_kw) & (self.net.toll > 0)] = 0.0
        if self.has_stores:
            self.net.toll[np.isinf(self.net.low_kw) & (self.net.toll < 0)] = 0.0
        else:
            np.maximum(self.net.toll, 0.0, out=self.net.toll)
        limits = self.net.kind != self.kernels.SMOOTHING
        self.net.stiffness[limits] *= self.softened

    def _cap_tolls(self) -> None:
        """Tolls of limits across are at most the price of going above, and that where nobody can but go above."""
        tolls = self.net.toll[self.groups.circuits :]
        tolls[:] = np.minimum(np.maximum(tolls, first_tolls(self.net, self.groups)), self.groups.toll_most)

    def sweep(self) -> None:
        """One pass over all sessions and one step of the tolls."""
        self.parts.sweep(self.fleet, self.stores, self.prices)
        self.kernels.raise_tolls(self.net, self.groups, self.peaks)
        if self.softened > _SOFTER_EACH_SWEEP**_SOFTENED_SWEEPS:
            limits = self.net.kind != self.kernels.SMOOTHING
            self.net.stiffness[limits] *= _SOFTER_EACH_SWEEP
            self.softened *= _SOFTER_EACH_SWEEP
        self.swept += 1

    def improve_bound(self, leap: bool) -> float:
        """Evaluate the dual at the current tolls, keep the best; returns by how much it rose.

        With ``leap`` tolls go on in the direction they have taken since the last time, twice as far each time, while
        that raises the dual: where a limit binds by little, sweeps alone would take long to price it.
        """
        value = self._dual(self.net)
        if leap:
            value = self._leap(value)
        self.before = self.net.toll.copy()
        last = self.dual
        if value > last:
            self.dual = value
            self.tolls[:] = self.net.toll
        return max(value - last, 0.0)

    def _dual(self, net: "Network") -> float:
        return self._dual_of(self.stores, net, self.peaks, self.prices)

    def _dual_of(self, stores: "Stores", net: "Network", peaks: "Peaks", prices: "Prices") -> float:
        """Lagrangian dual at tolls: a lower bound on the objective plus ``refusal`` times what is unserved."""
        value = float(self.kernels.network_value(net, self.groups, peaks))  # first: it may scale the tolls of peaks
        path = self.kernels.path_tolls(net, prices.refusal - prices.buy.min())
        return value + self.parts.value(self.fleet, stores, path, prices)

    def _leap(self, value: float) -> float:
        """Move tolls ahead while the dual rises; returns its value there."""
        ahead, length = np.empty_like(self.net.toll), 2.0
        start = self.net.toll.copy()
        while True:
            self.kernels.tolls_ahead(self.net._replace(toll=start), self.groups, self.before, length, ahead)
            ahead[self.setup.shut] = start[self.setup.shut]
            there = self._dual(self.net._replace(toll=ahead))
            if not there > value:
                return value
            value, length = there, 2.0 * length
            self.net.toll[:] = ahead

    def finish(self, best: Finished | None) -> Finished:
        """A plan inside all limits from where the sweeps are, or ``best`` if that is better."""
        found = self._finished(False)
        if self.has_stores and self.has_peaks:
            other = self._finished(True)
            if other.excess_kw <= max(found.excess_kw, _EXCESS_KW) and other.better_than(found):
                found = other
        return found if best is None or found.better_than(best) else best

    def _finished(self, cars_first: bool) -> Finished:
        """A plan inside all limits, peaks where they are; ``cars_first``: batteries serve what others would draw."""
        kernels, setup = self.kernels, self.setup
        fleet = self.fleet._replace(power_kw=self.fleet.power_kw.copy())
        hard = setup.limits._replace(flow_kw=np.zeros(self.net.toll.shape), toll=self.tolls)
        within = hard._replace(head_kw=self._with_peaks(hard.head_kw, cars_first)) if self.has_peaks else hard
        if cars_first:
            self._inside_with_cars(fleet, within)
        else:
            self._inside(fleet, within)
        lack = kernels.lacking(fleet, self.stores)
        kernels.top_up(fleet, within, self.groups, self.prices, lack)
        if self.has_peaks:
            self._serve_under_peaks(fleet, within, lack)
            kernels.top_up(fleet, hard, self.groups, self.prices, lack)  # energy comes before peaks
        scarce = np.zeros(hard.flow_kw.shape, dtype=np.bool_)
        least = self._serve(fleet, hard, lack, scarce)
        self._charge_scarcity(scarce)
        if self.stiffened.size:
            self._stiffen(scarce)
        net = self.net._replace(flow_kw=hard.flow_kw)
        self._polish(fleet, net)
        if self.has_stores:
            lack = kernels.lacking(fleet, self.stores)
        cost = float(kernels.money(fleet, self.stores, self.prices))
        if self.has_terms:
            cost += float(kernels.terms_cost(net, self.groups, self.peaks))
        return Finished(fleet.power_kw, np.maximum(lack, 0.0), cost, scarce, least, self._excess_kw(hard))

    def _serve(self, fleet: "Fleet", net: "Network", lack: FloatArray, scarce: BoolArray) -> bool:
        """Serve what is lacking by exchanges; whether it is proved that no more can be."""
        if self.problem.across is None:
            return bool(self.kernels.serve(fleet, net, lack, scarce, _PHASES_MAX))
        return bool(self.kernels.exchange(fleet, net, self.groups, lack, scarce, _STATES_MAX))

    def _inside(self, fleet: "Fleet", net: "Network") -> None:
        """Bring powers inside the heads: those that give back first, the others to what they leave, then again."""
        if not self.has_stores:
            self.kernels.clip(fleet, net, self.groups, False)
            return
        stores = np.repeat(fleet.battery >= 0, fleet.slots)
        if self.stiffened.size and self._kept(fleet, net, stores):
            return
        fleet.power_kw[stores] = 0.0
        for _ in range(_PLACED):
            self.kernels.place_stores(fleet, self.stores, net, self.groups, self.fleet.power_kw)
        self.kernels.clip(fleet, net, self.groups, True)
        self.kernels.place_stores(fleet, self.stores, net, self.groups, self.fleet.power_kw)

    def _kept(self, fleet: "Fleet", net: "Network", stores: BoolArray) -> bool:
        """Leave those that give back as they are and make others fit; whether that is inside all limits. In limits
        across, who gives back and who charges on the strength of it are seldom found anew one by one.
        """
        wish_kw = fleet.power_kw.copy()
        fleet.power_kw[~stores] = 0.0
        self.kernels.make_flows(fleet, net, self.groups)
        fleet.power_kw[:] = wish_kw
        self.kernels.clip(fleet, net, self.groups, True)
        if self._excess_kw(net) <= _KEPT_KW:
            return True
        fleet.power_kw[:] = wish_kw
        net.flow_kw[:] = 0.0
        return False

    def _inside_with_cars(self, fleet: "Fleet", net: "Network") -> None:
        """Bring powers inside the heads: batteries beside all that others wish to draw, others to what these leave."""
        kernels, theirs = self.kernels, np.repeat(fleet.battery >= 0, fleet.slots)
        wish = self.fleet.power_kw.copy()
        for last in (False, True):
            for _ in range(_WISHED):
                fleet.power_kw[theirs] = 0.0
                kernels.make_flows(fleet, net, self.groups)
                for _ in range(_PLACED):
                    kernels.place_stores(fleet, self.stores, net, self.groups, wish)
                if not self._wish_less(fleet, net, wish):
                    break
            if not last:
                alone = fleet._replace(power_kw=np.where(theirs, fleet.power_kw, 0.0))
                kernels.make_flows(alone, net, self.groups)
                kernels.clip(fleet, net, self.groups, True)

    def _wish_less(self, fleet: "Fleet", net: "Network", wish_kw: FloatArray) -> bool:
        """Let batteries below peaks wish for less where these are exceeded, by their power; False where none is."""
        exceeded = False
        for n in self.peaks.node.tolist():
            excess = np.maximum(net.flow_kw[n] - net.head_kw[n], 0.0)
            rows = np.arange(net.first_row[n], net.last_row[n])
            rows = rows[fleet.battery[rows] >= 0]
            if rows.size and excess.max() > _EXCESS_KW:
                exceeded = True
                back = self.stores.back_kw_max[fleet.battery[rows]]
                for i, share in zip(rows.tolist(), (back / back.sum()).tolist(), strict=True):
                    first, slots, begin = fleet.first_step[i], fleet.slots[i], fleet.begin[i]
                    wish_kw[begin : begin + slots] -= share * excess[first : first + slots]
        return exceeded

    def _polish(self, fleet: "Fleet", net: "Network") -> None:
        """Cost only falls: peaks stay at or below where they have come to."""
        for _ in range(1 + self.has_terms + self.has_stores):
            held = net
            if self.has_peaks:
                nodes, base_kw = self.peaks.node, self.peaks.base_kw
                peak_kw = np.maximum((net.flow_kw[nodes] + base_kw).max(axis=1), self.peaks.floor_kw)
                held = net._replace(head_kw=net.head_kw.copy())
                held.head_kw[nodes] = peak_kw[:, None] - base_kw
            self.kernels.polish(fleet, self.stores, held, self.groups, self.prices, self.setup.shaped)

    def _serve_under_peaks(self, fleet: "Fleet", within: "Network", lack: FloatArray) -> None:
        """Serve what is lacking by exchanges, raising peaks by what their smallest cut says is missing."""
        nodes = self.peaks.node
        for _ in range(_PEAKS_RAISED):
            scarce = np.zeros(within.flow_kw.shape, dtype=np.bool_)
            self._serve(fleet, within, lack, scarce)
            cut = scarce[nodes].sum(axis=1)
            missing = float(lack.sum())
            if missing <= 1e-9 * max(1.0, float(fleet.need.sum())) or not cut.any():
                return
            within.head_kw[nodes] += np.where(cut > 0, missing / np.maximum(cut, 1), 0.0)[:, None]
            self.kernels.top_up(fleet, within, self.groups, self.prices, lack)

    def _with_peaks(self, head_kw: FloatArray, strictly: bool) -> FloatArray:
        """Heads with those of peaks where they are; unless ``strictly``, higher where too much would have to move."""
        heads = head_kw.copy()
        for p, n in enumerate(self.peaks.node.tolist()):
            flow, base = self.net.flow_kw[n], self.peaks.base_kw[p]
            load = np.sort(flow + base)[::-1]
            above = np.cumsum(load) - load * np.arange(1, load.size + 1)  # what is above each of them
            allowed = _PEAK_MOVED * float(np.abs(flow).sum())
            k = int(np.searchsorted(above, allowed, side="right")) - 1
            level = load[k] - (allowed - above[k]) / (k + 1)
            settled = float(self.net.head_kw[n, 0] + base[0])
            heads[n] = (settled if strictly else max(level, settled)) - base
            if not self.net.gives_back[n]:  # a battery below may bring load under what base load is
                heads[n] = np.maximum(heads[n], 0.0)
        return heads

    def _excess_kw(self, net: "Network") -> float:
        """Worst flow outside its bounds."""
        above = float((net.flow_kw - net.head_kw).max(initial=0.0))
        below = float((net.low_kw - net.flow_kw).max(initial=0.0)) if self.has_stores else 0.0
        return max(above, below, 0.0)

    def _charge_scarcity(self, scarce: BoolArray) -> None:
        """Raise tolls where energy stays unserved to what refusing it costs: sweeps would take long to get there."""
        if self.scarcity_charged and self.stiffened.size:
            scarce = scarce & (np.arange(scarce.shape[0]) < self.groups.circuits)[:, None]
        if scarce.any() and self.scarcity_charged < _SCARCITY_CHARGED_MAX:
            self.scarcity_charged += 1
            dear = np.maximum(self.net.toll, self.prices.refusal - self.prices.buy.min(axis=0))
            self.net.toll[:] = np.where(scarce, dear, self.net.toll)

    def _stiffen(self, scarce: BoolArray) -> None:
        """Let tolls of scarce limits across move as fast as refusal costs: which of them are scarce is not proved, and
        what was charged for it in vain has to come down again.
        """
        new = scarce[self.groups.circuits :].any(axis=1) & ~self.stiffened
        self.net.stiffness[self.groups.circuits :][new] *= _STIFFER_SCARCE
        self.stiffened |= new

    def tighten(self, cap_kw: FloatArray) -> None:
        """From now on powers stay below these (K,), given in the order of the problem; the bound stays as it is."""
        self.fleet = self.fleet._replace(cap_kw=np.minimum(cap_kw, self.problem.cap_kw)[self.setup.slot])

    def cut(self, best: Finished, cap_kw: FloatArray) -> Finished:
        """``best`` with powers below ``cap_kw`` (K,), in the order of the problem: it serves less, and all else holds.

        Those that give back on the strength of what is cut are placed anew.
        """
        kernels, net = self.kernels, self.setup.limits._replace(flow_kw=np.zeros(self.net.toll.shape))
        fleet = self.fleet._replace(power_kw=np.minimum(best.power_kw, cap_kw[self.setup.slot]))
        kernels.make_flows(fleet, net, self.groups)
        if self.has_stores and self._excess_kw(net) > max(best.excess_kw, _EXCESS_KW):
            wish_kw, theirs = fleet.power_kw.copy(), np.repeat(fleet.battery >= 0, fleet.slots)
            fleet.power_kw[theirs] = 0.0
            kernels.make_flows(fleet, net, self.groups)
            for _ in range(_PLACED):
                kernels.place_stores(fleet, self.stores, net, self.groups, wish_kw)
        lack, cost = kernels.lacking(fleet, self.stores), float(kernels.money(fleet, self.stores, self.prices))
        if self.has_terms:
            cost += float(kernels.terms_cost(self.net._replace(flow_kw=net.flow_kw), self.groups, self.peaks))
        return Finished(
            fleet.power_kw, np.maximum(lack, 0.0), cost, best.scarce, best.least and not lack.any(),
            self._excess_kw(net),
        )  # fmt: skip

    def least_unserved(self, best: Finished) -> float:
        """A bound on unserved energy (kW summed over slots) that holds for every plan: the dual of serving alone."""
        if best.least and not self.has_stores:
            return float(best.lack.sum())
        if not best.lack.any():
            return 0.0
        none = np.zeros_like(self.prices.buy)
        serving = self.kernels.Prices(none, none, 1.0, 0.0)
        stores = self.stores._replace(wear=np.zeros_like(self.stores.wear))
        nobody = self.peaks._replace(**{name: value[:0] for name, value in self.peaks._asdict().items()})
        bound = 0.0
        tried = [np.zeros(best.scarce.shape), best.scarce.astype(np.float64)]
        if self.stiffened.size:  # the cut that the tolls of the run draw
            tight = np.isfinite(self.setup.limits.head_kw)
            tried.append((tight & (self.tolls > 0.5 * self.prices.refusal)).astype(np.float64))
            tried.append(np.where(tight, (self.tolls + self.prices.buy.mean(axis=0)) / self.prices.refusal, 0.0))
            tried[-1][self.tolls <= self.setup.dearer_than_money] = 0.0
        for tolls in tried:
            net = self.setup.limits._replace(toll=tolls)
            bound = max(bound, self._dual_of(stores, net, nobody, serving))
        return min(bound, float(best.lack.sum()))

    def in_problem_order(self, of_slots: FloatArray) -> FloatArray:
        """Values (K,) of the run's slots, as the problem has them."""
        values = np.empty(of_slots.size)
        values[self.setup.slot] = of_slots
        return values
