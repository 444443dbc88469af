"""Members of classes met while forecasting, kept to teach the nodes without history."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from evenload.base.units import FloatArray
from evenload.forecast.class_profile import ClassForecast, from_members
from evenload.forecast.history import NodeFacts
from evenload.forecast.own_history import Part

MEMBERS_LEAST = 3
"""A class is learned from so many nodes with history; with fewer, the profile handed in is used."""
_MEMBERS_MOST = 64


@dataclass(slots=True)
class ClassPool:
    """The first 64 nodes of each class that have a history of their own: samples (J, M), mean size (kW) and row."""

    facts: NodeFacts
    weight: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    members: defaultdict[str, list[tuple[FloatArray, float, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, part: Part) -> None:
        """Take what ``part`` has to teach."""
        self.weight = part.samples.weight
        names = self.facts.class_name[part.rows]
        for at in np.flatnonzero(part.enough & (names != "") & (part.mean_kw > 0)).tolist():
            members = self.members[str(names[at])]
            if len(members) < _MEMBERS_MOST:
                members.append((part.samples.load_kw[at].copy(), float(part.mean_kw[at]), int(part.rows[at])))

    def ahead(self, name: str) -> ClassForecast | None:
        """What the members of a class say of it; None where there are too few of them."""
        members = self.members.get(name, [])
        if len(members) < MEMBERS_LEAST:
            return None
        samples, mean_kw, rows = zip(*members, strict=True)
        return from_members(samples, self.weight, np.array(mean_kw), self.facts.take(np.array(rows)))
