"""OCPP 2.0.1, what profiles a station holds (K09): asked once it has come, held against what should be there."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from evenload.domain.station_events import LimitReported
from evenload.domain.station_limits import Limits, LimitSource
from evenload.ocpp.composite import Purpose
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome, Reply, Request
from evenload.ocpp.profiles import FALLBACK_LEVEL, PLAN_LEVEL, place_of
from evenload.ocpp.v201.needs import SOURCES, keep, limits_of
from evenload.ocpp.v201.profiles import PURPOSES, words_of
from evenload.ocpp.v201.wire.datatypes import ChargingProfile, ChargingProfilePurposeEnum
from evenload.ocpp.v201.wire.smart_charging import (
    ChargingLimitSourceEnum,
    ChargingProfileCriterion,
    ClearChargingProfileRequest,
    GetChargingProfilesRequest,
    GetChargingProfilesResponse,
    GetChargingProfileStatusEnum,
    ReportChargingProfilesRequest,
    ReportChargingProfilesResponse,
)

_FROM_OUTSIDE: Final = 1
_FROM_HERE: Final = 2
_OUTSIDE: Final = ChargingProfilePurposeEnum.CHARGING_STATION_EXTERNAL_CONSTRAINTS
_PURPOSE_OF: Final = {word: purpose for purpose, word in PURPOSES.items()}


def asking() -> tuple[GetChargingProfilesRequest, ...]:
    """What to ask: who else limits the station, and what it still has from here."""
    outside = ChargingProfileCriterion(charging_profile_purpose=_OUTSIDE)
    own = ChargingProfileCriterion(charging_limit_source=(ChargingLimitSourceEnum.CSO,))
    return (
        GetChargingProfilesRequest(request_id=_FROM_OUTSIDE, charging_profile=outside),
        GetChargingProfilesRequest(request_id=_FROM_HERE, charging_profile=own),
    )


def asked(dossier: Dossier, request: Request, response: GetChargingProfilesResponse, now: datetime) -> Reply:
    """Whether profiles will be reported. Limits from outside hold only where the station still tells of them."""
    info = words_of(response.status, response.status_info)
    message = request.message
    if not isinstance(message, GetChargingProfilesRequest) or message.request_id != _FROM_OUTSIDE:
        return Reply(info=info)
    dossier.charging.unconfirmed = set(dossier.charging.external)
    none = response.status is GetChargingProfileStatusEnum.NO_PROFILES
    return Reply(info=info, events=tuple(_lifted(dossier, now)) if none else ())


def reported(dossier: Dossier, request: ReportChargingProfilesRequest, now: datetime) -> Outcome:
    """ReportChargingProfiles: what is from outside is a limit, what is left over from here is cleared."""
    evse_id, source = request.evse_id, request.charging_limit_source
    ranked = sorted(request.charging_profile, key=lambda one: -one.stack_level)
    outside = [one for one in ranked if one.charging_profile_purpose is _OUTSIDE]
    told = [limits_of(dossier, evse_id, one.charging_schedule[0], now) for one in outside]
    if told:
        keep(dossier, str(source), evse_id, told)
        dossier.charging.unconfirmed.discard((str(source), evse_id))
    events = [_limited(dossier, str(source), evse_id, now, one) for one in told]
    if request.request_id == _FROM_OUTSIDE and not request.tbc:
        events += _lifted(dossier, now)
    if source is ChargingLimitSourceEnum.CSO:
        _clear_left_over(dossier, evse_id, request.charging_profile, now)
    return Outcome(ReportChargingProfilesResponse(), tuple(events))


def _limited(
    dossier: Dossier, source: str, evse_id: int, now: datetime, limits: Limits | None, *, lifted: bool = False
) -> LimitReported:
    words = {str(word): one for word, one in SOURCES.items()}
    who = words.get(source, LimitSource.OTHER)
    return dossier.event(LimitReported, now, evse_id=evse_id, source=who, limits=limits, lifted=lifted)


def _lifted(dossier: Dossier, now: datetime) -> Iterator[LimitReported]:
    """Lift the limits from outside of which the station tells no more."""
    charging = dossier.charging
    gone, charging.unconfirmed = charging.unconfirmed, set()
    for source, evse_id in sorted(gone & set(charging.external)):
        charging.limited(source, evse_id, None)
        yield _limited(dossier, source, evse_id, now, None, lifted=True)


def _clear_left_over(dossier: Dossier, evse_id: int, held: tuple[ChargingProfile, ...], now: datetime) -> None:
    for one in held:
        purpose = _PURPOSE_OF.get(one.charging_profile_purpose)
        if purpose is None:
            continue
        own = place_of(one.id) == (purpose, min(one.stack_level, PLAN_LEVEL), evse_id)
        if own and not _wanted(dossier, purpose, one.stack_level, evse_id, one.transaction_id or "", now):
            dossier.to_call.append(Request(ClearChargingProfileRequest(charging_profile_id=one.id)))


def _wanted(dossier: Dossier, purpose: Purpose, level: int, evse_id: int, transaction_id: str, now: datetime) -> bool:
    """Whether a profile set from here should still be there.

    A fallback is left alone where nothing is wanted at all: who has only just started does not know yet what is.
    """
    charging = dossier.charging
    if purpose is Purpose.TX:
        transaction = dossier.transactions.open_on(evse_id)
        return transaction is not None and transaction.transaction_id == transaction_id
    plan = charging.plans.get(evse_id)
    planned = plan is not None and plan.limits.end > now
    if level == FALLBACK_LEVEL:
        return planned or evse_id in charging.fallbacks or not (charging.plans or charging.fallbacks)
    return planned
