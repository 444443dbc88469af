"""Money that is owed: integer micro-units of one currency, ``Decimal`` at the edges, rounded once.

Prices inside optimiser arrays and costs in summaries are float estimates and are named so where they appear.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Final, Self

from evenload.base.errors import InputError

MICRO: Final = 1_000_000
_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency, in millionths of its unit."""

    micro: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.micro) is not int:
            raise InputError(f"money is counted in whole micro-units, not in {type(self.micro).__name__}")
        if not _CURRENCY.fullmatch(self.currency):
            raise InputError(f"{self.currency!r} is not a currency code of three capital letters, such as EUR")

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> Self:
        """Round a decimal amount half-even to micro-units; a float is refused, it cannot say what is owed."""
        if not isinstance(amount, Decimal):
            raise InputError(f"an amount owed must be a Decimal, not {type(amount).__name__}")
        if not amount.is_finite():
            raise InputError(f"{amount} is not an amount of money")
        try:
            rounded = amount.quantize(Decimal(1) / MICRO, rounding=ROUND_HALF_EVEN)
        except InvalidOperation as error:
            raise InputError(f"{amount} {currency} has more digits than money is counted in") from error
        return cls(int(rounded.scaleb(6)), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in units of the currency."""
        return Decimal(self.micro) / MICRO

    def __add__(self, other: "Money") -> "Money":
        return Money(self.micro + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.micro - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.micro, self.currency)

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise InputError(f"cannot combine {self.currency} with {other.currency}")
        return other.micro
