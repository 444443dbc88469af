"""What a program document may say; each wrong one is refused with the key and what to do."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from evenload.base.errors import InputError
from evenload.base.money import Money
from evenload.domain.event import EventKind
from evenload.program.document import ProgramDocument, Supersedes
from evenload.program.eligibility_terms import ApprovedDevice, DeviceTerms, EligibilityTerms, ExcludedVehicle
from evenload.program.event_rules import CallLimit, EventRules, LimitPer
from evenload.program.incentives import IncentiveTerm, Tier
from evenload.program.local_calendar import Hours, Season
from evenload.program.terms import Arm, Capacity, ConsentTerm, Contract, OptOutRules, Period, VoucherTerms
from evenload.program.words import Archetype, ArmKind, ConsentKind, IncentiveKind, Level, Segment, Stage

HOMES = EligibilityTerms(segments=(Segment.RESIDENTIAL,))
CONTROL = ConsentTerm(kind=ConsentKind.CONTROL)


def document(**terms: Any) -> ProgramDocument:
    base: dict[str, Any] = {
        "program_id": "evenings", "version": 1, "name": "Evenings", "archetype": Archetype.EVSE,
        "stage": Stage.CONTINUOUS, "eligibility": HOMES, "consents": (CONTROL,), "currency": "USD",
    }  # fmt: skip
    return ProgramDocument(**(base | terms))


def bonus(**terms: Any) -> IncentiveTerm:
    base: dict[str, Any] = {"kind": IncentiveKind.ENROL_BONUS, "amount": Decimal(25)}
    return IncentiveTerm(**(base | terms))


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"program_id": "even ings"}, "program_id = 'even ings' must be up to 64 letters"),
        ({"version": 0}, "version = 0: give a whole number of 1 or more"),
        ({"name": " "}, "name is blank"),
        ({"timezone": "America/New_Yrok"}, "Did you mean 'America/New_York'?"),
        ({"starts_on": date(2026, 6, 1), "ends_on": date(2026, 5, 1)}, "ends_on = 2026-05-01 is before"),
        ({"consents": ()}, "archetype direct_load_control_evse needs a consent of kind control that is required"),
        ({"consents": (replace(CONTROL, required=False),)}, "needs a consent of kind control that is required"),
        ({"consents": (CONTROL, CONTROL)}, "consents: control stands twice"),
        ({"stage": Stage.DEMAND_RESPONSE}, "stage demand_response calls events: give their rules"),
        ({"events": EventRules(hours=(Hours(start="17:00", end="21:00"),))}, "timezone is missing: rules"),
        ({"currency": "", "incentives": (bonus(),)}, "currency is missing: the document has amounts"),
        ({"currency": "usd", "incentives": (bonus(),)}, "'usd' is not a currency code"),
        ({"incentives": (bonus(arms=("managd",)),),
          "arms": (Arm(name="managed", kind=ArmKind.MANAGED, share=Decimal(1)),)},
         "incentive enrol_bonus: arms: there is no 'managd'. Did you mean 'managed'?"),
        ({"incentives": (bonus(name="a", excludes=("b",)),)}, "incentive a: excludes: there is no 'b'. There are: a"),
        ({"incentives": (bonus(name="a"), bonus(name="a"))}, "incentives, name: a stands twice"),
        ({"unstated": ("opt_outs",)}, "unstated: there is no 'opt_outs'. Did you mean 'opt_out'?"),
        ({"supersedes": Supersedes(program_id="evenings", version=1)}, "version 1 cannot supersede evenings version 1"),
        ({"supersedes": Supersedes(program_id="tou", version=3)}, "supersedes tou version 3 needs starts_on"),
        ({"arms": (Arm(name="a", kind=ArmKind.CONTROL, share=Decimal("0.3")),
                   Arm(name="b", kind=ArmKind.MANAGED, share=Decimal("0.6")))},
         "arms: the shares 0.3 + 0.6 add up to 0.9, not to 1"),
    ],
)  # fmt: skip
def test_terms_that_do_not_go_together_are_refused(terms: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        document(**terms)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Season(name="s", first="02-30", last="03-01"), "season 's': first = '02-30' is no day of the year"),
        (lambda: Season(name="s", first="6-1", last="09-30"), "first = '6-1' is no day of the year such as 06-01"),
        (lambda: Hours(start="17:00", end="17:00"), "hours 17:00-17:00 are empty; all day is 00:00 to 24:00"),
        (lambda: Hours(start="17:61", end="18:00"), "hours 17:61-18:00: '17:61' is not a clock time"),
        (lambda: Hours(start="24:00", end="06:00"), "start at the end of the day; write 00:00"),
        (lambda: CallLimit(most=0, per=LimitPer.DAY), "events.limits, per day: most = 0"),
        (lambda: EventRules(limits=(CallLimit(most=1, per=LimitPer.SEASON),)), "events.seasons names no season"),
        (lambda: EventRules(limits=(CallLimit(most=1, per=LimitPer.DAY),) * 2), "day of program stands twice"),
        (lambda: EventRules(length_minutes_min=60, length_minutes_max=30), "length_minutes_min = 60 is above"),
        (lambda: EventRules(notice_minutes_min=-1), "events.notice_minutes_min = -1: give a whole number of 0"),
        (lambda: EventRules(power_share_min=Decimal(50)), "power_share_min = 50 must be a share from 0 to 1"),
        (lambda: EventRules(kinds=(EventKind.PAUSE,), power_share_min=Decimal("0.5")), "leaves every car some power"),
        (lambda: bonus(amount=Decimal(-1)), "incentive enrol_bonus: amount = -1 must be 0 or more"),
        (lambda: bonus(amount=Decimal("0.0000001")), "has more than six decimals"),
        (lambda: bonus(amount=None), "give an amount, or a cost_share"),
        (lambda: bonus(cost_share=Decimal("0.5")), "cost_share is for kind rebate, not enrol_bonus"),
        (lambda: bonus(kwh_from=Decimal(50)), "kwh_from is for kind per_kwh, not enrol_bonus"),
        (lambda: bonus(event_share_min=Decimal(50)), "event_share_min = 50 must be a share above 0 and up to 1"),
        (lambda: bonus(given="a charger"), "given is for kind in_kind"),
        (lambda: IncentiveTerm(kind=IncentiveKind.IN_KIND, amount=Decimal(5)), "say under given what is given"),
        (lambda: bonus(months=(0,)), "months has 0; months are 1 to 12"),
        (lambda: bonus(name="a", needs=("a",)), "it cannot exclude or need itself"),
        (lambda: EligibilityTerms(segments=()), "eligibility.segments is empty"),
        (lambda: EligibilityTerms(segments=(Segment.FLEET,), ports_min=6, ports_max=2), "ports_min = 6 is above"),
        (lambda: ApprovedDevice(maker=" "), "an entry needs a maker"),
        (lambda: DeviceTerms(levels=(Level.L2, Level.L2)), "devices.levels: L2 stands twice"),
        (lambda: ExcludedVehicle(make="Nissan", model="Leaf", before_year=18), "Nissan Leaf before 18: before_year"),
        (lambda: Capacity(waiting_list=True), "capacity.waiting_list needs participants_max"),
        (lambda: OptOutRules(per_month_max=3), "opt_out.per_month_max needs per_event or per_day"),
        (lambda: ConsentTerm(kind=ConsentKind.CONTROL, months_valid=0), "consent to control: months_valid = 0"),
        (lambda: Arm(name="a", kind=ArmKind.CONTROL, share=Decimal(0)), "arm 'a': share = 0 must be above 0"),
        (lambda: Period(name="off_peak", price_per_kwh=Decimal(-1)), "period off_peak: price_per_kwh = -1"),
        (lambda: Contract(months_min=0), "contract.months_min = 0"),
        (lambda: VoucherTerms(amount=Decimal(0), devices=(ApprovedDevice(maker="FLO"),)), "voucher.amount = 0"),
        (lambda: VoucherTerms(amount=Decimal(200), devices=()), "voucher.devices is empty"),
    ],
)  # fmt: skip
def test_parts_that_cannot_be_are_refused(make: Any, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        make()
    assert sentence in str(refused.value)


@pytest.mark.requirement("R120", "R74")
def test_arms_add_up_to_one_in_decimals() -> None:
    thirds = [Decimal("0.3"), Decimal("0.1"), Decimal("0.6")]  # 0.3 + 0.1 + 0.6 is not 1 in floats
    arms = tuple(Arm(name=kind, kind=kind, share=share) for kind, share in zip(ArmKind, thirds, strict=True))
    assert document(arms=arms).arms[1].kind is ArmKind.REMINDER


@pytest.mark.requirement("R63", "R73")
def test_amounts_are_money_to_the_micro_unit() -> None:
    term = IncentiveTerm(kind=IncentiveKind.PER_KWH, amount=Decimal("0.017155"), when=Tier(income_eligible=True))
    assert term.money("USD") == Money(17_155, "USD")
    assert IncentiveTerm(kind=IncentiveKind.REBATE, cost_share=Decimal("0.75")).money("USD") is None


@pytest.mark.requirement("R56")
def test_consents_to_control_and_to_data_sharing_are_apart() -> None:
    data = ConsentTerm(kind=ConsentKind.DATA_SHARING, required=False, months_valid=12)
    both = document(consents=(CONTROL, data))
    assert both.consent(ConsentKind.DATA_SHARING) == data
    assert document().consent(ConsentKind.DATA_SHARING) is None
    drivers_themselves = document(archetype=Archetype.BEHAVIORAL, consents=())
    assert drivers_themselves.consent(ConsentKind.CONTROL) is None


def test_a_time_zone_may_be_left_open_if_that_is_said() -> None:
    rules = EventRules(not_before=date(2021, 7, 31))
    assert document(events=rules, unstated=("timezone",)).timezone == ""
