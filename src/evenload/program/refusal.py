"""Why something is refused: the rule, and a sentence that names it with its numbers."""

from dataclasses import dataclass
from enum import StrEnum


class EventRule(StrEnum):
    """Rules that stand against an event."""

    NO_EVENTS = "no_events"
    TIMEZONE = "timezone"
    IN_FORCE = "in_force"
    KIND = "kind"
    MANDATORY = "mandatory"
    NOT_BEFORE = "not_before"
    SEASON = "season"
    WEEKDAY = "weekday"
    EXCEPT_DATE = "except_date"
    HOURS = "hours"
    NOTICE = "notice"
    LENGTH = "length"
    LIMIT = "limit"
    SPACING = "spacing"
    WEATHER = "weather"
    POWER_SHARE = "power_share"


class EligibilityRule(StrEnum):
    """Rules that stand against a participant or a device."""

    NOT_TOLD = "not_told"
    SEGMENT = "segment"
    TARIFF = "tariff"
    HOME = "home"
    WIFI = "wifi"
    UNITS = "units"
    PORTS = "ports"
    OTHER_PROGRAM = "other_program"
    CONSENT = "consent"
    LEVEL = "level"
    APPROVED = "approved"
    PROTOCOL = "protocol"
    NETWORKED = "networked"
    ENERGY_STAR = "energy_star"
    REGISTERED = "registered"
    TRACK = "track"
    VEHICLE_MAKE = "vehicle_make"
    VEHICLE_KIND = "vehicle_kind"
    VEHICLE_EXCLUDED = "vehicle_excluded"
    TELEMATICS = "telematics"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that stands against what is asked, and a sentence."""

    why: EventRule | EligibilityRule
    sentence: str

    def __str__(self) -> str:
        return self.sentence
