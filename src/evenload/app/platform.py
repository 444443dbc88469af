"""The whole platform in one process, put together: stations, brain, guard, forecasts and the API."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn

from evenload.app import metrics
from evenload.app.brain import Brain, BrainSettings
from evenload.app.fallbacks import Fallbacks
from evenload.app.far_sites import FarSites
from evenload.app.forecasting import Forecasting
from evenload.app.guarded_sites import steady
from evenload.app.guarding import Guarding, GuardSettings, Reach
from evenload.app.listening import listening_at
from evenload.app.main_meters import MainMeters
from evenload.app.readiness import DRY_RUN, faults_of
from evenload.app.relay import Relay, RelaySettings, mark_of
from evenload.app.reloading import tls_of
from evenload.app.settings import Settings
from evenload.app.state import LiveStates, Parts
from evenload.app.stations import StationSide
from evenload.app.upkeep import Upkeep, retention_of
from evenload.app.upstream import Upstream
from evenload.app.view import LiveView
from evenload.app.webhooks import WebhookSender
from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command
from evenload.domain.station_events import StationEvent
from evenload.net.password import hash_key
from evenload.service.control import ControlPolicy
from evenload.service.dispatch import Given
from evenload.service.ports import Store
from evenload.service.relay import Taken, number_apart
from evenload.service.snapshot import Expected
from evenload.store.sql.store import SqlStore
from evenload.store.sql.upkeep import roll_up
from evenload.web.api import api
from evenload.web.hub import Hub
from evenload.web.live import StoreSource
from evenload.web.options import ApiOptions, OidcOptions, Services
from evenload.web.passwords import Argon2

_log = logging.getLogger("evenload.app")

_PLANNED_FOR: Final = frozenset({"sites", "circuits", "devices", "vehicles", "sessions", "limits", "signals"})
"""What the API may change that has to be planned for anew."""

_ALLOTTED_FOR: Final = frozenset({"sites", "circuits", "devices"})
"""What the API may change that fallbacks have to be allotted for anew."""

_SECRET_BYTES: Final = 32


class Platform:
    """Everything that runs; to be made where the event loop runs. ``seconds`` is a clock that nobody can set."""

    def __init__(
        self, settings: Settings, store: Store, writer: Executor, clock: Callable[[], datetime],
        seconds: Callable[[], float], guard: GuardSettings | None = None,
    ) -> None:  # fmt: skip
        self.view = LiveView()
        self._settings = settings
        self._store = store
        self._clock = clock
        self._kept_at: datetime | None = None
        self._loop = asyncio.get_running_loop()
        self._under_way: set[asyncio.Task[None]] = set()
        self.stations = StationSide(settings, store, writer, clock, self._kept, self._under)
        sql = (partial(roll_up, store), settings.store) if isinstance(store, SqlStore) else (None, None)
        self.forecasting = Forecasting(
            store, settings.tenants, clock, settings.plan_quantile, settings.forecast_every_s, *sql
        )  # fmt: skip
        self.fallbacks = Fallbacks(
            store, settings.tenants, clock, _new_id, self.forecasting, self.stations.delivery.wake
        )  # fmt: skip
        self.brain = Brain(
            store, settings.tenants, clock, _new_id, self.stations.delivery.wake, self._expected,
            BrainSettings(
                settings.plan_every_s, settings.plan_settle_s, dry_run=settings.dry_run,
                policy=ControlPolicy(soon=timedelta(seconds=settings.plan_soon_s)),
            ),
        )  # fmt: skip
        self.far_sites = FarSites(store, writer, clock, self._site_lost)
        self.guarding = Guarding(
            store, settings.tenants, clock, self.view, self._wanted,
            Reach(self.stations.server.command, lambda: self.stations.server.connected, _new_id, self.far_sites.has),
            replace(guard or GuardSettings(), dry_run=settings.dry_run),
        )  # fmt: skip
        self.relay = self._relay(writer) if settings.role == "site" else None
        self.webhooks = WebhookSender(store, settings.tenants, clock, private=settings.webhooks_private)
        self._upkeep = Upkeep(store, clock, retention_of(settings))
        self._main_meters = MainMeters(store, lambda: self.guarding.states)
        parts = Parts(self.view, self.brain, self.forecasting, self.guarding)
        notes = (DRY_RUN,) if settings.dry_run else ()
        self.states = LiveStates(parts, clock, settings.plan_quantile, notes)
        self.hub = Hub(StoreSource(store, self.states.of), secrets.token_hex(4))
        services = Services(
            store, clock, _api_options(settings), Argon2(), _station_key_hash, _new_id, self._changed, self._faults,
            notes=notes, relayed=self._relayed, state=self.states.of, history=self.states.history,
        )  # fmt: skip
        registry = metrics.registry_of(
            partial(metrics.of_stations, self.stations), partial(metrics.of_brain, self.brain),
            partial(metrics.of_delivery, self.stations.delivery), partial(metrics.of_guard, self.guarding),
            partial(metrics.of_forecasts, self.forecasting, settings.tenants),
            partial(metrics.of_fallbacks, self.fallbacks, self.brain),
            partial(metrics.of_store, store, lambda: self._kept_at), partial(metrics.of_clock, clock),
            partial(metrics.of_hub, self.hub), partial(metrics.of_run, dry_run=settings.dry_run),
        )  # fmt: skip
        self.app = api(services, seconds, hub=self.hub, registry=registry)

    def running(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What has to run."""
        plans = [self.relay.run()] if self.relay else [self.brain.run()]
        if self.relay is None and not self._settings.dry_run:
            plans.append(self.fallbacks.run())
        return (
            *self.stations.running(), self.forecasting.run(), *plans, self._main_meters.run(), self.guarding.run(),
            self.hub.run(), self.states.run(), self.far_sites.run(), self.webhooks.run(), self._upkeep.run(),
        )  # fmt: skip

    def _relay(self, writer: Executor) -> Relay:
        settings = self._settings
        number_apart(self._store, settings.tenants[0], f"{settings.upstream} {settings.site}")
        chosen = RelaySettings(
            mark_of(settings.database),
            settings.site,
            settings.relay_every_s,
            10 * settings.relay_every_s,
            timedelta(seconds=settings.alone_after_s),
        )
        upstream = Upstream(settings.upstream, settings.upstream_key)
        return Relay(upstream, self._store, writer, self._clock, self.brain, self.stations, chosen)

    async def listen_api(self, host: str, port: int) -> "ApiServer":
        """Begin to serve the API and the pages."""
        settings = self._settings
        tls_of(settings)  # says what is wrong with a certificate
        config = uvicorn.Config(
            self.app, host=host, port=port, log_config=None, access_log=False, lifespan="off", ws="none",
            ssl_certfile=settings.tls_certificate, ssl_keyfile=settings.tls_key, timeout_graceful_shutdown=3,
        )  # fmt: skip
        server = ApiServer(config, self.hub)
        await server.began(await listening_at(host, port, "api_port"))
        return server

    # how the parts hear of each other

    def _kept(self, events: Sequence[StationEvent], tenants: frozenset[str]) -> None:
        self._kept_at = self._clock()
        self.view.heed(events)
        self.brain.wake(tenants, "stations")

    def _under(self, station: StationId, command: Command) -> Command:
        return self.guarding.under(station, command)

    def _relayed(self, tenant: str, site_id: str, taken: Taken) -> None:
        self.far_sites.heard(tenant, site_id)
        self._loop.call_soon_threadsafe(self._kept, taken.events, taken.tenants)

    def _site_lost(self, events: Sequence[StationEvent], tenant: str) -> None:
        self._kept(events, frozenset([tenant]))

    def _expected(self, tenant: str) -> Expected | None:
        """What base load the plan counts with. A site that plans for itself sees at least what flows now."""
        found = self.forecasting.expected(tenant)
        if found is None and self.relay is not None and self.relay.site_id:
            base_kw = self.guarding.base_kw(tenant, self.relay.site_id)
            return None if base_kw is None else steady(self.relay.site_id, base_kw, self._clock())
        return found

    def _wanted(self, tenant: str) -> Mapping[str, Given]:
        if self.relay is not None:
            return self.relay.wanted()
        kept = self.brain.tenants.get(tenant)
        return (kept.given if kept else None) or {}

    def _changed(self, tenant: str, resource: str) -> None:
        """Somebody changed something by the API."""
        if resource in _PLANNED_FOR:
            self.brain.wake((tenant,), resource)
        if resource in _ALLOTTED_FOR:
            self.fallbacks.wake(tenant)
        if resource == "devices":
            self._beside(self.stations.enrolled(tenant))
        if resource == "loads":
            self._beside(asyncio.to_thread(self._look_at_loads, tenant))
        self.stations.delivery.wake()

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _look_at_loads(self, tenant: str) -> None:
        with self._store.reading() as unit:
            latest = unit.loads.latest(tenant)
        self._loop.call_soon_threadsafe(self.view.heed_loads, latest)

    def _faults(self) -> list[str]:
        return faults_of(self.stations, self.brain, self.forecasting, self._clock)


