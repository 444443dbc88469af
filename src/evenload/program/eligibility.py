"""May this participant take part, with this charger or car: every rule against it. What is not told is a reason too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain

from evenload.program.document import ProgramDocument
from evenload.program.eligibility_terms import DeviceTerms, EligibilityTerms, VehicleTerms
from evenload.program.protocols import speaks
from evenload.program.refusal import EligibilityRule as Rule
from evenload.program.refusal import Refusal
from evenload.program.words import ConsentKind, Level, Segment, Track, VehicleKind


@dataclass(frozen=True, slots=True)
class ChargerTold:
    """A charger as it is known; None and blank where it is not."""

    maker: str = ""
    model: str = ""
    level: Level | None = None
    protocols: tuple[str, ...] = ()
    networked: bool | None = None
    wifi: bool | None = None
    energy_star: bool | None = None
    registered_on: date | None = None
    track: Track | None = None


@dataclass(frozen=True, slots=True)
class CarTold:
    """A car as it is known; None and blank where it is not."""

    make: str = ""
    model: str = ""
    year: int | None = None
    kind: VehicleKind | None = None
    telematics: bool | None = None


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants to take part; None and blank where something is not known."""

    segment: Segment | None = None
    tariff: str = ""
    single_family: bool | None = None
    secure_wifi: bool | None = None
    units: int | None = None
    ports: int | None = None
    other_programs: tuple[str, ...] = ()
    consents: frozenset[ConsentKind] = frozenset()
    charger: ChargerTold | None = None
    car: CarTold | None = None


def refusals(document: ProgramDocument, applicant: Applicant) -> tuple[Refusal, ...]:
    """Every rule of the program against an applicant; empty where they may take part.

    Caps are for whoever counts participants: ``is_full``.
    """
    terms = document.eligibility
    return tuple(
        chain(
            _against_customer(terms, applicant),
            _against_site(terms, applicant),
            _against_consents(document, applicant),
            () if terms.devices is None else _against_charger(terms.devices, applicant.charger),
            () if terms.vehicles is None else _against_car(terms.vehicles, applicant.car),
        )
    )


def is_full(document: ProgramDocument, participants: int) -> Refusal | None:
    """The cap, where so many take part that no more may."""
    cap = document.capacity
    if cap is None or cap.participants_max is None or participants < cap.participants_max:
        return None
    waiting = "; there is a waiting list" if cap.waiting_list else ""
    return Refusal(Rule.FULL, f"{participants} take part, and at most {cap.participants_max} may{waiting}")


def _against_customer(terms: EligibilityTerms, who: Applicant) -> Iterator[Refusal]:
    segments = ", ".join(terms.segments)
    if who.segment is None:
        yield _not_told("segment", f"one of {segments}")
    elif who.segment not in terms.segments:
        yield Refusal(Rule.SEGMENT, f"segment {who.segment} is not among those of the program: {segments}")
    known = [tariff.casefold() for tariff in terms.tariffs]
    if terms.tariffs and who.tariff.casefold() not in known:
        one_of = ", ".join(terms.tariffs)
        if not who.tariff:
            yield _not_told("tariff", f"one of {one_of}")
        else:
            yield Refusal(Rule.TARIFF, f"tariff {who.tariff!r} is not among those of the program: {one_of}")
    if terms.one_program_only and who.other_programs:
        others = ", ".join(who.other_programs)
        yield Refusal(Rule.OTHER_PROGRAM, f"already in {others}, and nobody is called by two programs")


def _against_site(terms: EligibilityTerms, who: Applicant) -> Iterator[Refusal]:
    if terms.single_family and who.segment is Segment.RESIDENTIAL:
        yield from _must(Rule.HOME, "single_family", "a single-family home", who.single_family)
    if terms.secure_wifi:
        yield from _must(Rule.WIFI, "secure_wifi", "secure Wi-Fi of its own", who.secure_wifi)
    if terms.units_min is not None and who.segment is Segment.MULTIFAMILY:
        yield from _at_least(Rule.UNITS, "units", "dwellings", who.units, terms.units_min)
    if terms.ports_min is not None:
        yield from _at_least(Rule.PORTS, "ports", "ports", who.ports, terms.ports_min)
    if terms.ports_max is not None and who.ports is not None and who.ports > terms.ports_max:
        yield Refusal(Rule.PORTS, f"the program takes {terms.ports_max} ports at the most, not {who.ports}")


