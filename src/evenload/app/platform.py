"""The whole platform in one process, put together: stations, brain, guard, forecasts and the API."""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import uvicorn
from prometheus_client import CollectorRegistry

from evenload.app import metrics
from evenload.app.brain import Brain, BrainSettings, Known
from evenload.app.cables import Cables
from evenload.app.cars.clouds import CloudAccess, clouds_of
from evenload.app.cars.side import CarSide
from evenload.app.driver_rounds import DriverRounds
from evenload.app.ems import EnergyManagers
from evenload.app.ems_door import EmsDoor
from evenload.app.experience import Learning
from evenload.app.fallbacks import Fallbacks
from evenload.app.far_sites import FarSites
from evenload.app.forecasting import Forecasting
from evenload.app.guarded_sites import steady
from evenload.app.guarding import Guarding, GuardSettings, Reach
from evenload.app.listening import listening_at
from evenload.app.main_meters import MainMeters
from evenload.app.messages import Messages, MessageSettings
from evenload.app.notifying import notifier_of, policy_of
from evenload.app.readiness import DRY_RUN, faults_of
from evenload.app.relay import Relay, RelaySettings, mark_of
from evenload.app.reloading import tls_of
from evenload.app.secret import secret_of
from evenload.app.settings import Settings
from evenload.app.state import LiveStates, Parts
from evenload.app.stations import StationSide
from evenload.app.upkeep import Upkeep, retention_of
from evenload.app.upstream import Upstream
from evenload.app.view import LiveView
from evenload.app.webhooks import WebhookSender
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command
from evenload.domain.station_events import StationEvent
from evenload.domain.vehicle_state import Provider
from evenload.files.message_texts import packaged_catalogue
from evenload.net.password import hash_key
from evenload.service.control import ControlPolicy
from evenload.service.dispatch import Given
from evenload.service.people.ports import PeopleStore
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

_PLANNED_FOR: Final = frozenset(
    {"sites", "circuits", "devices", "vehicles", "vehicle-links", "drivers", "sessions", "limits", "signals",
     "cables", "energy-managers"}
)  # fmt: skip
"""What the API may change that has to be planned for anew."""

_ALLOTTED_FOR: Final = frozenset({"sites", "circuits", "devices", "energy-managers"})
"""What the API may change that fallbacks have to be allotted for anew."""

_CARS_LOOK_AT: Final = frozenset({"devices", "vehicles", "vehicle-links", "drivers", "consents", "limits", "circuits"})
"""What the API may change that linked cars are dealt with otherwise for."""


