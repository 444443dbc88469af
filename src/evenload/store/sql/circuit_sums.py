"""Sums of quarters at circuits."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from evenload.store.slot_means import SLOT_US
from evenload.store.sql.columns import to_instant, to_microseconds
from evenload.store.sql.schema import meters
from evenload.store.sql.schema_live import circuits, devices, sessions
from evenload.store.sql.slots import Slot


@dataclass(frozen=True, slots=True)
class Places:
    """Which circuits a meter is below, by its number: pairs of tenant and node.

    ``aside`` are spans (microseconds) in which what a meter told is counted by another: a car's own at a charger.
    """

    above: dict[int, tuple[tuple[str, str], ...]]
    aside: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def counts(self, meter: int, at: int) -> bool:
        """Whether a quarter of a meter counts where it stands."""
        return not any(start < at + SLOT_US and at < end for start, end in self.aside.get(meter, ()))

    @classmethod
    def of(cls, connection: Connection, since: int = 0) -> "Places":
        """As the grid and the devices are now; a site's circuit has its name. Of sessions those after ``since``."""
        parents = {
            (row.tenant, row.node): row.parent
            for row in connection.execute(select(circuits.c.tenant, circuits.c.node, circuits.c.parent))
        }
        own = (meters.c[name] == devices.c[name] for name in ("tenant", "identity", "evse_id"))
        found = select(meters.c.meter, meters.c.tenant, devices.c.site_id).join_from(meters, devices, _all(own))
        ways: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        above = {}
        for meter, tenant, site_id in connection.execute(found.where(devices.c.retired_at.is_(None))):
            site = (tenant, site_id)
            above[meter] = ways[site] = ways.get(site) or _way(site, parents)
        return cls(above, _aside(connection, since))


def _aside(connection: Connection, since: int) -> dict[int, list[tuple[int, int]]]:
    own = (meters.c[name] == devices.c[name] for name in ("tenant", "identity", "evse_id"))
    at_device = (sessions.c[name] == devices.c[name] for name in ("tenant", "device_id"))
    found = select(meters.c.meter, sessions.c.plugged_at, sessions.c.lately_until).select_from(
        sessions.join(devices, _all(at_device)).join(meters, _all(own))
    )
    found = found.where(sessions.c.absorbed_by != "", sessions.c.lately_until > to_instant(since))
    spans: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for meter, start, end in connection.execute(found):
        spans[meter].append((to_microseconds(start), to_microseconds(end)))
    return spans


def _all(conditions: Iterable[Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's
    first, *others = conditions
    for one in others:
        first &= one
    return first


def _way(site: tuple[str, str], parents: dict[tuple[str, str], str]) -> tuple[tuple[str, str], ...]:
    tenant, node = site
    way: list[tuple[str, str]] = []
    while node and (tenant, node) not in way:
        way.append((tenant, node))
        node = parents.get((tenant, node), "")
    return tuple(way)


def circuit_sums(rows: Iterable[Slot], places: Places) -> list[dict[str, Any]]:
    """Quarters of meters as rows of circuits."""
    sums: defaultdict[tuple[str, str, int], list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
    for at, meter, power_kw, covered, _ in rows:
        if not places.counts(meter, at):
            continue
        for tenant, node in places.above.get(meter, ()):
            told = sums[tenant, node, at]
            told[0] += power_kw
            told[1] += covered
            told[2] += 1
    return [
        {"tenant": tenant, "node": node, "at": to_instant(at), "power_kw": power_kw, "covered": covered / devices_of,
         "devices": int(devices_of)}
        for (tenant, node, at), (power_kw, covered, devices_of) in sums.items()
    ]  # fmt: skip
