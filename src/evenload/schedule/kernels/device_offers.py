"""What a device is offered as things stand, room and price of each slot, and its best answer.

``kernels.network`` has the words of fleets and networks, ``kernels.device_answers`` those of devices.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.kernels.device_answers import Choice, Offer, Pack, drawn, step_by_step
from evenload.schedule.kernels.device_commands import few_commands
from evenload.schedule.kernels.network import (
    NONE,
    SMALL,
    SMOOTHING,
    Fleet,
    Groups,
    Network,
    Prices,
    is_member,
    loose,
    room_across,
    room_up,
)
from evenload.schedule.kernels.optimum import take, take_across

_LEVELS_TRIED: Final = 5


class Told(NamedTuple):
    """D devices that take only some levels, and what they were told last."""

    row: IntArray  # (D,) session in the fleet
    least_kw: FloatArray  # (D,) lowest level but 0
    step_kw: FloatArray  # (D,) 0 = any level above the least
    most_kw: FloatArray  # (D,)
    dwell: IntArray  # (D,) slots a level stands at the least
    commands: IntArray  # (D,) below 0 = any number
    knee: FloatArray  # (D,) battery level above which charging power falls, amount
    full: FloatArray  # (D,) battery level at which it ends
    near_first: IntArray  # (D,) devices near each, that may change places with it
    near_last: IntArray  # (D,)
    quiet: BoolArray  # (D,) looked for others in vain, and nothing near it has changed since
    told_kw: FloatArray  # (K,) written to


class Scene(NamedTuple):
    """Where devices are placed. With ``soft``, ``own`` and ``hard`` hold devices alone, which stay inside their limits,
    ``fleet`` and ``net`` all sessions, with tolls. Else ``own`` and ``hard`` are ``fleet`` and ``net``.
    """

    own: Fleet
    hard: Network
    fleet: Fleet
    net: Network
    groups: Groups
    prices: Prices
    soft: bool


@njit(cache=True, nogil=True)
def put(scene: Scene, i: int, power: FloatArray, kw: FloatArray) -> None:
    """Session i changes to other powers, wherever it is; ``kw`` is space to work in."""
    kw[:] = power
    _change(scene.own, scene.hard, scene.groups, i, kw)
    if scene.soft:
        kw[:] = power
        _change(scene.fleet, scene.net, scene.groups, i, kw)


@njit(cache=True, nogil=True)
def _change(fleet: Fleet, net: Network, groups: Groups, i: int, kw: FloatArray) -> None:
    if is_member(groups, i):
        take_across(fleet, net, groups, i, kw)
    else:
        take(fleet, net, i, kw)


@njit(cache=True, nogil=True)
def offered(scene: Scene, told: Told, d: int, work: FloatArray) -> None:
    """Rooms and prices of device d as things stand: rows 0 to 2 an offer, 3 and 4 what powers cost."""
    i = told.row[d]
    n = scene.own.slots[i]
    offer, first, rise = Offer(work[0, :n], work[1, :n], work[2, :n]), work[3, :n], work[4, :n]
    rooms(scene.own, scene.hard, scene.groups, i, told.most_kw[d], offer)
    if scene.soft:
        soft_prices(scene.fleet, scene.net, scene.groups, scene.prices, i, offer)
        first[:] = offer.paid
        rise[:] = 0.0
    else:
        hard_prices(scene.fleet, scene.net, scene.groups, scene.prices, i, first, rise, offer)


@njit(cache=True, nogil=True)
def cost_at(scene: Scene, i: int, power: FloatArray, work: FloatArray) -> float:
    """What powers cost session i at what it is ``offered``, refusal of what is lacking included."""
    cost, got, need = 0.0, 0.0, scene.own.need[i]
    for k in range(power.size):
        cost += power[k] * (work[3, k] + 0.5 * work[4, k] * power[k])
        got += power[k]
    if not scene.soft and is_member(scene.groups, i):
        cost += _over(scene.fleet, scene.net, scene.groups, i, power)
    lack = need - got
    return cost + scene.prices.refusal * lack if lack > SMALL * (1.0 + need) else cost


@njit(cache=True, nogil=True)
def _over(fleet: Fleet, net: Network, groups: Groups, i: int, power: FloatArray) -> float:
    """What powers pay for going above limits across, all others as they are."""
    t0, b, cost = fleet.first_step[i], fleet.begin[i], 0.0
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node, weight = groups.node[j], groups.weight[j]
        for k in range(power.size):
            price = groups.toll_most[node - groups.circuits, t0 + k]
            if price < np.inf:
                others = net.flow_kw[node, t0 + k] - weight * fleet.power_kw[b + k] - net.head_kw[node, t0 + k]
                cost += price * (max(others + weight * power[k], 0.0) - max(others, 0.0))
    return cost


@njit(cache=True, nogil=True)
def rooms(fleet: Fleet, net: Network, groups: Groups, i: int, most_kw: float, offer: Offer) -> None:
    """Room of each slot with the session's own power free again, and the share of it the car is plugged in."""
    for k in range(offer.room.size):
        slot = fleet.begin[i] + k
        offer.share[k] = fleet.cap_kw[slot] / max(fleet.power_kw_max[i], SMALL)
        more = room_up(fleet, net, i, fleet.first_step[i] + k)
        if is_member(groups, i):
            more = min(more, room_across(net, groups, i, fleet.first_step[i] + k))
        free = max(fleet.power_kw[slot] + more, 0.0)
        offer.room[k] = min(free, most_kw * offer.share[k])