class Platform:
    """Everything that runs; to be made where the event loop runs. ``seconds`` is a clock that nobody can set."""

    def __init__(  # noqa: PLR0913 - what it is made of
        self, settings: Settings, store: Store, writer: Executor, clock: Callable[[], datetime],
        seconds: Callable[[], float], guard: GuardSettings | None = None, people: PeopleStore | None = None,
        clouds: Mapping[Provider, CloudAccess] | None = None,
    ) -> None:  # fmt: skip
        self.view = LiveView()
        self._settings = settings
        self._store = store
        self._clock = clock
        self._kept_at: datetime | None = None
        self._loop = asyncio.get_running_loop()
        self._under_way: set[asyncio.Task[None]] = set()
        options = _api_options(settings)
        self.cars = CarSide(
            store, writer, settings.tenants, clouds_of(settings, options.public_url) if clouds is None else clouds,
            options.secret, clock, seconds, _new_id, self._kept, tells=not settings.dry_run,
        )  # fmt: skip
        ems_door = EmsDoor(options.secret)
        self.managers = EnergyManagers(store, writer, settings.tenants, clock, seconds, self._kept, ems_door.line)
        self.stations = StationSide(
            settings, store, writer, clock, self._kept, self._under, self.cars.worker, self.managers
        )  # fmt: skip
        sql = (partial(roll_up, store), settings.store) if isinstance(store, SqlStore) else (None, None)
        self.forecasting = Forecasting(
            store, settings.tenants, clock, settings.plan_quantile, settings.forecast_every_s, *sql
        )  # fmt: skip
        self.fallbacks = Fallbacks(
            store, settings.tenants, clock, _new_id, self.forecasting, self.stations.delivery.wake
        )  # fmt: skip
        self.learning = Learning(store, settings.tenants, clock, settings.forecast_every_s)
        self.brain = self._brain()
        self.far_sites = FarSites(store, writer, clock, self._site_lost)
        self.guarding = Guarding(
            store, settings.tenants, clock, self.view, self._wanted,
            Reach(self.stations.send, self.stations.reachable, _new_id, self.far_sites.has),
            replace(guard or GuardSettings(), dry_run=settings.dry_run),
        )  # fmt: skip
        self.relay = self._relay(writer) if settings.role == "site" else None
        self.webhooks = WebhookSender(store, settings.tenants, clock, private=settings.webhooks_private)
        self.messages = self._messages(people) if people is not None else None
        self._drivers = DriverRounds(
            store, settings.tenants, clock, lambda tenants: self.brain.wake(tenants, "drivers")
        )  # fmt: skip
        self.cables = Cables(
            store, settings.tenants, clock, self._wanted, lambda tenants: self.brain.wake(tenants, "cables"),
            self.stations.delivery.wake,
        )  # fmt: skip
        self._upkeep = Upkeep(store, clock, retention_of(settings))
        self._main_meters = MainMeters(store, lambda: self.guarding.states)
        parts = Parts(self.view, self.brain, self.forecasting, self.guarding)
        notes = (DRY_RUN,) if settings.dry_run else ()
        self.states = LiveStates(parts, clock, settings.plan_quantile, notes)
        self.hub = Hub(StoreSource(store, self.states.of), secrets.token_hex(4))
        services = Services(
            store, clock, options, Argon2(), _station_key_hash, _new_id, self._changed, self._faults,
            notes=notes, relayed=self._relayed, state=self.states.of, history=self.states.history, cars=self.cars,
            people=people, ems=ems_door,
        )  # fmt: skip
        self.app = api(services, seconds, hub=self.hub, registry=self._registry())

    def running(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What has to run."""
        plans = [self.relay.run()] if self.relay else [self.brain.run(), self.learning.run()]
        if self.relay is None and not self._settings.dry_run:
            plans.append(self.fallbacks.run())
        if self.messages is not None:
            plans.append(self.messages.run())
        return (
            *self.stations.running(), self.forecasting.run(), *plans, self._main_meters.run(), self.guarding.run(),
            self.hub.run(), self.states.run(), self.far_sites.run(), self.webhooks.run(), self._drivers.run(),
            self.cables.run(), self.managers.run(), self._upkeep.run(), *self.cars.running(),
        )  # fmt: skip

    def _registry(self) -> CollectorRegistry:
        settings = self._settings
        return metrics.registry_of(
            partial(metrics.of_stations, self.stations), partial(metrics.of_brain, self.brain),
            partial(metrics.of_delivery, self.stations.delivery), partial(metrics.of_guard, self.guarding),
            partial(metrics.of_forecasts, self.forecasting, settings.tenants),
            partial(metrics.of_fallbacks, self.fallbacks, self.brain),
            partial(metrics.of_store, self._store, lambda: self._kept_at), partial(metrics.of_clock, self._clock),
            partial(metrics.of_cars, self.cars), partial(metrics.of_cables, self.cables),
            partial(metrics.of_hub, self.hub),
            partial(metrics.of_run, dry_run=settings.dry_run),
        )  # fmt: skip

    def _brain(self) -> Brain:
        settings = self._settings
        return Brain(
            self._store, settings.tenants, self._clock, _new_id, self.stations.delivery.wake,
            Known(self._expected, self.learning.of),
            BrainSettings(
                settings.plan_every_s, settings.plan_settle_s, settings.dry_run, settings.value_per_kwh,
                ControlPolicy(soon=timedelta(seconds=settings.plan_soon_s)),
            ),
        )  # fmt: skip

    def _messages(self, people: PeopleStore) -> Messages:
        settings = self._settings
        return Messages(
            self._store, people, settings.tenants, self._clock, notifier_of(settings), packaged_catalogue(),
            MessageSettings(
                policy_of(settings), settings.notify_per_minute, settings.people_days, settings.messages_days
            ),
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
        self.cables.heed(events)
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
        if resource in _CARS_LOOK_AT:
            self.cars.worker.changed(tenant, "links" if resource == "vehicle-links" else resource)
        if resource == "devices":
            self._beside(self.stations.enrolled(tenant))
        if resource == "energy-managers":
            self.managers.wake()
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
