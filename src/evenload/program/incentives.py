"""What a program pays, as typed terms: what for, how much, to whom. Nothing is computed or paid here.

Requirements R63 to R76 of the report name the kinds, tiers, floors and stacking.
"""

from dataclasses import dataclass
from decimal import Decimal

from evenload.base.errors import InputError
from evenload.base.money import MICRO, Money
from evenload.program.term import Term, check_count, check_once
from evenload.program.words import AmountIs, IncentiveKind, Level, Payout, Per, Segment, VehicleKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier(Term):
    """Whom or what a term is for; what is left out does not matter."""

    segments: tuple[Segment, ...] = ()
    """of these segments"""
    levels: tuple[Level, ...] = ()
    """for chargers of these levels"""
    vehicle_kinds: tuple[VehicleKind, ...] = ()
    """for cars of these kinds"""
    wifi: bool | None = None
    """for chargers with (true) or without (false) Wi-Fi"""
    networked: bool | None = None
    """for chargers that are (true) or are not (false) networked"""
    energy_star: bool | None = None
    """for chargers that are (true) or are not (false) ENERGY STAR certified"""
    new_device: bool | None = None
    """for devices bought for the program (true) or there before (false)"""
    income_eligible: bool | None = None
    """for those who qualify by income (true) or the others (false)"""
    takes_tariff: bool | None = None
    """for those who take (true) or do not take (false) a tariff of the program"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncentiveTerm(Term):
    """One thing that is paid or given. Amounts are in units of the document's currency, to six decimals."""

    kind: IncentiveKind
    """what it is for; subscription is paid by the customer"""
    name: str = ""
    """what other terms call it, where they exclude or need it"""
    amount: Decimal | None = None
    """how much; with cost_share the ceiling"""
    amount_is: AmountIs = AmountIs.EXACT
    """whether the amount is exact, the most, the least or an average"""
    cost_share: Decimal | None = None
    """share (0-1) of the cost that is paid"""
    given: str = ""
    """what is given, of kind in_kind"""
    per: Per | None = None
    """what it is counted by"""
    when: Tier | None = None
    """whom it is for; left out: everybody in the program"""
    arms: tuple[str, ...] = ()
    """arms it is for; left out: all"""
    months: tuple[int, ...] = ()
    """months it is paid in, 1 to 12; left out: all"""
    kwh_from: Decimal | None = None
    """of kind per_kwh: energy of a billing period above which it is paid, kWh"""
    kwh_most: Decimal | None = None
    """of kind per_kwh: most energy of a billing period that it is paid for, kWh"""
    event_share_min: Decimal | None = None
    """of kind per_event: least share (0-1) of the event that charging must respect"""
    times: int | None = None
    """how often it is paid at the most"""
    first_participants: int | None = None
    """only so many, first come first served"""
    amount_per_year_max: Decimal | None = None
    """most that one participant gets of it in a year"""
    payout: Payout | None = None
    """how it is paid"""
    excludes: tuple[str, ...] = ()
    """names of terms that who gets this one does not get"""
    needs: tuple[str, ...] = ()
    """names of terms that who gets this one must get too"""

    def __post_init__(self) -> None:
        _check_what(self)
        _check_numbers(self)
        _check_of_kind(self)

    @property
    def label(self) -> str:
        """Its name, or its kind where it has none."""
        return self.name or str(self.kind)

    def money(self, currency: str) -> Money | None:
        """The amount as money; None where only a share of the cost or a thing is given."""
        return None if self.amount is None else Money.of(self.amount, currency)


def _check_what(term: IncentiveTerm) -> None:
    where = f"incentive {term.label}"
    if term.kind is IncentiveKind.IN_KIND:
        if not term.given or term.amount is not None:
            raise InputError(f"{where}: say under given what is given, and no amount")
    elif term.given:
        raise InputError(f"{where}: given is for kind in_kind")
    elif term.amount is None and term.cost_share is None:
        raise InputError(f"{where}: give an amount, or a cost_share with or without one")
    for key in ("arms", "excludes", "needs"):
        check_once(f"{where}: {key}", getattr(term, key))
    if term.name and term.name in (*term.excludes, *term.needs):
        raise InputError(f"{where}: it cannot exclude or need itself")


def _check_numbers(term: IncentiveTerm) -> None:
    where = f"incentive {term.label}"
    for key in ("amount", "amount_per_year_max"):
        check_amount(f"{where}: {key}", getattr(term, key))
    for key in ("cost_share", "event_share_min"):
        share = getattr(term, key)
        if share is not None and not 0 < share <= 1:
            raise InputError(f"{where}: {key} = {share} must be a share above 0 and up to 1, such as 0.75")
    for key in ("times", "first_participants"):
        check_count(f"{where}: {key}", getattr(term, key))
    for key in ("kwh_from", "kwh_most"):
        energy = getattr(term, key)
        if energy is not None and energy < 0:
            raise InputError(f"{where}: {key} = {energy} must be 0 or more")
    for month in term.months:
        if not 1 <= month <= 12:
            raise InputError(f"{where}: months has {month}; months are 1 to 12")
    check_once(f"{where}: months", tuple(map(str, term.months)))


_ONLY_OF = {
    "kwh_from": IncentiveKind.PER_KWH,
    "kwh_most": IncentiveKind.PER_KWH,
    "event_share_min": IncentiveKind.PER_EVENT,
    "cost_share": IncentiveKind.REBATE,
}


def _check_of_kind(term: IncentiveTerm) -> None:
    for key, kind in _ONLY_OF.items():
        if getattr(term, key) is not None and term.kind is not kind:
            raise InputError(f"incentive {term.label}: {key} is for kind {kind}, not {term.kind}")


def check_amount(where: str, amount: Decimal | None) -> None:
    """``InputError`` where an amount is given that is below 0 or finer than money is counted in."""
    if amount is None:
        return
    if not amount >= 0:
        raise InputError(f"{where} = {amount} must be 0 or more")
    if amount * MICRO % 1:
        raise InputError(f"{where} = {amount} has more than six decimals; money is counted to six")