@njit(cache=True, nogil=True)
def alone(scene: Scene, i: int, most_kw: float, offer: Offer) -> None:
    """What session i would be offered if it were alone below its circuits, all slots at one price."""
    own, net = scene.own, scene.hard
    for k in range(offer.room.size):
        t = own.first_step[i] + k
        offer.share[k] = own.cap_kw[own.begin[i] + k] / max(own.power_kw_max[i], SMALL)
        offer.paid[k] = 0.0
        offer.room[k] = most_kw * offer.share[k]
        node = own.leaf[i]
        while node != NONE:
            if net.kind[node] != SMOOTHING:
                offer.room[k] = max(min(offer.room[k], net.head_kw[node, t]), 0.0)
            node = net.parent[node]


@njit(cache=True, nogil=True)
def soft_prices(fleet: Fleet, net: Network, groups: Groups, prices: Prices, i: int, offer: Offer) -> None:
    """What a kW costs on average up to the room: energy, tolls, and what stiffness adds where it crowds others out."""
    t0, n = fleet.first_step[i], offer.paid.size
    power, buy = fleet.power_kw[fleet.begin[i] : fleet.begin[i] + n], prices.buy[fleet.tariff[i]]
    for k in range(n):
        offer.paid[k] = buy[t0 + k]
    node = fleet.leaf[i]
    while node != NONE:
        steep = net.stiffness[node]
        if steep > 0.0:
            smooths = net.kind[node] == SMOOTHING
            for k in range(n):
                above = net.flow_kw[node, t0 + k] - power[k] - net.head_kw[node, t0 + k]
                toll = net.toll[node, t0 + k] + steep * above
                offer.paid[k] += toll + 0.5 * steep * offer.room[k] if smooths else _toll(toll, steep * offer.room[k])
        node = net.parent[node]
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node, weight = groups.node[j], groups.weight[j]
        for k in range(n):
            above = net.flow_kw[node, t0 + k] - weight * power[k] - net.head_kw[node, t0 + k]
            toll = _toll(
                net.toll[node, t0 + k] + net.stiffness[node] * above, net.stiffness[node] * weight * offer.room[k]
            )
            offer.paid[k] += weight * min(toll, groups.toll_most[node - groups.circuits, t0 + k])


@njit(cache=True, nogil=True)
def _toll(at_none: float, more_at_most: float) -> float:
    """The mean of a toll that is never below 0 and rises in a line from no power to the most."""
    if at_none >= 0.0:
        return at_none + 0.5 * more_at_most
    at_most = at_none + more_at_most
    return 0.5 * at_most**2 / more_at_most if at_most > 0.0 else 0.0  # the kink lies between


