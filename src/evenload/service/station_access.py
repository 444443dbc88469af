"""Access: other passwords and certificates for stations, and the end of their access. Each call is one unit of work.

Another password goes through three states that are all kept: both count, both count until an hour that is set, only
the other one counts. So a station that died anywhere between comes in by whichever it has. The password itself is
kept nowhere.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.domain.station_commands import (
    ChangePassword,
    Command,
    Disconnect,
    InstallSignedCertificate,
    Settlement,
)
from evenload.domain.station_events import AccessChange, AccessChanged
from evenload.domain.station_readings import Quality
from evenload.service import orders
from evenload.service.admission import known_station
from evenload.service.event_text import row_of
from evenload.service.ports import Store, Unit
from evenload.service.rows import OrderRow, StationRow

MUTUAL_TLS: Final = 3
OLD_PASSWORD_KEPT: Final = timedelta(days=1)
OLD_PASSWORD_KEPT_TO_REBOOT: Final = timedelta(days=7)
"""How long a station may still come in by the password it had, after it took the other one."""
_PASSWORD_WAITS: Final = timedelta(days=7)
_CERTIFICATE_WAITS: Final = timedelta(days=1)
_DISCONNECT_WAITS: Final = timedelta(minutes=1)

# passwords


def order_password(store: Store, station: StationId, command: Command, now: datetime) -> None:
    """Have a station given another password; ``InputError`` where it has none, or is being given one already."""
    with store.writing() as unit:
        row = known_station(unit, station)
        if row.profile >= MUTUAL_TLS:
            raise InputError(f"{station.identity} comes in by its certificate: `evenload ocpp renew-certificate` it")
        _refuse_shut_out(row)
        waiting = [one for one in _waiting(unit, station, ChangePassword) if not _is_past(one, now)]
        if waiting:
            raise InputError(
                f"{station.identity} is being given another password already (order {waiting[0].order_id}); wait for "
                "its end: `evenload ocpp orders`"
            )
        orders.give(
            unit, station, ChangePassword(command_id=command.command_id, worthless_at=now + _PASSWORD_WAITS), now
        )


def expect_password(store: Store, station: StationId, order_id: str, hashed: str) -> bool:
    """Let a station in by the password it is about to be given too; ``False`` where that is not wanted any more."""
    with store.writing() as unit:
        row, order = unit.stations.find(station), unit.orders.find([order_id])
        if row is None or not order or order[0].settlement not in ("", Settlement.NO_ANSWER):
            return False
        unit.stations.put([replace(row, password_hash_next=hashed, password_until=None)])
        return True


def password_answered(store: Store, station: StationId, hashed: str, how: Settlement, now: datetime) -> None:
    """A station said whether it takes another password: the old one ends in a while, or the other one at once."""
    change: Callable[[StationRow], StationRow]
    if how.good:
        kept = OLD_PASSWORD_KEPT_TO_REBOOT if how is Settlement.AFTER_REBOOT else OLD_PASSWORD_KEPT
        change = lambda row: replace(row, password_until=now + kept)  # noqa: E731
    else:
        change = lambda row: replace(row, password_hash_next="", password_until=None)  # noqa: E731
    with store.writing() as unit:
        row = unit.stations.find(station)
        if row and row.password_hash_next == hashed:
            unit.stations.put([change(row)])


def took_password(store: Store, station: StationId, hashed: str, now: datetime) -> bool:
    """A station came in by the other password: from now on it is the only one. Whether that is news."""
    with store.writing() as unit:
        row = unit.stations.find(station)
        if row is None or row.password_hash_next != hashed:
            return False
        changed = replace(row, password_hash=hashed, password_hash_next="", password_until=None,
                          profile=max(row.profile, 1))  # fmt: skip
        unit.stations.put([changed])
        unit.orders.put(_ended(one, Settlement.DONE, "it came in by it", now)
                        for one in _waiting(unit, station, ChangePassword))  # fmt: skip
        _note(unit, station, AccessChange.PASSWORD_CHANGED, now)
        return True


# certificates


def order_renewal(store: Store, station: StationId, command: Command, now: datetime) -> None:
    """Have a station asked to ask for another certificate."""
    with store.writing() as unit:
        _refuse_shut_out(known_station(unit, station))
        orders.give(unit, station, replace(command, worthless_at=now + _CERTIFICATE_WAITS), now)


def certificate_name(store: Store, station: StationId) -> str | None:
    """The common name a station's certificate has to bear; ``None`` where it may not come in anyway."""
    with store.reading() as unit:
        row = unit.stations.find(station)
    return (row.certificate_name or station.identity) if row and row.approved else None


