"""Who stands where when each car can be at one charger only, and each charger holds one car."""

from collections.abc import Mapping
from math import inf

Weights = Mapping[tuple[int, int], float]
"""What speaks for a row at a column, above 0; pairs that cannot be are left out."""


def assign(rows: int, columns: int, weights: Weights) -> dict[int, int]:
    """The column of each row that has one, so that the sum of weights is the highest there is; exact.

    Shortest augmenting paths with potentials (Kuhn 1955, Jonker and Volgenant 1987): at most rows squared times
    columns steps. Every row may stay without a column at a weight of 0.
    """
    width = columns + rows  # each row may stay alone at a column of its own
    cost = [[-max(weights.get((row, at), 0.0), 0.0) for at in range(columns)] + [0.0] * rows for row in range(rows)]
    above, beside = [0.0] * (rows + 1), [0.0] * (width + 1)
    taken, way = [0] * (width + 1), [0] * (width + 1)
    for row in range(1, rows + 1):
        taken[0], free = row, 0
        least, seen = [inf] * (width + 1), [False] * (width + 1)
        while taken[free]:
            seen[free], at, step, onward = True, taken[free], inf, 0
            for column in range(1, width + 1):
                if seen[column]:
                    continue
                slack = cost[at - 1][column - 1] - above[at] - beside[column]
                if slack < least[column]:
                    least[column], way[column] = slack, free
                if least[column] < step:
                    step, onward = least[column], column
            for column in range(width + 1):
                if seen[column]:
                    above[taken[column]] += step
                    beside[column] -= step
                else:
                    least[column] -= step
            free = onward
        while free:
            taken[free], free = taken[way[free]], way[free]
    found = {taken[column] - 1: column - 1 for column in range(1, columns + 1) if taken[column]}
    return {row: column for row, column in sorted(found.items()) if weights.get((row, column), 0.0) > 0}


def weight_of(found: Mapping[int, int], weights: Weights) -> float:
    """The sum of weights of what was found."""
    return sum(weights[row, column] for row, column in found.items())


def losses(rows: int, columns: int, weights: Weights, found: Mapping[int, int]) -> dict[tuple[int, int | None], float]:
    """By how much the best sum falls where a row has to be at a column, or (``None``) at none; 0 for what was found.

    Who is in the way moves on, along the cheapest way there is (Floyd 1962), and what is left free is taken by whoever
    gains most by it.
    """
    owner = {column: row for row, column in found.items()}
    start, end = columns, columns + 1
    cost = [[inf] * (columns + 2) for _ in range(columns + 2)]
    for at in range(columns):
        row = owner.get(at)
        cost[at][end] = 0.0 if row is None else weights[row, at]
        waiting = [weights.get((one, at), 0.0) for one in range(rows) if one not in found]
        cost[start][at] = -max([0.0, *waiting])
    for (row, to), weight in weights.items():
        if row in found and found[row] != to and weight > 0:
            cost[found[row]][to] = weights[row, found[row]] - weight
    _shortest(cost)
    told: dict[tuple[int, int | None], float] = {}
    for row in range(rows):
        own = found.get(row)
        told[row, None] = 0.0 if own is None else max(weights[row, own] + min(cost[start][own], 0.0), 0.0)
        for (one, to), weight in weights.items():
            if one != row or weight <= 0:
                continue
            told[row, to] = 0.0 if to == own else _moved(row, to, found, weights, cost)
    return told


def _moved(
    row: int, to: int, found: Mapping[int, int], weights: Weights, cost: list[list[float]]
) -> float:  # fmt: skip
    """The loss where a row takes a column: its owner moves on to a free one, or to what the row leaves."""
    own, start, end = found.get(row), len(cost) - 2, len(cost) - 1
    if own is None:
        return max(cost[to][end] - weights[row, to], 0.0)
    refilled = min(cost[start][own], 0.0)
    return max(weights[row, own] - weights[row, to] + min(cost[to][end] + refilled, cost[to][own]), 0.0)


def _shortest(cost: list[list[float]]) -> None:
    """Lengths of edges to lengths of shortest ways, in place."""
    size = range(len(cost))
    for over in size:
        beyond = cost[over]
        for one in size:
            first = cost[one][over]
            if first == inf or one == over:
                continue
            way = cost[one]
            for to in size:
                if first + beyond[to] < way[to] - 1e-12:
                    way[to] = first + beyond[to]
