"""Why something did not happen: refusals and shortfalls are reasons, never booleans."""

from enum import StrEnum


class UnservedReason(StrEnum):
    """Why a session left with less energy than it needed."""

    TOO_SHORT = "too_short"
    LEFT_EARLY = "left_early"
    CIRCUIT_LIMIT = "circuit_limit"
    OUTSIDE_HOURS = "outside_hours"

    @property
    def sentence(self) -> str:
        """The reason in words a driver would understand."""
        return _SENTENCES[self]


_SENTENCES = {
    UnservedReason.TOO_SHORT: "even at full power the time plugged in was too short",
    UnservedReason.LEFT_EARLY: "the car left before the departure that was declared",
    UnservedReason.CIRCUIT_LIMIT: "a circuit on its way was at its limit",
    UnservedReason.OUTSIDE_HOURS: "it was plugged in outside the allowed charging hours",
}
