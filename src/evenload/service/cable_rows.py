"""What is kept of both ends of a cable: what a car told of its stay, which charger it stood at and how sure that is,
and where both contradict. Instants are in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

DRAWS_KW: Final = 0.3
"""At less than this a car does not charge."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one end told of an instant, by its own clock. ``energy_kwh`` is since plug-in, ``soc`` 0 to 1."""

    at: datetime
    power_kw: float | None = None
    energy_kwh: float | None = None
    soc: float | None = None
    charges: bool | None = None

    @property
    def is_on(self) -> bool | None:
        """Whether energy flows."""
        return self.charges if self.power_kw is None else self.power_kw > DRAWS_KW


@dataclass(frozen=True, slots=True)
class CarStayRow:
    """The stay of a linked car at some plug that goes on, or the last one, by the car's own clock; wherever that is.

    It was plugged in after ``plugged_after`` (``None``: not known) and by ``plugged_by`` (``None``: it never was);
    likewise unplugged, which is ``None`` while it goes on. ``free_at`` is when it was seen unplugged last.
    """

    tenant: str
    vehicle_id: str
    told_at: datetime
    plugged_by: datetime | None = None
    plugged_after: datetime | None = None
    unplugged_by: datetime | None = None
    unplugged_after: datetime | None = None
    free_at: datetime | None = None
    is_home: bool | None = None
    samples: tuple[Sample, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether it is plugged in as far as it told."""
        return self.plugged_by is not None and self.unplugged_by is None


class PairState(StrEnum):
    """What is held to be true of a car and a charger's session."""

    MATCHED = "matched"
    POSSIBLE = "possible"
    ENDED = "ended"
    UNDONE = "undone"

    @property
    def is_believed(self) -> bool:
        """Whether the session is, or was, of that car."""
        return self in _BELIEVED


_BELIEVED: Final = frozenset({PairState.MATCHED, PairState.ENDED})


class PairReason(StrEnum):
    """What speaks for a car at a charger the most, or why it is not certain."""

    SAID = "said"
    TOKEN = "token"  # noqa: S105 - no password
    POWER = "power"
    ENERGY = "energy"
    TIMES = "times"
    PLACE = "place"
    HABIT = "habit"
    ALIKE = "alike"
    WEAK = "weak"
    NONE = "none"
    CONTRADICTED = "contradicted"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    PairReason.SAID: "somebody said so",
    PairReason.TOKEN: "the charge was started with the car's own token",
    PairReason.POWER: "the car draws power when the charger gives it, and as much",
    PairReason.ENERGY: "the car took as much energy as the charger gave",
    PairReason.TIMES: "the car was plugged in when a cable went into the charger",
    PairReason.PLACE: "the car says that it is where the charger stands",
    PairReason.HABIT: "the car stood at this charger before",
    PairReason.ALIKE: "another car or charger fits as well: what both tell next will decide",
    PairReason.WEAK: "too little is known yet: it may be this charger, or one that is not connected here",
    PairReason.NONE: "no charger here had a cable put in when the car was plugged in",
    PairReason.CONTRADICTED: "what the car and the charger told since does not fit together",
}


@dataclass(frozen=True, slots=True)
class PairRow:
    """A car and a charger's session that were held to belong together, and how sure that is (0 to 1).

    It is so since ``made_at``, and was looked at last at ``changed_at``. ``stay_by`` is ``plugged_by`` of the car's
    stay, ``car_session_id`` its own session, whose energy the charger's session counts. The car's clock is between
    ``ahead_s_low`` and ``ahead_s_high`` ahead of the charger's by this stay.
    """

    tenant: str
    session_id: str
    vehicle_id: str
    device_id: str
    plugged_at: datetime
    state: PairState
    confidence: float
    reason: PairReason
    why: str = ""
    stay_by: datetime | None = None
    car_session_id: str = ""
    ahead_s_low: float | None = None
    ahead_s_high: float | None = None
    made_at: datetime | None = None
    changed_at: datetime | None = None


class ConflictKind(StrEnum):
    """Ways in which a car, a charger and a plan get in each other's way."""

    CAR_TIMER = "car_timer"
    CAR_WAITS = "car_waits"
    CHARGER_LIMIT = "charger_limit"
    CHARGE_LIMIT = "charge_limit"
    UNPLUGGED_BUT_METERED = "unplugged_but_metered"
    PLUGGED_ELSEWHERE = "plugged_elsewhere"
    SOC_STUCK = "soc_stuck"
    POWER_APART = "power_apart"
    CLOCKS_APART = "clocks_apart"


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A conflict at a session: what is wrong (``why``, one sentence), what to do about it, and from when to when.

    What may pass by itself is ``told_at`` once it lasted; until then it is only watched.
    """

    tenant: str
    session_id: str
    kind: ConflictKind
    since: datetime
    why: str
    to_do: str
    vehicle_id: str = ""
    device_id: str = ""
    told_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def changes_need(self) -> bool:
        """Whether what the session needs is known less well for it."""
        return self.kind is ConflictKind.SOC_STUCK


@dataclass(frozen=True, slots=True)
class EnergyManagerRow:
    """How a device is reached that is the energy manager of a building or parking lot: many cars behind one limit.

    ``address`` is ``modbus:...`` or ``http(s)://...``. Where nobody declares what its cars need, ``cars_usual`` of
    ``energy_kwh_usual`` each are reckoned with, or what they took on the same day of the weeks before. ``ready_by`` is
    the site's local time, ``HH:MM``. ``secret_sealed`` is what lets us in, sealed by the server for this device and
    address: nobody reads it from here.
    """

    tenant: str
    device_id: str
    address: str
    cars_usual: float = 0.0
    energy_kwh_usual: float = 0.0
    ready_by: str = "17:00"
    heartbeat_s: float = 30.0
    secret_sealed: str = field(default="", repr=False)
    made_at: datetime | None = None
