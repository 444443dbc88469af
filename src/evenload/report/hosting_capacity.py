"""Hosting capacity over seeds: what a share of them support."""

import math
from collections.abc import Sequence


def supported(capacities: Sequence[float], share: float) -> float:
    """Highest penetration that at least ``share`` (0-1] of the seeds support; NaN without seeds.

    A seed supports every penetration up to its capacity, so this is the k-th largest capacity, k = ceil(share x seeds).
    -1 stands for a seed that fails at every penetration studied; what is not finite is no seed.
    """
    known = sorted((float(value) for value in capacities if math.isfinite(value)), reverse=True)
    if not known:
        return math.nan
    return known[math.ceil(share * len(known) - 1e-9) - 1]
