"""Sessions for a study: pseudonyms replaced by hashes of this export alone, groups published by the 15/15 rule.

The 15/15 rule of utility data aggregation (Colorado PUC, 4 CCR 723-3, rule 3033(b)): a group has at least 15 customers,
and none has more than 15 % of its load. A group that does not pass is merged with others that
do not, or withheld, and the reason is told.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenload.base.instants import Interval
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.consents import agreed
from evenload.service.people_rows import Purpose
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope

CUSTOMERS_MIN: Final = 15
SHARE_MAX: Final = 0.15
MERGED: Final = "merged"
_HASH_LENGTH: Final = 16


class Fate(StrEnum):
    """What becomes of a group."""

    PUBLISHED = "published"
    MERGED = "merged"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class StudySession:
    """A session before anything is hidden. ``energy_kwh`` is at the connector."""

    person_id: str
    vehicle_id: str
    site_id: str
    plugged_at: datetime
    unplugged_at: datetime
    energy_kwh: float
    energy_quality: str = "measured"


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions of a site, or of several that were merged. Of a group that is not published no number is told."""

    name: str
    fate: Fate
    reason: str = ""
    customers: int = 0
    sessions: int = 0
    energy_kwh: float = 0.0
    share_max: float = 0.0


@dataclass(frozen=True, slots=True)
class Published:
    """A session as it is published: hashes of this export in place of ids. Of a merged group no site is told: a site of
    it may have fewer customers than the rule asks for."""

    group: str
    person: str
    vehicle: str
    site: str
    plugged_at: datetime
    unplugged_at: datetime
    energy_kwh: float
    energy_quality: str


@dataclass(frozen=True, slots=True)
class Study:
    """An export: what may be published, and how many sessions may not and why."""

    window: Interval
    groups: tuple[Group, ...]
    sessions: tuple[Published, ...]
    without_person: int
    without_consent: int
    withheld: int


@dataclass(frozen=True, slots=True)
class Found:
    """Sessions of a window whose person agreed, and how many others there are."""

    sessions: tuple[StudySession, ...]
    without_person: int
    without_consent: int


def study(scope: Scope, store: Store, window: Interval, salt: bytes, now: datetime) -> Study:
    """Sessions that ended in a window, of people who agree to research now. ``salt`` is drawn for this export and
    thrown away after it: with it one could find out again who is who."""
    scope.require(Role.ADMIN)
    with store.writing() as unit:
        found = sessions_for_study(unit, scope.tenant, window, now)
        made = anonymised(found, window, salt)
        audit.note(unit, scope, now, "people.study_export", window.start.isoformat(), {"sessions": len(made.sessions)})
    return made


def sessions_for_study(unit: Unit, tenant: str, window: Interval, now: datetime) -> Found:
    """Sessions that ended in a window, by whether their person agreed to research."""
    rows = [
        (row, row.unplugged_at)
        for row in unit.sessions.within(tenant, window)
        if row.unplugged_at is not None and window.start <= row.unplugged_at < window.end
    ]
    drivers = unit.drivers.of_vehicles(tenant, {row.vehicle_id for row, _ in rows if row.vehicle_id})
    willing = set(agreed(unit, tenant, Purpose.RESEARCH, now))
    known = [(row, ended, drivers[row.vehicle_id].driver_id) for row, ended in rows if row.vehicle_id in drivers]
    sessions = tuple(
        StudySession(
            person, row.vehicle_id, row.site_id, row.plugged_at, ended, row.energy_kwh_delivered, row.energy_quality
        )
        for row, ended, person in known
        if person in willing
    )
    return Found(sessions, len(rows) - len(known), len(known) - len(sessions))


def anonymised(found: Found, window: Interval, salt: bytes) -> Study:
    """What may be published of sessions."""
    by_site: dict[str, list[StudySession]] = defaultdict(list)
    for one in found.sessions:
        by_site[one.site_id].append(one)
    passing = {site: rows for site, rows in by_site.items() if not reason_of(rows)}
    merged, refused = merge({site: rows for site, rows in by_site.items() if site not in passing})

    def hide(kind: str, name: str) -> str:
        return hashed(salt, kind, name)

    groups = [_group(hide("site", site), rows) for site, rows in passing.items()]
    pooled = [one for rows in merged.values() for one in rows]
    if pooled:
        groups.append(_group(MERGED, pooled))
        groups += [Group(hide("site", one), Fate.MERGED, reason_of(by_site[one])) for one in merged]
    groups += [Group(hide("site", site), Fate.WITHHELD, reason) for site, reason in refused.items()]
    told = [_published(hide("site", site), one, hide) for site, rows in passing.items() for one in rows]
    told += [_published(MERGED, one, hide) for one in pooled]
    sessions = sorted(told, key=lambda one: (one.group, one.plugged_at, one.person, one.vehicle))
    return Study(
        window, tuple(sorted(groups, key=lambda one: (one.fate is not Fate.PUBLISHED, one.name))), tuple(sessions),
        found.without_person, found.without_consent, len(found.sessions) - len(sessions),
    )  # fmt: skip


def merge(
    sites: Mapping[str, Sequence[StudySession]],
) -> tuple[dict[str, Sequence[StudySession]], dict[str, str]]:
    """Sites that pass together though none does alone, and those that are withheld with the reason.

    Where one customer outweighs the rest, the site of most of that customer's load is left out and the others tried
    again; where there are too few customers, nothing helps.
    """
    left = dict(sites)
    refused: dict[str, str] = {}
    while left:
        rows = [one for some in left.values() for one in some]
        reason = reason_of(rows)
        if not reason:
            return (left, refused) if len(left) > 1 else ({}, refused | {one: reason_of(left[one]) for one in left})
        loads = _loads(rows)
        if len(loads) < CUSTOMERS_MIN:
            return {}, refused | {site: f"{reason_of(left[site])}; together with others: {reason}" for site in left}
        heaviest = max(sorted(loads), key=lambda person: loads[person])
        site = max(sorted(left), key=lambda name: _loads(left[name]).get(heaviest, 0.0))
        refused[site] = f"{reason_of(left.pop(site))}; merged with others it would still stand out"
    return {}, refused


def reason_of(rows: Sequence[StudySession]) -> str:
    """Why a group may not be published, ``""`` where it may."""
    loads = _loads(rows)
    if len(loads) < CUSTOMERS_MIN:
        return f"fewer than {CUSTOMERS_MIN} customers"
    if sum(loads.values()) <= 0:
        return "no load at all"
    if max(loads.values()) > SHARE_MAX * sum(loads.values()):
        return f"one customer has more than {SHARE_MAX:.0%} of the load"
    return ""


def hashed(salt: bytes, kind: str, name: str) -> str:
    """An id as it is published: HMAC-SHA256 with the salt of the export."""
    return hmac.new(salt, f"{kind}\n{name}".encode(), hashlib.sha256).hexdigest()[:_HASH_LENGTH]


def _loads(rows: Sequence[StudySession]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for one in rows:
        found[one.person_id] += max(one.energy_kwh, 0.0)
    return found


def _group(name: str, rows: Sequence[StudySession]) -> Group:
    loads = _loads(rows)
    total = sum(loads.values())
    return Group(name, Fate.PUBLISHED, "", len(loads), len(rows), total, max(loads.values()) / total)


def _published(group: str, one: StudySession, hide: Callable[[str, str], str]) -> Published:
    return Published(
        group, hide("person", one.person_id), hide("vehicle", one.vehicle_id),
        "" if group == MERGED else hide("site", one.site_id),
        one.plugged_at, one.unplugged_at, one.energy_kwh, one.energy_quality,
    )  # fmt: skip
