"""OCPP 2.0.1, authorisation (blocks C and D): tokens asked about, the local list, the cache."""

from datetime import datetime
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.station import Token, TokenStatus, Verdict
from evenload.domain.station_commands import ClearCache, GetLocalListVersion, UpdateLocalList
from evenload.domain.station_events import AuthorisationAsked
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome
from evenload.ocpp.v201.wire import authorization, local_list
from evenload.ocpp.v201.wire.datatypes import AuthorizationStatusEnum, IdToken, IdTokenEnum, IdTokenInfo

_STATUS: Final = {
    TokenStatus.ACCEPTED: AuthorizationStatusEnum.ACCEPTED,
    TokenStatus.BLOCKED: AuthorizationStatusEnum.BLOCKED,
    TokenStatus.CONCURRENT: AuthorizationStatusEnum.CONCURRENT_TX,
    TokenStatus.EXPIRED: AuthorizationStatusEnum.EXPIRED,
    TokenStatus.NO_CREDIT: AuthorizationStatusEnum.NO_CREDIT,
    TokenStatus.NOT_AT_THIS_EVSE: AuthorizationStatusEnum.NOT_ALLOWED_TYPE_EVSE,
    TokenStatus.NOT_AT_THIS_STATION: AuthorizationStatusEnum.NOT_AT_THIS_LOCATION,
    TokenStatus.NOT_AT_THIS_TIME: AuthorizationStatusEnum.NOT_AT_THIS_TIME,
    TokenStatus.UNKNOWN: AuthorizationStatusEnum.UNKNOWN,
}
_KINDS: Final = {kind.value: kind for kind in IdTokenEnum}


def wire_token(token: Token) -> IdToken:
    """A token on the wire; one without a kind is the operator's own."""
    kind = _KINDS.get(token.kind or IdTokenEnum.CENTRAL)
    if kind is None:
        raise InputError(f"{token.kind!r} is not a kind of token in OCPP 2.0.1: {', '.join(_KINDS)}")
    return IdToken(id_token=token.text, type=kind)


def token_of(wire: IdToken) -> Token:
    """A token from the wire."""
    return Token(wire.id_token, str(wire.type))


def info_of(verdict: Verdict) -> IdTokenInfo:
    """A verdict on the wire."""
    group = IdToken(id_token=verdict.group, type=IdTokenEnum.CENTRAL) if verdict.group else None
    return IdTokenInfo(status=_STATUS[verdict.status], cache_expiry_date_time=verdict.expires_at, group_id_token=group)


def authorise(dossier: Dossier, request: authorization.AuthorizeRequest, now: datetime) -> Outcome:
    """Authorize (C01 to C06); contract certificates are not checked here."""
    token = token_of(request.id_token)
    verdict = dossier.records.authorise(token, 0, now)
    certificate = request.certificate or request.iso15118_certificate_hash_data
    missing = authorization.AuthorizeCertificateStatusEnum.NO_CERTIFICATE_AVAILABLE
    answer = authorization.AuthorizeResponse(
        id_token_info=info_of(verdict), certificate_status=missing if certificate else None
    )
    event = dossier.event(AuthorisationAsked, now, token=token, status=verdict.status)
    return Outcome(answer, (event,), durable=True)


def update_list(
    dossier: Dossier, command: UpdateLocalList, _now: datetime
) -> tuple[local_list.SendLocalListRequest, ...]:
    """SendLocalList (D01), in as many messages as the station's limit asks for: only the first replaces."""
    entries = [
        local_list.AuthorizationData(id_token=wire_token(token), id_token_info=info_of(verdict) if verdict else None)
        for token, verdict in command.entries
    ]
    size = dossier.number("LocalAuthListCtrlr.ItemsPerMessage") or max(1, len(entries))
    parts = [tuple(entries[i : i + size]) for i in range(0, len(entries), size)] or [()]
    kinds = local_list.UpdateEnum
    return tuple(
        local_list.SendLocalListRequest(
            version_number=command.version,
            update_type=kinds.DIFFERENTIAL if command.differential or i else kinds.FULL,
            local_authorization_list=part or None,
        )
        for i, part in enumerate(parts)
    )


def ask_list_version(
    _dossier: Dossier, _command: GetLocalListVersion, _now: datetime
) -> tuple[local_list.GetLocalListVersionRequest, ...]:
    """GetLocalListVersion (D02)."""
    return (local_list.GetLocalListVersionRequest(),)


def clear_cache(_dossier: Dossier, _command: ClearCache, _now: datetime) -> tuple[authorization.ClearCacheRequest, ...]:
    """ClearCache (C11)."""
    return (authorization.ClearCacheRequest(),)
