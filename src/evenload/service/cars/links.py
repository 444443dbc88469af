"""Link cars: consent is asked for, finished, and revoked. Each call is one unit of work."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from evenload.base.errors import EvenloadError, InputError, did_you_mean
from evenload.domain.vehicle_state import Capabilities, Provider
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.car_rows import CHARGER, CarAccountRow, CarConsentRow, CarLinkRow
from evenload.service.cars import devices, sources
from evenload.service.grid import NEAR_MAX, known_site
from evenload.service.live_rows import VehicleRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope

VEHICLE_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+=*|~-]{0,43}")
"""Ids of vehicles that can be linked: with what is put before and behind them they are still names."""

ASKED_FOR: Final = timedelta(days=1)
"""How long a driver may take to consent."""

_FORGOTTEN_AFTER: Final = timedelta(days=7)


class CloudError(EvenloadError):
    """A cloud did not do what was asked of it."""

    exit_code: ClassVar[int] = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A car that a driver's account shows, sealed and hashed as ``CarLinkRow`` has it."""

    external_hash: str
    sealed: str = field(repr=False)
    vin_hash: str = ""
    model: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    battery_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Revoked:
    """A link that ended. ``account`` holds what is to be given back to the cloud, where nothing else uses it."""

    link: CarLinkRow
    account: CarAccountRow | None = None


def state_hash(state: str) -> str:
    """What is kept of the state of a consent."""
    return hashlib.sha256(state.encode()).hexdigest()


def links(scope: Scope, store: Store, after: str = "", count: int | None = None) -> Sequence[CarLinkRow]:
    """Links by vehicle, revoked ones too, at most ``count`` that follow ``after``."""
    with store.reading() as unit:
        return unit.cars.links(scope.tenant, after=after, count=count)


def link(scope: Scope, store: Store, vehicle_id: str) -> CarLinkRow:
    """One link."""
    with store.reading() as unit:
        return known_link(unit, scope.tenant, vehicle_id)


def begin(scope: Scope, store: Store, asked: CarConsentRow) -> CarConsentRow:
    """Note that consent is asked for. Whoever comes back with its state within a day finishes it, once."""
    scope.require(Role.DRIVER_AGENT)
    check_vehicle_id(asked.vehicle_id)
    if asked.provider is Provider.OBD:
        raise InputError(
            "a plug-in logger has no cloud to consent at: keep its stays with `evenload cable import-logger`"
        )
    now = asked.made_at
    with store.writing() as unit:
        known_site(unit, scope.tenant, asked.site_id)
        unit.cars.prune_consents(now - _FORGOTTEN_AFTER)
        kept = replace(asked, tenant=scope.tenant, actor=scope.actor, expires_at=now + ASKED_FOR)
        unit.cars.put_consents([kept])
        told = {"provider": asked.provider, "site_id": asked.site_id}
        audit.note(unit, scope, now, "cars.begin", asked.vehicle_id, told)
        return kept


def claim(store: Store, state: str, provider: Provider, now: datetime) -> CarConsentRow:
    """The consent that a state belongs to, which nobody can finish again; ``ConflictError`` where it is none."""
    with store.writing() as unit:
        row = unit.cars.consent(state_hash(state))
        if row is None or row.provider is not provider:
            raise ConflictError(Refusal.UNKNOWN, "this consent was not asked for here: begin to link the car anew")
        if row.finished_at is not None:
            raise ConflictError(Refusal.OVER, "this consent was used already: begin to link the car anew")
        if row.expires_at <= now:
            raise ConflictError(
                Refusal.EXPIRED, f"this consent was asked for on {row.made_at:%Y-%m-%d}: begin to link the car anew"
            )
        unit.cars.put_consents([replace(row, finished_at=now)])
        return row


def finish(
    store: Store, consent: CarConsentRow, account: CarAccountRow, found: Sequence[Found], now: datetime
) -> list[CarLinkRow]:
    """Link the cars that a driver consented to. The first gets the vehicle's id that was asked for, others that id and
    a number, unless they were linked before.

    ``ConflictError`` where a car is linked as another vehicle, here or in another tenant: nothing is linked then.
    """
    scope = Scope(consent.tenant, consent.actor, Role.DRIVER_AGENT)
    with store.writing() as unit:
        taken: dict[str, Found] = {}
        for one in found:
            taken[_vehicle_id_for(unit, consent, one, set(taken))] = one
        rows = [
            _linked(unit, scope, consent, account.account, vehicle_id, one, now) for vehicle_id, one in taken.items()
        ]
        unit.cars.put_accounts([account])
        return rows


def revoke(scope: Scope, store: Store, vehicle_id: str, now: datetime, why: str = "") -> Revoked:
    """End a link: nothing is asked of the car any more, what it told last and its account's tokens are forgotten.

    What it charged and what it was asked stays. Ending one that ended changes nothing.
    """
    scope.require(Role.DRIVER_AGENT)
    with store.writing() as unit:
        row = known_link(unit, scope.tenant, vehicle_id)
        return _ended(unit, scope, row, now, why or "revoked here") if row.revoked_at is None else Revoked(row)


def withdrawn(store: Store, tenant: str, vehicle_id: str, now: datetime, why: str) -> Revoked | None:
    """The same where it was the driver who ended it, at the maker's; ``None`` where it had ended already."""
    with store.writing() as unit:
        row = unit.cars.link(tenant, vehicle_id)
        if row is None or row.revoked_at is not None:
            return None
        scope = Scope(tenant, f"cloud:{row.provider.value}", Role.DRIVER_AGENT)
        return _ended(unit, scope, replace(row, withdrawn=True), now, why)


