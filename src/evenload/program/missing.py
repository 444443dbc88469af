"""What a program of the catalogue lacks to be run: incentives without amounts, prices without hours."""

import re
from typing import Final

from evenload.program.catalog import CatalogProgram
from evenload.program.words import Archetype

_CLOCK: Final = re.compile(r"\d\d:\d\d")
_PRICED_BY_HOUR: Final = frozenset({"tou_whole_home", "tou_ev_meter", "simple_off_peak", "dynamic_tou"})
_HOURS: Final = "periods.hours"


def missing_terms(program: CatalogProgram) -> tuple[str, ...]:
    """Keys of a program document the record cannot fill; empty where it can be run.

    A program can be run where its segment is known and one of the incentives it names has its terms: a rebate its
    amount or what is given, prices by the hour their hours, anything else an amount. What more the record leaves open
    is named in the document under ``unstated``.
    """
    missing = [] if program.segment else ["eligibility.segments"]
    lacks = [_lacking(program, incentive) for incentive in program.incentives]
    if all(lacks):
        missing += [key for key in lacks if key]
    return tuple(dict.fromkeys(missing))


def _lacking(program: CatalogProgram, incentive: str) -> str:
    """The key that one incentive lacks; blank where it has its terms."""
    if incentive == "none":
        return ""
    if incentive in _PRICED_BY_HOUR:
        return "" if _has_hours(program) else _HOURS
    if incentive in ("rebate", "data_collection_rebate"):
        return "" if _has_rebate(program) else "incentives.rebate.amount"
    if not (_has_rebate(program) or _has_payment(program) or program.per_year_usd):
        return f"incentives.{incentive}.amount"
    is_pay_for_habits = program.archetype == Archetype.BEHAVIORAL and not _has_payment(program)
    return _HOURS if is_pay_for_habits and not _has_hours(program) else ""


def _has_hours(program: CatalogProgram) -> bool:
    return bool(_CLOCK.search(program.off_peak_hours) or _CLOCK.search(program.on_peak_hours))


def _has_rebate(program: CatalogProgram) -> bool:
    return program.rebate_usd_max is not None or program.rebate_basis.startswith("in kind")


def _has_payment(program: CatalogProgram) -> bool:
    """Whether an amount is printed that does not depend on hours or habits."""
    return any(
        amount is not None
        for amount in (
            program.enrol_bonus_usd, program.per_event_usd, program.per_month_usd, program.per_season_usd,
            program.completion_bonus_usd, program.rate_on_peak_usd_per_kwh,
        )
    )  # fmt: skip
