"""The application: routers, who may come in, and what surrounds every request."""

from collections.abc import Callable
from importlib.metadata import version

import httpx
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry

from evenload.web import metrics, problem
from evenload.web.attempts import Attempts
from evenload.web.body_limit import BodyLimit
from evenload.web.description import describe
from evenload.web.hub import Hub
from evenload.web.identity import Doors
from evenload.web.live import StoreSource
from evenload.web.metrics import Counting
from evenload.web.oidc import Issuer
from evenload.web.options import Services
from evenload.web.routes import (
    audit,
    cables,
    circuits,
    clouds,
    decisions,
    devices,
    driver_figures,
    driver_wishes,
    drivers,
    ems,
    events,
    health,
    keys,
    limits,
    live_page,
    loads,
    me,
    messages,
    people,
    plans,
    readings,
    relay,
    root,
    sessions,
    signals,
    sites,
    state,
    stations,
    stream,
    surveys,
    users,
    vehicle_links,
    vehicles,
    webhooks,
)

_ROUTERS = (
    sites.router, circuits.router, devices.router, stations.router, vehicles.router, sessions.router, plans.router,
    drivers.router, driver_wishes.router, driver_figures.router,
    decisions.router, limits.router, readings.router, loads.router, signals.router, events.router, users.router,
    keys.router, webhooks.router, audit.router, me.router, me.doors, relay.router, stream.router, state.router,
    live_page.router, people.router, people.consents_router, messages.router, surveys.router, surveys.door,
    vehicle_links.router, vehicle_links.acts_router, vehicle_links.state_router, clouds.router,
    cables.router, ems.router,
    root.router, health.router, metrics.router,
)  # fmt: skip


def api(
    services: Services, seconds: Callable[[], float], *,
    hub: Hub | None = None, registry: CollectorRegistry | None = None,
    issuer_transport: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:  # fmt: skip
    """The REST API as an ASGI application, to be called within a running event loop.

    ``seconds`` is a clock that never goes back. ``hub`` holds the news of ``/v1/stream``: whoever mounts the
    application runs it (``hub.run()``); left out, one that reads the store is made, as ``app.state.hub``.
    ``registry`` holds what ``/metrics`` tells, other parts' numbers too.
    """
    app: FastAPI = FastAPIOffline(title="evenload", version=version("evenload"))
    options = services.options
    app.state.services = services
    app.state.busy = set()
    app.state.hub = hub or Hub(StoreSource(services.store, services.state), services.draw()[:8])
    app.state.registry = registry = CollectorRegistry() if registry is None else registry
    app.state.doors = Doors(
        Attempts(options.login_attempts_a_minute, seconds),
        Issuer(options.oidc, seconds, issuer_transport) if options.oidc else None,
    )
    for router in _ROUTERS:
        app.include_router(router)
    problem.add_to(app)
    app.add_middleware(BodyLimit, bytes_max=options.body_bytes_max)
    app.add_middleware(Counting, registry=registry, seconds=seconds)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app