def paused(store: Store, tenant: str, vehicle_id: str, now: datetime) -> None:
    """A driver does not share any more what a car tells: its link stays, what it told last is forgotten, and its
    session ends by what is known of it. Shared again, it begins anew."""
    with store.writing() as unit:
        row = unit.cars.link(tenant, vehicle_id)
        device = unit.devices.find(tenant, row.device_id) if row is not None else None
        if row is not None and device is not None and row.revoked_at is None and device.retired_at is None:
            unit.cars.forget(tenant, vehicle_id)
            devices.let_be(unit, row, device, now)


def known_link(unit: Unit, tenant: str, vehicle_id: str) -> CarLinkRow:
    """A link that there is; ``NotFoundError`` with the nearest name otherwise."""
    row = unit.cars.link(tenant, vehicle_id)
    if row is None:
        near = did_you_mean(vehicle_id, [one.vehicle_id for one in unit.cars.links(tenant, count=NEAR_MAX)])
        raise NotFoundError(f"no car is linked as vehicle {vehicle_id!r}.{near}")
    return row


def check_vehicle_id(vehicle_id: str) -> None:
    """``InputError`` where a vehicle of that id cannot be linked."""
    if not VEHICLE_ID.fullmatch(vehicle_id):
        raise InputError(
            f"{vehicle_id!r} cannot be linked: a linked vehicle's id has 1 to 44 letters, digits and _.@+=*|~-, "
            "the first a letter, a digit or _"
        )


def _vehicle_id_for(unit: Unit, consent: CarConsentRow, found: Found, taken: set[str]) -> str:
    """What a car is to be called here; ``ConflictError`` where it is linked as something else."""
    same = unit.cars.links_told(consent.provider, found.external_hash)
    for one in {*same, *unit.cars.links_with_vin(found.vin_hash)}:
        if one.tenant != consent.tenant:
            raise ConflictError(
                Refusal.CLAIMED_ELSEWHERE,
                "this car is linked in another program of this server: its driver must end that link first",
            )
        again = one.provider is consent.provider and one in same
        if one.vehicle_id != consent.vehicle_id and not again:
            raise ConflictError(
                Refusal.TAKEN,
                f"this car is linked already, as vehicle {one.vehicle_id!r} by {one.provider.value}. To change where "
                f"its data comes from, link it as {one.vehicle_id!r}; to give it another id, revoke that link first",
            )
        if one.vehicle_id not in taken:
            return one.vehicle_id
    if consent.vehicle_id not in taken:
        return consent.vehicle_id
    return next(
        name for name in (f"{consent.vehicle_id[:40]}-{number}" for number in range(2, 10_000))
        if name not in taken and unit.cars.link(consent.tenant, name) is None
    )  # fmt: skip


def _linked(
    unit: Unit, scope: Scope, consent: CarConsentRow, account: str, vehicle_id: str, found: Found, now: datetime
) -> CarLinkRow:
    before = unit.cars.link(consent.tenant, vehicle_id)
    row = CarLinkRow(
        consent.tenant, vehicle_id, consent.provider, account, found.external_hash, consent.site_id,
        devices.device_id_of(vehicle_id), found.vin_hash, found.model, found.capabilities, found.battery_kwh,
        found.sealed, now, linked_by=consent.actor,
    )  # fmt: skip
    if before is not None and before.revoked_at is None and _account_of(before) != _account_of(row):
        _forget_account(unit, before)
    unit.cars.put_links([row])
    _known_vehicle(unit, row, now)
    devices.enrol(unit, row, now)
    sources.change(unit, row.tenant, vehicle_id, row.provider.value, now, account=account, why="linked")
    told = {"provider": row.provider, "site_id": row.site_id, "device_id": row.device_id}
    audit.note(unit, scope, now, "cars.link", vehicle_id, told)
    return row


def _known_vehicle(unit: Unit, link: CarLinkRow, now: datetime) -> None:
    """A vehicle that was known before by its charger has that as its first source."""
    row = unit.vehicles.find(link.tenant, link.vehicle_id)
    if row is None:
        made = VehicleRow(link.tenant, link.vehicle_id, link.model, battery_kwh=link.battery_kwh, made_at=now)
        unit.vehicles.put([made])
        return
    if not unit.cars.sources(link.tenant, link.vehicle_id):
        since = row.made_at if row.made_at is not None and row.made_at < now else now - timedelta(seconds=1)
        sources.change(unit, link.tenant, link.vehicle_id, CHARGER, since, why="known before it was linked")
    if row.battery_kwh is None and link.battery_kwh is not None:
        unit.vehicles.put([replace(row, battery_kwh=link.battery_kwh)])


def _ended(unit: Unit, scope: Scope, row: CarLinkRow, now: datetime, why: str) -> Revoked:
    kept = replace(row, revoked_at=now, revoked_why=why, sealed="")
    account = unit.cars.account(row.tenant, row.provider, row.account)
    unit.cars.put_links([kept])
    unit.cars.forget(row.tenant, row.vehicle_id)
    last = _forget_account(unit, kept)
    devices.retire(unit, kept, now)
    sources.change(unit, row.tenant, row.vehicle_id, CHARGER, now, why=why)
    audit.note(unit, scope, now, "cars.withdrawn" if row.withdrawn else "cars.revoke", row.vehicle_id, {"why": why})
    return Revoked(replace(kept, sealed=row.sealed), account if last else None)


def _forget_account(unit: Unit, link: CarLinkRow) -> bool:
    """Forget an account's tokens where no other car needs them; whether that was so."""
    others = unit.cars.links_of_account(link.provider, link.account, link.tenant)
    if any(one.vehicle_id != link.vehicle_id for one in others):
        return False
    unit.cars.remove_account(link.tenant, link.provider, link.account)
    return True


def _account_of(link: CarLinkRow) -> tuple[object, ...]:
    return link.tenant, link.provider, link.account