def _against_consents(document: ProgramDocument, who: Applicant) -> Iterator[Refusal]:
    for term in document.consents:
        if term.required and term.kind not in who.consents:
            yield Refusal(Rule.CONSENT, f"there is no consent to {term.kind}, which the program needs")


def _against_charger(terms: DeviceTerms, charger: ChargerTold | None) -> Iterator[Refusal]:
    if charger is None:
        yield _not_told("charger", "the program looks at the charger")
        return
    if terms.levels:
        yield from _one_of(Rule.LEVEL, "level", charger.level, terms.levels)
    if terms.approved and not any(one.covers(charger.maker, charger.model) for one in terms.approved):
        listed = ", ".join(map(str, terms.approved))
        what = f"{charger.maker} {charger.model}".strip() or "the charger, whose maker is not told,"
        yield Refusal(Rule.APPROVED, f"{what} is not on the list of the program: {listed}")
    if terms.protocols and not any(speaks(charger.protocols, one) for one in terms.protocols):
        spoken = ", ".join(charger.protocols) or "nothing that is known"
        yield Refusal(Rule.PROTOCOL, f"the charger speaks {spoken}, and must speak {' or '.join(terms.protocols)}")
    for asked, rule, key, words in (
        (terms.networked, Rule.NETWORKED, "networked", "networked"),
        (terms.wifi, Rule.WIFI, "wifi", "on Wi-Fi"),
        (terms.energy_star, Rule.ENERGY_STAR, "energy_star", "ENERGY STAR certified"),
    ):
        if asked:
            yield from _must(rule, key, f"a charger that is {words}", getattr(charger, key))
    yield from _against_purchase(terms, charger)


def _against_purchase(terms: DeviceTerms, charger: ChargerTold) -> Iterator[Refusal]:
    since = terms.registered_from
    if since is not None and charger.registered_on is None:
        yield _not_told("registered_on", f"on {since} or later")
    elif since is not None and charger.registered_on is not None and charger.registered_on < since:
        yield Refusal(Rule.REGISTERED, f"registered on {charger.registered_on}, and must be on {since} or later")
    if terms.tracks:
        yield from _one_of(Rule.TRACK, "track", charger.track, terms.tracks)


def _against_car(terms: VehicleTerms, car: CarTold | None) -> Iterator[Refusal]:
    if car is None:
        yield _not_told("car", "the program looks at the car")
        return
    if terms.makes and car.make.casefold() not in [make.casefold() for make in terms.makes]:
        makes = ", ".join(terms.makes)
        yield Refusal(Rule.VEHICLE_MAKE, f"make {car.make or 'not told'} is not among those of the program: {makes}")
    if terms.kinds:
        yield from _one_of(Rule.VEHICLE_KIND, "kind", car.kind, terms.kinds)
    for one in terms.excluded:
        if one.covers(car.make, car.model, car.year):
            yield Refusal(Rule.VEHICLE_EXCLUDED, f"{one} cannot take part; a networked charger may")
    if terms.telematics and car.telematics is False:
        yield Refusal(
            Rule.TELEMATICS, "the car is out of reach of its maker's cloud; a networked charger may do instead"
        )
    elif terms.telematics and car.telematics is None:
        yield _not_told("telematics", "the car must be in reach of its maker's cloud")


def _not_told(key: str, wanted: str) -> Refusal:
    return Refusal(Rule.NOT_TOLD, f"{key} is not told: {wanted}")


def _must(rule: Rule, key: str, what: str, told: bool | None) -> Iterator[Refusal]:
    if told is None:
        yield _not_told(key, f"the program needs {what}")
    elif not told:
        yield Refusal(rule, f"the program needs {what}, and there is none")


def _at_least(rule: Rule, key: str, what: str, told: int | None, least: int) -> Iterator[Refusal]:
    if told is None:
        yield _not_told(key, f"the program needs {least} {what} or more")
    elif told < least:
        yield Refusal(rule, f"the program needs {least} {what} or more, not {told}")


def _one_of(rule: Rule, key: str, told: str | None, known: tuple[str, ...]) -> Iterator[Refusal]:
    if told is None:
        yield _not_told(key, f"one of {', '.join(known)}")
    elif told not in known:
        yield Refusal(rule, f"{key} {told} is not among those of the program: {', '.join(known)}")