class ApiServer(uvicorn.Server):
    """Uvicorn in an event loop that others share: signals are left to the program."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def began(self, sockets: list[socket.socket]) -> None:
        """Begin to serve on sockets that listen."""
        self._task = asyncio.get_running_loop().create_task(self.serve(sockets))
        while not self.started and not self._task.done():
            await asyncio.sleep(0.02)
        if self._task.done():
            self._task.result()

    @property
    def port(self) -> int:
        """The port taken."""
        return int(self.servers[0].sockets[0].getsockname()[1])

    async def watch(self) -> None:
        """Run until it ends; raises what broke."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def stop(self) -> None:
        """End streams, finish requests, stop."""
        self._hub.close()
        self.should_exit = True
        if self._task is not None:
            await self._task


def _new_id() -> str:
    return secrets.token_hex(16)


def _station_key_hash(key: bytes) -> str:
    return hash_key(key, secrets.token_bytes(16))


def _api_options(settings: Settings) -> ApiOptions:
    scheme = "https" if settings.tls_key else "http"
    url = settings.public_url or f"{scheme}://{settings.host}:{settings.api_port}"
    oidc = None
    if settings.oidc_issuer:
        oidc = OidcOptions(
            settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_audience
        )  # fmt: skip
    return ApiOptions(
        secret_of(settings.secret_file), url, settings.metrics_token, oidc, webhooks_private=settings.webhooks_private
    )  # fmt: skip


def secret_of(file: Path) -> bytes:
    """The secret that signs cookies: made once, for the server's own user only (mode 0600)."""
    try:
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as made:
                made.write(secrets.token_bytes(_SECRET_BYTES))
        secret = file.read_bytes()
    except OSError as error:
        raise InputError(f"the secret {file} cannot be read or made: {os.strerror(error.errno or 0)}") from error
    if len(secret) < _SECRET_BYTES:
        raise InputError(f"the secret {file} is shorter than {_SECRET_BYTES} bytes: remove it, and another is made")
    return secret
