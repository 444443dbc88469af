"""Accounts at clouds: what lets us in is renewed, or is worth nothing any more. Tokens come and go sealed."""

from dataclasses import replace
from datetime import datetime

from evenload.domain.vehicle_state import Provider
from evenload.service.car_rows import CarAccountRow
from evenload.service.ports import Store


def account(store: Store, tenant: str, provider: Provider, name: str) -> CarAccountRow | None:
    """One account, or ``None``."""
    with store.reading() as unit:
        return unit.cars.account(tenant, provider, name)


def renewed(store: Store, row: CarAccountRow) -> bool:
    """Keep an account's new tokens; ``False`` where it was forgotten meanwhile, which stays so."""
    with store.writing() as unit:
        if unit.cars.account(row.tenant, row.provider, row.account) is None:
            return False
        unit.cars.put_accounts([row])
        return True


def failed(store: Store, tenant: str, provider: Provider, name: str, why: str, now: datetime) -> None:
    """Note why an account does not let us in."""
    with store.writing() as unit:
        row = unit.cars.account(tenant, provider, name)
        if row is not None and row.fault != why:
            unit.cars.put_accounts([replace(row, fault=why, changed_at=now)])


def is_first(store: Store, provider: Provider, digest: str, now: datetime) -> bool:
    """Whether a notice of a cloud is told for the first time; from then on it is known."""
    with store.writing() as unit:
        return unit.cars.is_first(provider, digest, now)
