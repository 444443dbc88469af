"""Admit: which stations may come in. Each call is one unit of work."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError, did_you_mean
from evenload.domain.station import StationId, Token, TokenStatus
from evenload.service.ports import Store, Unit
from evenload.service.rows import StationRow, TokenRow

HELD_MAX: Final = 1000
"""How many unknown stations of a tenant are noted: who knocks under ever new names fills no disk."""

TOKEN_LENGTH_MAX: Final = 36
"""Of an idToken of OCPP 2.0.1; OCPP 1.6 has 20."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a station has to prove itself: the weakest security profile (0 to 3), and what it is checked against."""

    profile: int = 0
    password_hash: str = field(default="", repr=False)
    certificate_name: str = ""


def note(store: Store, station: StationId, address: str, now: datetime, *, welcome: bool = False) -> StationRow | None:
    """Note a station that knocked, and let it in where ``welcome``, but not one whose access was taken away.

    ``None`` beyond ``HELD_MAX`` that are held.
    """
    with store.writing() as unit:
        row = unit.stations.find(station)
        if row is None and not welcome and unit.stations.held(station.tenant) >= HELD_MAX:
            return None
        row = replace(row or StationRow(station), address=address, noted_at=now)
        row = replace(row, approved=row.approved or (welcome and row.revoked_at is None))
        unit.stations.put([row])
        return row


def refuse_known(store: Store, station: StationId) -> None:
    """``InputError`` where a station is there already."""
    with store.reading() as unit:
        if unit.stations.find(station):
            raise InputError(f"station {station} is there already; `evenload ocpp approve` changes how it comes in")


def add(store: Store, station: StationId, credentials: Credentials, now: datetime) -> None:
    """Add a station before it ever knocked; ``InputError`` where it is there."""
    refuse_known(store, station)
    with store.writing() as unit:
        unit.stations.put([_with(StationRow(station, approved=True, noted_at=now), credentials)])


def approve(store: Store, station: StationId, credentials: Credentials | None = None) -> StationRow:
    """Let a station in that was held or revoked, or change how it has to prove itself; ``InputError`` where it is
    unknown. Without ``credentials`` it proves itself as before."""
    with store.writing() as unit:
        known = known_station(unit, station)
        row = replace(_with(known, credentials) if credentials else known, approved=True, revoked_at=None)
        unit.stations.put([row])
        return row


def known_station(unit: Unit, station: StationId) -> StationRow:
    """A station that there is; ``InputError`` with the nearest name otherwise."""
    row = unit.stations.find(station)
    if row is None:
        near = did_you_mean(station.identity, [one.station.identity for one in unit.stations.of(station.tenant)])
        raise InputError(f"tenant {station.tenant!r} has no station {station.identity!r}.{near}")
    return row


def check_evse(unit: Unit, station: StationId, evse_id: int) -> None:
    """``InputError`` where a station told of its EVSEs, and not of this one; 0 is the whole station."""
    known = sorted({one.evse_id for one in unit.stations.connectors(station.tenant) if one.station == station} - {0})
    if known and evse_id and evse_id not in known:
        raise InputError(
            f"station {station.identity!r} has no EVSE {evse_id}: it told of {', '.join(map(str, known))}. If it has "
            f"more, have it tell:  evenload ocpp trigger {station.identity} status"
        )


def put_token(store: Store, tenant: str, token: Token, status: TokenStatus, expires_at: datetime | None = None) -> None:
    """Say what a token may do; ``InputError`` where no station could ever send it."""
    if not 1 <= len(token.text.strip()) <= TOKEN_LENGTH_MAX:
        raise InputError(
            f"a token has 1 to {TOKEN_LENGTH_MAX} characters; {token.text!r} has {len(token.text.strip())}"
        )
    with store.writing() as unit:
        unit.tokens.put([TokenRow(tenant, token, status, expires_at)])


def _with(row: StationRow, credentials: Credentials) -> StationRow:
    return replace(
        row, profile=credentials.profile, password_hash=credentials.password_hash,
        certificate_name=credentials.certificate_name, password_hash_next="", password_until=None,
    )  # fmt: skip
