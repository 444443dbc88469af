"""Why something did or did not happen: refusals, shortfalls and powers have reasons, never booleans."""

from enum import StrEnum


class UnservedReason(StrEnum):
    """Why a session left with less energy than it needed."""

    TOO_SHORT = "too_short"
    LEFT_EARLY = "left_early"
    CIRCUIT_LIMIT = "circuit_limit"
    OUTSIDE_HOURS = "outside_hours"
    TOO_COARSE = "too_coarse"

    @property
    def sentence(self) -> str:
        """The reason in words a driver would understand."""
        return _SENTENCES[self]


_SENTENCES = {
    UnservedReason.TOO_SHORT: "even at full power the time plugged in was too short",
    UnservedReason.LEFT_EARLY: "the car left before the departure that was declared",
    UnservedReason.CIRCUIT_LIMIT: "a circuit on its way was at its limit",
    UnservedReason.OUTSIDE_HOURS: "it was plugged in outside the allowed charging hours",
    UnservedReason.TOO_COARSE: "no power that its charger can be told fits into the room that is left",
}


class OverloadCause(StrEnum):
    """What puts a circuit above its normal limit; nothing else may."""

    BASE = "base"
    MINIMUM_ENERGY = "minimum_energy"


class StepReason(StrEnum):
    """Why a car has the power it has in a step of a plan: the first of these that holds."""

    NEED_MET = "need_met"
    UNTOLD = "untold"
    OPTED_OUT = "opted_out"
    GIVES_BACK = "gives_back"
    MINIMUM = "minimum"
    TAPER = "taper"
    ABSORB = "absorb"
    EVENT = "event"
    RELEASE = "release"
    GROUP_LIMIT = "group_limit"
    CIRCUIT_LIMIT = "circuit_limit"
    PEAK = "peak"
    EARLY_IN_CASE = "early_in_case"
    OWN_GENERATION = "own_generation"
    FULL_POWER = "full_power"
    DWELL = "dwell"
    COMMANDS = "commands"
    LEAST_LEVEL = "least_level"
    WHOLE_STEP = "whole_step"
    DEVICE = "device"
    CHEAP_SHARE = "cheap_share"
    WAITING_GENERATION = "waiting_generation"
    WAITING_CHEAPER = "waiting_cheaper"

    @property
    def meaning(self) -> str:
        """When it holds."""
        return _MEANINGS[self]


_MEANINGS = {
    StepReason.NEED_MET: "off: the need is met, and stays so",
    StepReason.UNTOLD: "the device is never told anything: it charges from plug-in until the need is met",
    StepReason.OPTED_OUT: "the driver has opted out of managed charging",
    StepReason.GIVES_BACK: "power flows back to the grid",
    StepReason.MINIMUM: "part of the minimum energy, given at once after plug-in",
    StepReason.TAPER: "as much as the battery takes, which is full or nearly so",
    StepReason.ABSORB: "an event asks for more",
    StepReason.EVENT: "an event asks for less: less than the car would draw, or the need goes before the event",
    StepReason.RELEASE: "less than the car would draw: after an event, an outage or a fall in price all start in turns",
    StepReason.GROUP_LIMIT: "less than the car would draw at this price: a limit across circuits, such as of a phase",
    StepReason.CIRCUIT_LIMIT: "less than the car would draw at this price: a circuit on its path is at its limit",
    StepReason.PEAK: "less than the car would draw at this price: more would raise the peak a circuit is charged for",
    StepReason.EARLY_IN_CASE: "earlier than prices alone would have it: a later step is cheaper and free, but the "
    "driver may be gone by then",
    StepReason.OWN_GENERATION: "from what its site generates: it would not draw this if it had to be bought",
    StepReason.FULL_POWER: "as much as car and charger can draw",
    StepReason.DWELL: "as the device was told before: what it is told stands for its least time",
    StepReason.COMMANDS: "as the device was told before: it has no command to spare",
    StepReason.LEAST_LEVEL: "off: the device cannot go as low as what the car would be given",
    StepReason.WHOLE_STEP: "what the car would draw, rounded to a whole step of the device",
    StepReason.DEVICE: "as near as the device can be told to what the car would draw at this price",
    StepReason.CHEAP_SHARE: "a part of full power, at the dearest price the car pays",
    StepReason.WAITING_GENERATION: "off: all would have to be bought here; the car charges later from what its site "
    "generates",
    StepReason.WAITING_CHEAPER: "off: other steps are cheaper, or cheap enough for all of the need",
}
