"""The words program documents and the catalogue use.

Source: the archetypes, segments and incentives of the report "The State of Managed Charging in 2021", chapters 1, 2 and
its appendix A.
"""

from enum import StrEnum


class Archetype(StrEnum):
    """Who acts on charging, and through what."""

    EVSE = "direct_load_control_evse"
    TELEMATICS = "direct_load_control_telematics"
    BEHAVIORAL = "behavioral_load_control"
    THIRD_PARTY = "third_party_optimization"

    @property
    def needs_control(self) -> bool:
        """Whether somebody else than the driver acts on charging."""
        return self is not Archetype.BEHAVIORAL


class Stage(StrEnum):
    """How far a program has come: prices alone, events, charging steered all the time, part of a DERMS."""

    TIME_OF_USE = "time_of_use"
    DEMAND_RESPONSE = "demand_response"
    CONTINUOUS = "continuous"
    DERMS = "derms"


class Segment(StrEnum):
    """Where cars charge, or whose they are."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    PUBLIC = "public"
    WORKPLACE = "workplace"
    MULTIFAMILY = "multifamily"
    FLEET = "fleet"
    SCHOOL_BUS = "school_bus"


class Level(StrEnum):
    """How fast a charger is: 120 V, 240 V, direct current."""

    L1 = "L1"
    L2 = "L2"
    DCFC = "DCFC"


class VehicleKind(StrEnum):
    """What a car runs on."""

    BEV = "bev"
    PHEV = "phev"


class Track(StrEnum):
    """Whether a device is bought for the program or was there before."""

    NEW_PURCHASE = "new_purchase"
    OWN_DEVICE = "own_device"


class ConsentKind(StrEnum):
    """What a participant agrees to; one is never part of the other."""

    CONTROL = "control"
    DATA_SHARING = "data_sharing"


class ArmKind(StrEnum):
    """What is done with those in an arm: nothing, messages only, messages and control."""

    CONTROL = "control"
    REMINDER = "reminder"
    MANAGED = "managed"


class IncentiveKind(StrEnum):
    """What an incentive is paid for; ``subscription`` is paid by the customer."""

    ENROL_BONUS = "enrol_bonus"
    REBATE = "rebate"
    IN_KIND = "in_kind"
    PER_EVENT = "per_event"
    PER_KWH = "per_kwh"
    PER_MONTH = "per_month"
    PER_SEASON = "per_season"
    PER_YEAR = "per_year"
    COMPLETION_BONUS = "completion_bonus"
    SUBSCRIPTION = "subscription"


class AmountIs(StrEnum):
    """What an amount says: it is exactly that, at the most, at the least, or on average."""

    EXACT = "exact"
    MOST = "most"
    LEAST = "least"
    AVERAGE = "average"


class Per(StrEnum):
    """What an incentive is counted by."""

    CHARGER = "charger"
    PORT = "port"
    SITE = "site"
    HOME = "home"
    VEHICLE = "vehicle"
    PARTICIPANT = "participant"
    APPLICATION = "application"


class Payout(StrEnum):
    """How an incentive is paid."""

    CASH = "cash"
    GIFT_CARD = "gift_card"
    BILL_CREDIT = "bill_credit"
    POINTS = "points"
    INSTANT = "instant"


class HostDuty(StrEnum):
    """Whether a site host may keep its chargers out of events."""

    MAY_OPT_OUT = "may_opt_out"
    MUST_TAKE_PART = "must_take_part"
    MUST_WITH_OWN_PRICES = "must_with_own_prices"


class OptOutCost(StrEnum):
    """What leaving an event costs: nothing, the pay of that event, or the price the tariff itself has."""

    NOTHING = "nothing"
    EVENT_PAY = "event_pay"
    TARIFF_PRICE = "tariff_price"
