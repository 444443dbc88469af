"""OCPP 1.6, authorisation: tokens asked about, the local list, the cache."""

from datetime import datetime
from typing import Final

from evenload.domain.station import Token, TokenStatus, Verdict
from evenload.domain.station_commands import ClearCache, GetLocalListVersion, UpdateLocalList
from evenload.domain.station_events import AuthorisationAsked
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome
from evenload.ocpp.v16.wire import core, local_list
from evenload.ocpp.v16.wire.datatypes import AuthorizationStatus, IdTagInfo

_STATUS: Final = {
    TokenStatus.ACCEPTED: AuthorizationStatus.ACCEPTED,
    TokenStatus.BLOCKED: AuthorizationStatus.BLOCKED,
    TokenStatus.CONCURRENT: AuthorizationStatus.CONCURRENT_TX,
    TokenStatus.EXPIRED: AuthorizationStatus.EXPIRED,
    TokenStatus.NO_CREDIT: AuthorizationStatus.BLOCKED,
    TokenStatus.NOT_AT_THIS_EVSE: AuthorizationStatus.BLOCKED,
    TokenStatus.NOT_AT_THIS_STATION: AuthorizationStatus.BLOCKED,
    TokenStatus.NOT_AT_THIS_TIME: AuthorizationStatus.BLOCKED,
    TokenStatus.UNKNOWN: AuthorizationStatus.INVALID,
}
_TOKEN_LENGTH_MAX: Final = 20


def info_of(verdict: Verdict) -> IdTagInfo:
    """A verdict on the wire; a group that is no idTag of 1.6 is left out."""
    group = verdict.group if 0 < len(verdict.group) <= _TOKEN_LENGTH_MAX else None
    return IdTagInfo(status=_STATUS[verdict.status], expiry_date=verdict.expires_at, parent_id_tag=group)


def authorise(dossier: Dossier, request: core.AuthorizeRequest, now: datetime) -> Outcome:
    """Authorize (4.1)."""
    token = Token(request.id_tag)
    verdict = dossier.records.authorise(token, 0, now)
    event = dossier.event(AuthorisationAsked, now, token=token, status=verdict.status)
    return Outcome(core.AuthorizeResponse(id_tag_info=info_of(verdict)), (event,), durable=True)


def update_list(
    dossier: Dossier,
    command: UpdateLocalList,
    _now: datetime,
) -> tuple[local_list.SendLocalListRequest, ...]:
    """SendLocalList (5.15), in as many messages as the station's limit asks for: only the first replaces."""
    entries = [
        local_list.AuthorizationData(id_tag=token.text, id_tag_info=info_of(verdict) if verdict else None)
        for token, verdict in command.entries
    ]
    size = dossier.number("SendLocalListMaxLength") or max(1, len(entries))
    parts = [tuple(entries[i : i + size]) for i in range(0, len(entries), size)] or [()]
    kinds = local_list.UpdateType
    return tuple(
        local_list.SendLocalListRequest(
            list_version=command.version,
            update_type=kinds.DIFFERENTIAL if command.differential or i else kinds.FULL,
            local_authorization_list=part or None,
        )
        for i, part in enumerate(parts)
    )


def ask_list_version(
    _dossier: Dossier,
    _command: GetLocalListVersion,
    _now: datetime,
) -> tuple[local_list.GetLocalListVersionRequest, ...]:
    """GetLocalListVersion (5.10)."""
    return (local_list.GetLocalListVersionRequest(),)


def clear_cache(
    _dossier: Dossier,
    _command: ClearCache,
    _now: datetime,
) -> tuple[core.ClearCacheRequest, ...]:
    """ClearCache (5.4)."""
    return (core.ClearCacheRequest(),)
