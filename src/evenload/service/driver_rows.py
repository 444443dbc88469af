"""What is kept of drivers: no names and no addresses, only ids. Instants are in UTC, shares of a battery 0 to 1."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenload.domain.vehicle_state import CAR_PREFIX

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Names of weekdays, in the order in which a wish tells its times."""

NO_DAY: Final = ("",) * len(WEEKDAYS)


@dataclass(frozen=True, slots=True)
class DriverRow:
    """Somebody who drives ``vehicles``; each vehicle has one driver. Who it is, is kept elsewhere.

    ``user_id`` is the account they log in with, ``""`` where they come in by links only. ``site_id`` is where they
    charge usually, ``""`` where that is not known: its clocks are theirs.
    """

    tenant: str
    driver_id: str
    user_id: str = ""
    vehicles: tuple[str, ...] = ()
    site_id: str = ""
    language: str = "en"
    currency: str = ""
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WishRow:
    """What a driver wishes for a vehicle, stay after stay. Those with ``ended_at`` held before.

    ``ready_by`` is local time of the site for each weekday from Monday, ``""`` for a day without a departure; energies
    are at the connector, wanted anew at each stay. What is ``None`` is left to what is usual.
    """

    tenant: str
    wish_id: str
    driver_id: str
    vehicle_id: str
    ready_by: tuple[str, ...] = NO_DAY
    soc_target: float | None = None
    soc_minimum: float | None = None
    energy_kwh: float | None = None
    energy_kwh_minimum: float | None = None
    made_at: datetime | None = None
    made_by: str = ""
    ended_at: datetime | None = None


class ChoiceKind(StrEnum):
    """What a driver chooses for a while."""

    SKIP = "skip"
    BOOST = "boost"
    OPT_OUT = "opt_out"
    VACATION = "vacation"

    @property
    def holds_back(self) -> bool:
        """Whether a car gets no more than its minimum meanwhile."""
        return self in (ChoiceKind.SKIP, ChoiceKind.VACATION)


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """A choice that holds from ``start`` to ``end``, without one for the stay it was made in; never deleted.

    ``vehicle_id`` is ``""`` for all vehicles of the driver. ``applied_to`` is the session that was changed by it last,
    and ``before`` what that session was like, as JSON. ``settled``: nothing more is to be done about it.
    """

    tenant: str
    choice_id: str
    driver_id: str
    kind: ChoiceKind
    start: datetime
    end: datetime | None = None
    vehicle_id: str = ""
    event_id: str = ""
    reason: str = ""
    made_at: datetime | None = None
    made_by: str = ""
    undone_at: datetime | None = None
    undone_by: str = ""
    applied_to: str = ""
    before: str = ""
    settled: bool = False

    @property
    def is_by_car(self) -> bool:
        """Whether it was not said here, but seen by what a car does: its driver took it in hand in its maker's app."""
        return self.made_by.startswith(CAR_PREFIX)

    def holds(self, at: datetime) -> bool:
        """Whether it holds at an instant, as far as its times say."""
        return self.undone_at is None and self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link that lets its bearer speak for one driver; only a hash of its secret is kept."""

    tenant: str
    link_id: str
    driver_id: str
    secret_hash: str = field(repr=False)
    made_by: str = ""
    made_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class PromiseBasis(StrEnum):
    """What a promise rests on: power and time alone, or a plan."""

    ESTIMATE = "estimate"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """What a driver was told a car will have when it leaves. ``number`` counts up.

    Energies are at the connector and counted from plug-in. ``corrects``: it says something else than the one before.
    ``ready_at`` is when what was wished for will be there, ``None`` where that is not known.
    """

    tenant: str
    session_id: str
    driver_id: str
    vehicle_id: str
    at: datetime
    basis: PromiseBasis
    by: datetime
    energy_kwh: float
    energy_kwh_wanted: float
    is_met: bool
    soc: float | None = None
    soc_wanted: float | None = None
    ready_at: datetime | None = None
    reason: str = ""
    sentence: str = ""
    plan_id: str = ""
    corrects: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What a driver said to a suggestion: it is not made again soon."""

    tenant: str
    driver_id: str
    suggestion_id: str
    accepted: bool
    at: datetime
    by: str = ""
