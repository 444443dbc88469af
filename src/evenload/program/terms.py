"""Shorter parts of a program document: room, consents, arms, opting out, prices by hour, contract, voucher, host."""

from dataclasses import dataclass
from decimal import Decimal

from evenload.base.errors import InputError
from evenload.program.eligibility_terms import ApprovedDevice
from evenload.program.incentives import check_amount
from evenload.program.local_calendar import Hours, Weekday
from evenload.program.term import Term, check_count, check_once
from evenload.program.words import ArmKind, ConsentKind, HostDuty, OptOutCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(Term):
    """How many may take part."""

    participants_max: int | None = None
    """no more than so many; left out: any number"""
    participants_target: int | None = None
    """how many are aimed at; refuses nobody"""
    waiting_list: bool = False
    """whether those who come when it is full wait in turn"""

    def __post_init__(self) -> None:
        for key in ("participants_max", "participants_target"):
            check_count(f"capacity.{key}", getattr(self, key))
        if self.waiting_list and self.participants_max is None:
            raise InputError("capacity.waiting_list needs participants_max: nobody waits where there is no cap")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTerm(Term):
    """A consent that is asked for, apart from all others."""

    kind: ConsentKind
    """what is agreed to: control of charging, or that data are shared"""
    required: bool = True
    """whether nobody takes part without it"""
    months_valid: int | None = None
    """it expires after so many months; left out: it holds until it is taken back"""

    def __post_init__(self) -> None:
        check_count(f"consent to {self.kind}: months_valid", self.months_valid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm(Term):
    """A group that participants are drawn into by chance."""

    name: str
    """what it is called, used once"""
    kind: ArmKind
    """control: nothing is asked of it; reminder: messages only; managed: messages and control"""
    share: Decimal
    """share of participants, above 0; all shares add up to 1"""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"arm {self.name!r}: share = {self.share} must be above 0 and up to 1")


def check_arms(arms: tuple[Arm, ...]) -> None:
    """``InputError`` where names stand twice or shares do not add up to 1."""
    check_once("arms", tuple(arm.name for arm in arms))
    total = sum((arm.share for arm in arms), Decimal(0))
    if arms and total != 1:
        shares = " + ".join(str(arm.share) for arm in arms)
        raise InputError(f"arms: the shares {shares} add up to {total}, not to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRules(Term):
    """How a participant gets out of events without leaving the program."""

    per_event: bool = False
    """out of one event"""
    per_day: bool = False
    """out of all events of a local day"""
    per_month_max: int | None = None
    """no more than so many a calendar month, single events and days together; left out: any number"""
    cost: OptOutCost = OptOutCost.NOTHING
    """what leaving costs"""
    channels: tuple[str, ...] = ()
    """where it can be said, such as app or charger"""

    def __post_init__(self) -> None:
        check_count("opt_out.per_month_max", self.per_month_max)
        if self.per_month_max is not None and not (self.per_event or self.per_day):
            raise InputError("opt_out.per_month_max needs per_event or per_day: nothing can be opted out of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period(Term):
    """Hours with a price, or hours that charging is wanted in or not."""

    name: str
    """such as off_peak, on_peak, super_off_peak or called_peak"""
    tariff: str = ""
    """the tariff it is of; left out: of the program itself"""
    weekdays: tuple[Weekday, ...] = ()
    """days of the week; left out: every day"""
    except_holidays: bool = False
    """not on holidays"""
    hours: Hours | None = None
    """part of the day; left out: all day, or as the note says"""
    price_per_kwh: Decimal | None = None
    """price, currency per kWh"""
    note: str = ""
    """what hours alone do not say, such as all other times"""

    def __post_init__(self) -> None:
        check_amount(f"period {self.name}: price_per_kwh", self.price_per_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract(Term):
    """How long participants are bound."""

    months_min: int | None = None
    """least length, months"""
    note: str = ""
    """what else binds them"""

    def __post_init__(self) -> None:
        check_count("contract.months_min", self.months_min)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherTerms(Term):
    """An instant rebate in a marketplace of compatible chargers (R61)."""

    amount: Decimal
    """what a voucher is worth, in the document's currency"""
    devices: tuple[ApprovedDevice, ...]
    """chargers it is good for, at least one"""
    days_valid: int | None = None
    """it lapses after so many days; left out: it does not"""
    vouchers_max: int | None = None
    """no more than so many are issued"""

    def __post_init__(self) -> None:
        check_amount("voucher.amount", self.amount)
        if not self.amount:
            raise InputError("voucher.amount = 0: a voucher is worth something")
        if not self.devices:
            raise InputError("voucher.devices is empty; name the chargers a voucher is good for")
        for key in ("days_valid", "vouchers_max"):
            check_count(f"voucher.{key}", getattr(self, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTerms(Term):
    """What site hosts owe the program (R62)."""

    duty: HostDuty
    """may_opt_out, must_take_part, or must_with_own_prices: a duty of hosts who set drivers' prices"""
    note: str = ""
    """how it is put"""
