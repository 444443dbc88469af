"""Tokens of accounts: opened when needed, renewed once however many ask, kept before anything is done with them."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from evenload.app.cars.clouds import CloudAccess
from evenload.app.cars.vault import Vault
from evenload.base.errors import InputError
from evenload.domain.vehicle_state import Provider
from evenload.net.cloud_http import CloudHttp
from evenload.service.car_rows import CarAccountRow
from evenload.service.cars import accounts
from evenload.service.ports import Store, StoreError
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.port import Failing, Fault, Request, Response, Tokens

_log = logging.getLogger("evenload.app.cars")

_EARLY: Final = timedelta(seconds=60)
"""Tokens are renewed a little before they end: a request takes its time."""
_AGAIN: Final = timedelta(seconds=30)
_STORE_AGAIN_S: Final = 1.0
_CLOSING_S: Final = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose tokens: of one driver's account, or with ``account`` ``""`` the application's own."""

    provider: Provider
    tenant: str = ""
    account: str = ""

    def __str__(self) -> str:
        return f"{self.provider.value} {self.tenant}/{self.account}" if self.account else self.provider.value


Make = Callable[[Tokens], Request | None]
"""Makes a request of tokens."""


class Door:
    """Sends requests with the right tokens to the clouds that are set up. For the event loop's thread."""

    def __init__(
        self, store: Store, writer: Executor, clouds: Mapping[Provider, CloudAccess], vault: Vault,
        clock: Callable[[], datetime], seconds: Callable[[], float],
    ) -> None:  # fmt: skip
        self.clouds = clouds
        self.vault = vault
        self.http = {name: CloudHttp(seconds, one.transport) for name, one in clouds.items()}
        self._of_drivers = {
            name for name, one in clouds.items() if CLOUDS[name].code_request(one.application, "-") is not None
        }
        self._store = store
        self._writer = writer
        self._clock = clock
        self._tokens: dict[Account, Tokens] = {}
        self._faults: dict[Account, Fault] = {}
        self._under_way: dict[Account, asyncio.Task[Tokens | Fault]] = {}
        self.renewals = 0

    async def close(self) -> None:
        """Close connections. Renewals under way are waited for: refresh tokens may be good once only."""
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=_CLOSING_S)
        for one in self.http.values():
            await one.close()

    def account_of(self, provider: Provider, tenant: str, account: str) -> Account:
        """Whose tokens a car of an account needs: drivers' own, where the cloud gives such."""
        return Account(provider, tenant, account) if provider in self._of_drivers else Account(provider)

    async def do(self, fn: Callable[..., T], *args: object) -> T:
        """Do something with the store, in the thread that writes."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, fn, *args)

    async def send(self, provider: Provider, request: Request) -> Response:
        """Send a request as it is."""
        access = self.clouds[provider]
        return await self.http[provider].send(CLOUDS[provider].address(access.application, request.host), request)

    async def call(self, account: Account, make: Make) -> Response | Fault | None:
        """Send a request with an account's tokens; once more with new ones where they are not valid any more.

        ``None`` where the shape has no such request, a ``Fault`` where there are no tokens.
        """
        tokens = await self.tokens(account)
        if isinstance(tokens, Fault):
            return tokens
        request = make(tokens)
        if request is None:
            return None
        response = await self.send(account.provider, request)
        if response.status != 401:
            return _answered(response)
        renewed = await self.tokens(account, refused=tokens)
        if isinstance(renewed, Fault):
            return renewed
        again = make(renewed)
        return response if again is None else _answered(await self.send(account.provider, again))

    async def tokens(self, account: Account, refused: Tokens | None = None) -> Tokens | Fault:
        """Tokens that are valid as far as is known, and others than those that were ``refused``."""
        found = self._tokens.get(account)
        if found is not None and found.expires_at > self._clock() + _EARLY and found != refused:
            return found
        fault = self._faults.get(account)
        if fault is not None and (fault.failing.stops_polling or (fault.retry_at or self._clock()) > self._clock()):
            return fault
        task = self._under_way.get(account)
        if task is None:
            task = self._under_way[account] = asyncio.get_running_loop().create_task(self._renew(account, refused))
            task.add_done_callback(lambda _: self._under_way.pop(account, None))
        return await asyncio.shield(task)

    def forget(self, account: Account) -> None:
        """Keep tokens of an account in memory no longer."""
        self._tokens.pop(account, None)
        self._faults.pop(account, None)

    def hold(self, account: Account, tokens: Tokens) -> CarAccountRow:
        """Hold tokens of a driver's account; how they are to be kept."""
        self._tokens[account] = tokens
        self._faults.pop(account, None)
        return CarAccountRow(
            account.tenant, account.provider, account.account, self.vault.seal_tokens(tokens), tokens.expires_at,
            changed_at=self._clock(),
        )  # fmt: skip

    async def exchanged(self, account: Account, request: Request) -> Tokens | Fault:
        """Tokens that a request brings."""
        response = _answered(await self.send(account.provider, request))
        return (
            response if isinstance(response, Fault) else CLOUDS[account.provider].parse_tokens(response, self._clock())
        )

    async def _renew(self, account: Account, refused: Tokens | None) -> Tokens | Fault:
        found = await self._renewed(account, refused)
        if isinstance(found, Tokens):
            self._tokens[account] = found
            if self._faults.pop(account, None) is not None:
                _log.info("account=%s event=let_in_again", account)
            return found
        retry_at = found.retry_at or self._clock() + _AGAIN
        self._faults[account] = Fault(found.failing, found.info, retry_at)
        _log.warning("account=%s event=not_let_in why=%s", account, found.sentence)
        if account.account:
            await self.do(accounts.failed, self._store, account.tenant, account.provider, account.account,
                          found.sentence, self._clock())  # fmt: skip
        return self._faults[account]

    async def _renewed(self, account: Account, refused: Tokens | None) -> Tokens | Fault:
        self.renewals += 1
        cloud, application = CLOUDS[account.provider], self.clouds[account.provider].application
        if not account.account:
            request = cloud.app_token_request(application)
            return (
                Fault(Failing.REFUSED, "it gives no tokens")
                if request is None
                else await self.exchanged(account, request)
            )
        kept = await self._kept(account)
        if isinstance(kept, Fault):
            return kept
        if kept != refused and kept.expires_at > self._clock() + _EARLY:
            return kept
        request = cloud.refresh_request(application, kept)
        if request is None:
            return Fault(Failing.UNAUTHORISED, "and there is nothing to renew it with: the driver has to consent again")
        found = await self.exchanged(account, request)
        if isinstance(found, Tokens):
            found = found if found.refresh else Tokens(found.access, found.expires_at, kept.refresh, found.scopes)
            await self._keep(self.hold(account, found))
        return found

    async def _keep(self, row: CarAccountRow) -> None:
        """Keep new tokens, however long the store is away: what they replace opens nothing any more."""
        while True:
            try:
                await self.do(accounts.renewed, self._store, row)
            except StoreError as error:
                _log.warning("account=%s event=tokens_kept_again why=%s", row.account, error)
                await asyncio.sleep(_STORE_AGAIN_S)
            else:
                return

    async def _kept(self, account: Account) -> Tokens | Fault:
        row = await self.do(accounts.account, self._store, account.tenant, account.provider, account.account)
        if row is None:
            return Fault(Failing.UNAUTHORISED, "none is kept: the driver has to consent again")
        try:
            return self.vault.open_tokens(row.tokens_sealed)
        except InputError as error:
            return Fault(Failing.UNAUTHORISED, str(error))


def _answered(response: Response) -> Response | Fault:
    """A response, or why there is none."""
    return response if response.status else Fault(Failing.UNREACHABLE, response.body.decode()[:200])
