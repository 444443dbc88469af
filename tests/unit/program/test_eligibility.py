"""May they take part: each rule by hand; what is not told is a reason of its own."""

from dataclasses import replace
from datetime import date

import pytest

from evenload.program.document import ProgramDocument
from evenload.program.eligibility import Applicant, CarTold, ChargerTold, is_full, refusals
from evenload.program.eligibility_terms import (
    ApprovedDevice,
    DeviceTerms,
    EligibilityTerms,
    ExcludedVehicle,
    VehicleTerms,
)
from evenload.program.refusal import EligibilityRule as Rule
from evenload.program.terms import Capacity, ConsentTerm
from evenload.program.words import Archetype, ConsentKind, Level, Segment, Stage, Track, VehicleKind

TERMS = EligibilityTerms(
    segments=(Segment.RESIDENTIAL, Segment.MULTIFAMILY),
    tariffs=("Rate 72", "Rate 74"),
    single_family=True,
    secure_wifi=True,
    units_min=5,
    ports_min=2,
    ports_max=6,
    one_program_only=True,
    devices=DeviceTerms(
        levels=(Level.L2,),
        approved=(ApprovedDevice(maker="ChargePoint", model="Home Flex"), ApprovedDevice(maker="FLO")),
        protocols=("OCPP 1.6",),
        networked=True,
        registered_from=date(2021, 3, 1),
        tracks=(Track.NEW_PURCHASE,),
    ),
    vehicles=VehicleTerms(
        makes=("Nissan", "Ford"),
        kinds=(VehicleKind.BEV,),
        telematics=True,
        excluded=(ExcludedVehicle(make="Nissan", model="Leaf", before_year=2018),),
    ),
)
PROGRAM = ProgramDocument(
    program_id="homes",
    version=1,
    name="Homes",
    archetype=Archetype.EVSE,
    stage=Stage.CONTINUOUS,
    eligibility=TERMS,
    consents=(ConsentTerm(kind=ConsentKind.CONTROL), ConsentTerm(kind=ConsentKind.DATA_SHARING)),
    capacity=Capacity(participants_max=1000, waiting_list=True),
)
CHARGER = ChargerTold(
    maker="chargepoint", model="home flex", level=Level.L2, protocols=("OCPP 1.6J",), networked=True,
    registered_on=date(2021, 3, 1), track=Track.NEW_PURCHASE,
)  # fmt: skip
CAR = CarTold(make="nissan", model="Leaf", year=2018, kind=VehicleKind.BEV, telematics=True)
ANN = Applicant(
    segment=Segment.RESIDENTIAL, tariff="rate 72", single_family=True, secure_wifi=True, ports=2,
    consents=frozenset(ConsentKind), charger=CHARGER, car=CAR,
)  # fmt: skip


@pytest.mark.requirement("R51", "R52", "R58")
def test_who_meets_every_rule_may_take_part() -> None:
    assert refusals(PROGRAM, ANN) == ()


@pytest.mark.parametrize(
    ("who", "why", "sentence"),
    [
        (replace(ANN, segment=Segment.FLEET), Rule.SEGMENT,
         "segment fleet is not among those of the program: residential, multifamily"),
        (replace(ANN, tariff="Rate 1"), Rule.TARIFF,
         "tariff 'Rate 1' is not among those of the program: Rate 72, Rate 74"),
        (replace(ANN, single_family=False), Rule.HOME, "the program needs a single-family home, and there is none"),
        (replace(ANN, secure_wifi=None), Rule.NOT_TOLD,
         "secure_wifi is not told: the program needs secure Wi-Fi of its own"),
        (replace(ANN, segment=Segment.MULTIFAMILY, units=4), Rule.UNITS,
         "the program needs 5 dwellings or more, not 4"),
        (replace(ANN, ports=1), Rule.PORTS, "the program needs 2 ports or more, not 1"),
        (replace(ANN, ports=7), Rule.PORTS, "the program takes 6 ports at the most, not 7"),
        (replace(ANN, other_programs=("P30",)), Rule.OTHER_PROGRAM,
         "already in P30, and nobody is called by two programs"),
        (replace(ANN, consents=frozenset({ConsentKind.CONTROL})), Rule.CONSENT,
         "there is no consent to data_sharing, which the program needs"),
        (replace(ANN, charger=None), Rule.NOT_TOLD, "charger is not told: the program looks at the charger"),
        (replace(ANN, charger=replace(CHARGER, level=Level.L1)), Rule.LEVEL,
         "level L1 is not among those of the program: L2"),
        (replace(ANN, charger=replace(CHARGER, model="CPF25")), Rule.APPROVED,
         "chargepoint CPF25 is not on the list of the program: ChargePoint Home Flex, FLO"),
        (replace(ANN, charger=replace(CHARGER, protocols=("OCPP 2.0",))), Rule.PROTOCOL,
         "the charger speaks OCPP 2.0, and must speak OCPP 1.6"),
        (replace(ANN, charger=replace(CHARGER, networked=False)), Rule.NETWORKED,
         "the program needs a charger that is networked, and there is none"),
        (replace(ANN, charger=replace(CHARGER, registered_on=date(2021, 2, 28))), Rule.REGISTERED,
         "registered on 2021-02-28, and must be on 2021-03-01 or later"),
        (replace(ANN, charger=replace(CHARGER, track=Track.OWN_DEVICE)), Rule.TRACK,
         "track own_device is not among those of the program: new_purchase"),
        (replace(ANN, car=replace(CAR, make="Tesla")), Rule.VEHICLE_MAKE,
         "make Tesla is not among those of the program: Nissan, Ford"),
        (replace(ANN, car=replace(CAR, kind=VehicleKind.PHEV)), Rule.VEHICLE_KIND,
         "kind phev is not among those of the program: bev"),
        (replace(ANN, car=replace(CAR, year=2017)), Rule.VEHICLE_EXCLUDED,
         "Nissan Leaf before 2018 cannot take part; a networked charger may"),
        (replace(ANN, car=replace(CAR, telematics=False)), Rule.TELEMATICS,
         "the car is out of reach of its maker's cloud; a networked charger may do instead"),
    ],
)  # fmt: skip
def test_each_rule_refuses_by_itself(who: Applicant, why: Rule, sentence: str) -> None:
    (refusal,) = refusals(PROGRAM, who)
    assert (refusal.why, refusal.sentence) == (why, sentence)


def test_nothing_told_is_refused_and_never_assumed() -> None:
    found = refusals(PROGRAM, Applicant())
    assert {refusal.why for refusal in found} == {Rule.NOT_TOLD, Rule.CONSENT}
    told_of = [refusal.sentence.split()[0] for refusal in found if refusal.why is Rule.NOT_TOLD]
    assert told_of == ["segment", "tariff", "secure_wifi", "ports", "charger", "car"]


@pytest.mark.requirement("R92")
def test_a_car_of_unknown_year_counts_as_excluded() -> None:
    (refusal,) = refusals(PROGRAM, replace(ANN, car=replace(CAR, year=None)))
    assert refusal.why is Rule.VEHICLE_EXCLUDED


@pytest.mark.requirement("R54")
def test_the_cap_refuses_the_one_too_many() -> None:
    assert is_full(PROGRAM, 999) is None
    full = is_full(PROGRAM, 1000)
    assert full is not None
    assert full.sentence == "1000 take part, and at most 1000 may; there is a waiting list"
    assert is_full(replace(PROGRAM, capacity=None), 10**9) is None