def order_installation(
    store: Store, station: StationId, chain_pem: str, use: str, command_id: str, now: datetime
) -> None:
    """Have a station given a certificate. One that waits for it already is not given any more."""
    command = InstallSignedCertificate(
        command_id=command_id, chain_pem=chain_pem, use=use, worthless_at=now + _CERTIFICATE_WAITS
    )
    with store.writing() as unit:
        former = _waiting(unit, station, InstallSignedCertificate)
        unit.orders.put([_ended(one, Settlement.REJECTED, "a newer one took its place", now) for one in former])
        orders.give(unit, station, command, now)


# the end


def revoke(store: Store, station: StationId, command_id: str, now: datetime) -> None:
    """Take a station's access away until it is approved again; its connection ends within seconds."""
    with store.writing() as unit:
        row = known_station(unit, station)
        if row.revoked_at:
            raise InputError(f"{station.identity} was revoked already, on {row.revoked_at:%Y-%m-%d %H:%M}Z")
        unit.stations.put([replace(row, approved=False, revoked_at=now, password_hash_next="", password_until=None)])
        orders.give(unit, station, Disconnect(command_id=command_id, worthless_at=now + _DISCONNECT_WAITS), now)
        _note(unit, station, AccessChange.REVOKED, now)


def remove(store: Store, station: StationId, command_id: str, now: datetime, *, force: bool = False) -> int:
    """Forget a station, its connectors and its orders; transactions, readings and events stay.

    ``InputError`` where transactions go on, unless ``force``: then they end by what is known; returns how many.
    """
    with store.writing() as unit:
        known_station(unit, station)
        going_on = [one for one in unit.transactions.at_station(station, now) if one.ended is None]
        if going_on and not force:
            count = f"{len(going_on)} transaction{'s' * (len(going_on) > 1)}"
            raise InputError(
                f"{station.identity} has {count} going on ({going_on[0].transaction_id}): wait for the end, or add "
                "--force, which ends what is going on by what is known of it"
            )
        unit.transactions.put(
            replace(one, ended=Quality.ESTIMATED, ended_at=one.last_at or one.started_at, reason="station removed")
            for one in going_on
        )
        left = [one for one in unit.orders.to_give(0) if one.station == station]
        unit.orders.put([_ended(one, Settlement.REJECTED, "the station was removed", now) for one in left])
        leave = Disconnect(command_id=command_id, forget=True, worthless_at=now + _DISCONNECT_WAITS)
        orders.give(unit, station, leave, now)
        unit.stations.remove(station)
        _note(unit, station, AccessChange.REMOVED, now)
        return len(going_on)


def _refuse_shut_out(row: StationRow) -> None:
    if not row.approved:
        why = "was revoked" if row.revoked_at else "is held"
        name = row.station.identity
        raise InputError(f"{name} {why} and does not come in; `evenload ocpp approve {name}` lets it in")


def _waiting(unit: Unit, station: StationId, kind: type[Command]) -> list[OrderRow]:
    return [one for one in unit.orders.to_give(0) if one.station == station and one.kind == kind.__name__]


def _is_past(row: OrderRow, now: datetime) -> bool:
    return row.worthless_at is not None and row.worthless_at <= now


def _ended(row: OrderRow, how: Settlement, info: str, now: datetime) -> OrderRow:
    settled = row.settlement or str(how)
    if settled == Settlement.NO_ANSWER:
        settled = str(how)
    return replace(row, standing=False, settlement=settled, info=row.info or info, settled_at=row.settled_at or now)


def _note(unit: Unit, station: StationId, change: AccessChange, now: datetime) -> None:
    unit.events.add([row_of(AccessChanged(station=station, at=now, received_at=now, change=change))])
