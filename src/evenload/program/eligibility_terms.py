"""Who may take part: segments, homes, chargers, cars and tariffs."""

from dataclasses import dataclass
from datetime import date

from evenload.base.errors import InputError
from evenload.program.term import Term, check_count, check_once, check_order
from evenload.program.words import Level, Segment, Track, VehicleKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedDevice(Term):
    """A charger on the list of a program."""

    maker: str
    """its maker, as the catalogue names it"""
    model: str = ""
    """one model; left out: all of the maker"""

    def __post_init__(self) -> None:
        if not self.maker.strip():
            raise InputError("devices.approved: an entry needs a maker")

    def __str__(self) -> str:
        return f"{self.maker} {self.model}".strip()

    def covers(self, maker: str, model: str) -> bool:
        """Whether it is the charger of a maker and model, in any case."""
        same = self.maker.casefold() == maker.strip().casefold()
        return same and self.model.casefold() in ("", model.strip().casefold())


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTerms(Term):
    """What a charger must be; what is left out does not matter."""

    levels: tuple[Level, ...] = ()
    """one of these"""
    approved: tuple[ApprovedDevice, ...] = ()
    """on this list"""
    protocols: tuple[str, ...] = ()
    """speaks one of these, such as OCPP or OpenADR"""
    networked: bool = False
    """must be networked"""
    wifi: bool = False
    """must have Wi-Fi"""
    energy_star: bool = False
    """must be ENERGY STAR certified"""
    registered_from: date | None = None
    """registered with its maker on this date or later"""
    tracks: tuple[Track, ...] = ()
    """bought for the program, there before, or both"""

    def __post_init__(self) -> None:
        check_once("devices.levels", self.levels)
        check_once("devices.approved", tuple(map(str, self.approved)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedVehicle(Term):
    """A car that cannot take part, such as one without telematics."""

    make: str
    """its make"""
    model: str = ""
    """one model; left out: all of the make"""
    before_year: int | None = None
    """only model years before this one"""

    def __post_init__(self) -> None:
        if self.before_year is not None and not 1990 <= self.before_year <= 2100:
            raise InputError(f"vehicles.excluded, {self}: before_year is no model year")

    def __str__(self) -> str:
        until = f" before {self.before_year}" if self.before_year else ""
        return f"{self.make} {self.model}".strip() + until

    def covers(self, make: str, model: str, year: int | None) -> bool:
        """Whether it is the car; a car whose model year is not known counts as excluded."""
        same = self.make.casefold() == make.casefold() and self.model.casefold() in ("", model.casefold())
        return same and (self.before_year is None or year is None or year < self.before_year)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleTerms(Term):
    """What a car must be; what is left out does not matter."""

    makes: tuple[str, ...] = ()
    """one of these makes"""
    kinds: tuple[VehicleKind, ...] = ()
    """one of these kinds"""
    telematics: bool = False
    """must be in reach of its maker's cloud"""
    excluded: tuple[ExcludedVehicle, ...] = ()
    """cars that cannot take part"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityTerms(Term):
    """Who may take part."""

    segments: tuple[Segment, ...]
    """segments it is for, at least one"""
    tariffs: tuple[str, ...] = ()
    """tariffs of which one must be taken; left out: any"""
    devices: DeviceTerms | None = None
    """what the charger must be; left out: no charger is looked at"""
    vehicles: VehicleTerms | None = None
    """what the car must be; left out: no car is looked at"""
    single_family: bool = False
    """residential customers live in a single-family home"""
    secure_wifi: bool = False
    """the site has Wi-Fi of its own, secured, no hotspot"""
    units_min: int | None = None
    """multifamily: least number of dwellings in the building"""
    ports_min: int | None = None
    """least number of ports a site has"""
    ports_max: int | None = None
    """most ports a site has"""
    one_program_only: bool = False
    """those in another program with events cannot take part"""
    conditions: tuple[str, ...] = ()
    """further conditions in words, for people to check"""

    def __post_init__(self) -> None:
        if not self.segments:
            raise InputError("eligibility.segments is empty; name at least one segment")
        check_once("eligibility.segments", self.segments)
        for key in ("units_min", "ports_min", "ports_max"):
            check_count(f"eligibility.{key}", getattr(self, key))
        check_order("eligibility", "ports_min", self.ports_min, "ports_max", self.ports_max)
