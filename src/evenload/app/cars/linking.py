"""Linking: a driver is sent to a cloud, comes back with consent, and the cars are linked; and the way back."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from evenload.app.cars.clouds import none_set
from evenload.app.cars.tokens import Account, Door
from evenload.app.cars.vault import Place
from evenload.base.errors import InputError
from evenload.domain.vehicle_state import CarId, Provider
from evenload.service.access_rows import Role
from evenload.service.car_rows import CarAccountRow, CarConsentRow, CarLinkRow
from evenload.service.cars import links
from evenload.service.cars.links import CloudError, Found, Revoked
from evenload.service.ports import Store, StoreError
from evenload.service.refusals import ConflictError, Refusal
from evenload.service.scope import Scope
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.port import CarFound, Fault, Home, Link, Request, Tokens

_log = logging.getLogger("evenload.app.cars")

_GIVEN_BACK_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A consent that was asked for: where its driver goes, and until when."""

    vehicle_id: str
    provider: Provider
    url: str
    expires_at: datetime


class Linking:
    """Begins, finishes and ends links. ``changed`` is told tenants whose links changed."""

    def __init__(
        self, door: Door, store: Store, clock: Callable[[], datetime], draw: Callable[[], str],
        changed: Callable[[str], None] = lambda _tenant: None,
    ) -> None:  # fmt: skip
        self._door = door
        self._store = store
        self._clock = clock
        self._draw = draw
        self._changed = changed

    async def begin(
        self, scope: Scope, provider: Provider, vehicle_id: str, site_id: str, home: Home | None = None
    ) -> Asked:
        """Ask for a driver's consent. Its address is good for a day and for one car or account."""
        now, state = self._clock(), self._draw() + self._draw()
        links.check_vehicle_id(vehicle_id)
        if provider is not Provider.OBD and provider not in self._door.clouds:
            raise none_set(provider)
        account = await self._door.do(self._account_for, scope, provider, vehicle_id)
        asked = CarConsentRow(
            links.state_hash(state), scope.tenant, scope.actor, provider, account, vehicle_id, site_id, now, now,
            self._door.vault.seal_home(home),
        )  # fmt: skip
        kept = await self._door.do(links.begin, scope, self._store, asked)
        url = await self._consent_url(provider, state, account)
        return Asked(vehicle_id, provider, url, kept.expires_at)

    async def finish(self, provider: Provider, told: Mapping[str, str]) -> Sequence[CarLinkRow]:
        """A driver came back from a cloud: link what was consented to.

        ``told`` is what the cloud put into the address. ``ConflictError`` where it is no consent that was asked for, or
        the car is linked elsewhere; ``CloudError`` where the cloud does not let us in after all.
        """
        consent = await self._door.do(links.claim, self._store, told.get("state", ""), provider, self._clock())
        if provider not in self._door.clouds:
            raise none_set(provider)
        if told.get("error"):
            raise ConflictError(Refusal.OVER, f"the driver did not consent at {provider.value}: {_words(told)}")
        account = self._account(consent, told.get("user_id", ""))
        row = await self._let_in(consent, account, told.get("code", ""))
        cars = await self._cars(consent, account)
        found = [self._found(consent, one) for one in cars]
        try:
            rows = await self._door.do(links.finish, self._store, consent, row, found, self._clock())
        except ConflictError:
            self._door.forget(account)
            raise
        _log.info("event=linked tenant=%s cloud=%s cars=%d", consent.tenant, provider.value, len(rows))
        self._changed(consent.tenant)
        return rows

    async def revoke(self, scope: Scope, vehicle_id: str, why: str = "") -> CarLinkRow:
        """End a link. It is over at once; giving access back to the cloud is tried for some seconds."""
        place, tokens = await self._what_to_give_back(scope, vehicle_id)
        ended = await self._door.do(partial(links.revoke, scope, self._store, vehicle_id, self._clock(), why=why))
        self._changed(scope.tenant)
        await self._give_back(ended, place, tokens)
        return replace(ended.link, sealed="")

    # the way in

    def _account_for(self, scope: Scope, provider: Provider, vehicle_id: str) -> str:
        """What a driver is called at a cloud: drawn once, so that it says nothing about anybody."""
        with self._store.reading() as unit:
            row = unit.cars.link(scope.tenant, vehicle_id)
        return row.account if row is not None and row.provider is provider else self._draw()

    async def _consent_url(self, provider: Provider, state: str, account: str) -> str:
        cloud, application = CLOUDS[provider], self._door.clouds[provider].application
        url = cloud.consent_url(application, state, account)
        if url:
            return url
        asking: Callable[[Tokens], Request | None] = lambda tokens: cloud.consent_request(  # noqa: E731
            application, tokens, state, account
        )
        response = await self._door.call(Account(provider), asking)
        if response is None:
            raise CloudError(f"{provider.value} gives no address to consent at")
        found = response if isinstance(response, Fault) else cloud.parse_consent(response, self._clock())
        if isinstance(found, Fault):
            raise CloudError(f"{provider.value} gives no address to consent at: {found.sentence}")
        return found

    def _account(self, consent: CarConsentRow, user_id: str) -> Account:
        return Account(consent.provider, consent.tenant, user_id[:200] or consent.account)

    async def _let_in(self, consent: CarConsentRow, account: Account, code: str) -> CarAccountRow:
        cloud, application = CLOUDS[consent.provider], self._door.clouds[consent.provider].application
        request = cloud.code_request(application, code)
        if request is None:  # the application's own tokens let us in
            return CarAccountRow(account.tenant, account.provider, account.account, changed_at=self._clock())
        if not code:
            raise ConflictError(
                Refusal.OVER, f"{consent.provider.value} sent no code along: begin to link the car anew"
            )
        tokens = await self._door.exchanged(account, request)
        if isinstance(tokens, Fault):
            raise CloudError(f"{consent.provider.value} does not let us in: {tokens.sentence}")
        return self._door.hold(account, tokens)

    async def _cars(self, consent: CarConsentRow, account: Account) -> tuple[CarFound, ...]:
        cloud, application = CLOUDS[consent.provider], self._door.clouds[consent.provider].application
        whose = self._door.account_of(consent.provider, account.tenant, account.account)
        response = await self._door.call(whose, lambda one: cloud.cars_request(application, one, account.account))
        if response is None:
            raise CloudError(f"{consent.provider.value} shows no cars")
        found = response if isinstance(response, Fault) else cloud.parse_cars(response, self._clock())
        if isinstance(found, Fault):
            raise CloudError(f"{consent.provider.value} does not show the driver's cars: {found.sentence}")
        if not found:
            raise ConflictError(Refusal.UNKNOWN, f"the driver's account at {consent.provider.value} shows no car")
        return tuple(sorted(found, key=lambda one: one.remote_id))

    def _found(self, consent: CarConsentRow, car: CarFound) -> Found:
        vault = self._door.vault
        place = Place(car.remote_id, car.connection_id, vault.open_home(consent.home_sealed))
        model = " ".join(filter(None, (car.make, car.model, str(car.year or ""))))
        return Found(
            vault.hash_of_remote(consent.provider, car.remote_id), vault.seal_place(place), vault.hash_of_vin(car.vin),
            model[:200], car.capabilities, car.battery_kwh,
        )  # fmt: skip

    # the way back

    async def _what_to_give_back(self, scope: Scope, vehicle_id: str) -> tuple[Place | None, Tokens | None]:
        """What is needed to tell the cloud, as far as it can be had without asking anybody."""
        scope.require(Role.DRIVER_AGENT)
        row = await self._door.do(links.link, scope, self._store, vehicle_id)
        if row.provider not in self._door.clouds or row.revoked_at is not None:
            return None, None
        try:
            place = self._door.vault.open_place(row.sealed)
        except InputError:
            return None, None
        return place, await self._tokens_at_hand(row)

    async def _tokens_at_hand(self, row: CarLinkRow) -> Tokens | None:
        whose = self._door.account_of(row.provider, row.tenant, row.account)
        try:
            async with asyncio.timeout(_GIVEN_BACK_S):
                found = await self._door.tokens(whose)
        except TimeoutError:
            return None
        return None if isinstance(found, Fault) else found

    async def _give_back(self, ended: Revoked, place: Place | None, tokens: Tokens | None) -> None:
        link = ended.link
        if link.provider not in self._door.clouds:
            return
        whose = self._door.account_of(link.provider, link.tenant, link.account)
        if place is not None and tokens is not None:
            cloud, application = CLOUDS[link.provider], self._door.clouds[link.provider].application
            request = cloud.revoke_request(application, tokens, link_of(link, place))
            shared = link.provider is Provider.ENODE and ended.account is None
            if request is not None and not shared:
                try:
                    async with asyncio.timeout(_GIVEN_BACK_S):
                        response = await self._door.send(link.provider, request)
                    _log.info(
                        "car=%s event=given_back cloud=%s status=%d", link.car, link.provider.value, response.status
                    )
                except (TimeoutError, StoreError) as error:
                    _log.warning("car=%s event=not_given_back why=%s", link.car, error)
        if whose.account and ended.account is not None:
            self._door.forget(whose)


def link_of(row: CarLinkRow, place: Place) -> Link:
    """A link as its cloud's adapter takes it."""
    return Link(
        CarId(row.tenant, row.vehicle_id), row.provider, place.remote_id, row.account, place.connection_id,
        row.battery_kwh, place.range_km_full, row.capabilities, place.home,
    )  # fmt: skip


def _words(told: Mapping[str, str]) -> str:
    return " ".join(filter(None, (told.get("error", "")[:100], told.get("error_description", "")[:200])))