@njit(cache=True, nogil=True)
def hard_prices(
    fleet: Fleet,
    net: Network,
    groups: Groups,
    prices: Prices,
    i: int,
    first: FloatArray,
    rise: FloatArray,
    offer: Offer,
) -> None:
    """What the first kW costs in each slot, how much more each further one, and what one costs up to the room.

    What limits across ask is in the last of these alone: ``cost_at`` adds it.
    """
    t0, b, n = fleet.first_step[i], fleet.begin[i], first.size
    rise[:] = 0.0
    for k in range(n):
        first[k] = prices.buy[fleet.tariff[i], t0 + k]
    node = fleet.leaf[i]
    while node != NONE:
        if net.kind[node] == SMOOTHING:
            steep = net.stiffness[node]
            for k in range(n):
                others = net.flow_kw[node, t0 + k] - fleet.power_kw[b + k]
                first[k] += steep * (others - net.head_kw[node, t0 + k])
                rise[k] += steep
        node = net.parent[node]
    for k in range(n):
        offer.paid[k] = first[k] + 0.5 * rise[k] * offer.room[k]
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node, weight = groups.node[j], groups.weight[j]
        for k in range(n):
            price, most = groups.toll_most[node - groups.circuits, t0 + k], offer.room[k]
            if price < np.inf and most > SMALL:
                others = net.flow_kw[node, t0 + k] - weight * fleet.power_kw[b + k] - net.head_kw[node, t0 + k]
                offer.paid[k] += price * (max(others + weight * most, 0.0) - max(others, 0.0)) / most


@njit(cache=True, nogil=True)
def relied_on(fleet: Fleet, net: Network, i: int) -> bool:
    """Whether anybody gives back on the strength of what session i draws."""
    for k in range(fleet.slots[i]):
        power = fleet.power_kw[fleet.begin[i] + k]
        if power > SMALL and loose(fleet, net, i, fleet.first_step[i] + k) < power - SMALL:
            return True
    return False


@njit(cache=True, nogil=True)
def answer(
    fleet: Fleet,
    told: Told,
    d: int,
    offer: Offer,
    refusal: float,
    levels: FloatArray,
    power: FloatArray,
    trial: FloatArray,
    trial_levels: FloatArray,
) -> None:
    """Write the best levels found for device d, and the powers they bring."""
    i = told.row[d]
    pack = Pack(fleet.need[i], told.knee[d], told.full[d], fleet.power_kw_max[i])
    choice = Choice(told.least_kw[d], told.step_kw[d], told.most_kw[d])
    levels[:] = 0.0
    power[:] = 0.0
    if pack.need <= SMALL or levels.size == 0 or choice.most <= SMALL:
        return
    if told.commands[d] < 0 and told.dwell[d] <= 1 and choice.least < choice.most:
        step_by_step(offer, pack, choice, refusal, levels, power)
        return
    least = refusal * pack.need
    for turn in range(_LEVELS_TRIED):
        level = _level_tried(choice, turn)
        if turn > 0 and level >= choice.most:
            break
        few_commands(offer, pack, level, told.dwell[d], told.commands[d], refusal, trial)
        for k in range(trial.size):
            trial_levels[k] = level if trial[k] > SMALL else 0.0
        drawn(trial_levels, offer.share, pack, trial)
        cost = 0.0
        lack = pack.need
        for k in range(trial.size):
            cost += trial[k] * offer.paid[k] if trial[k] <= offer.room[k] + SMALL else np.inf
            lack -= trial[k]
        cost += refusal * max(lack, 0.0)
        if cost < least - 1e-12 * abs(least):
            least = cost
            levels[:] = trial_levels
            power[:] = trial


@njit(cache=True, nogil=True)
def _level_tried(choice: Choice, turn: int) -> float:
    """The highest level, then lower ones down to the least; the highest again where there are no others."""
    if choice.least >= choice.most:
        return choice.most
    wanted = choice.most - (choice.most - choice.least) * turn / (_LEVELS_TRIED - 1)
    if choice.step <= 0.0:
        return max(wanted, choice.most / 16)
    return choice.least + float(np.round((wanted - choice.least) / choice.step)) * choice.step
