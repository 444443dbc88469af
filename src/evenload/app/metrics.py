"""Numbers of every part of the platform, read when somebody asks: counting costs parts next to nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from evenload.app import metric_families as of
from evenload.app.brain import Brain
from evenload.app.cables import Cables
from evenload.app.cars.side import CarSide
from evenload.app.delivery import Delivery
from evenload.app.fallbacks import Fallbacks
from evenload.app.forecasting import Forecasting
from evenload.app.guarding import Guarding
from evenload.app.stations import StationSide
from evenload.app.steady import SteadyClock
from evenload.service.cable_rows import ConflictKind, PairState
from evenload.service.guard import Sight
from evenload.service.ports import Store, StoreError
from evenload.store.sql.store import SqlStore
from evenload.web.hub import Hub

Read = Callable[[], Iterator[Metric]]
_WORDS: Final = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1"}


def registry_of(*parts: Read) -> CollectorRegistry:
    """A registry that reads parts of the platform, and what the operating system says of the process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(_Parts(parts))
    return registry


class _Parts(Collector):
    """Reads every part."""

    def __init__(self, parts: tuple[Read, ...]) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """What there is to tell now."""
        yield of.BUILD.of({(version("evenload"),): 1.0})
        for part in self._parts:
            yield from part()


def of_stations(side: StationSide) -> Iterator[Metric]:
    """The server of stations, and what it hands to the store."""
    server = side.server
    counts, commits, kept = server.counts, server.commits, side.kept
    versions = server.versions
    yield of.CONNECTED.of({(word,): float(versions.get(name, 0)) for name, word in _WORDS.items()})
    yield of.ADMITTED.one(counts.admitted)
    yield of.REPLACED.one(counts.replaced)
    yield of.REFUSED.of(_by_word(counts.refused))
    yield of.MESSAGES.of({("in",): float(counts.messages_in), ("out",): float(counts.messages_out)})
    yield of.VIOLATIONS.of(_by_word(counts.violations))
    yield of.COMMIT_EVENTS.spread(commits.sizes)
    yield of.COMMIT_SECONDS.spread(commits.seconds)
    yield of.COMMIT_FAILURES.one(commits.failures)
    yield of.COMMIT_AGAIN.one(kept.again)
    yield of.ASIDE.one(kept.aside)
    yield of.STORED.one(kept.kept)


def of_brain(brain: Brain) -> Iterator[Metric]:
    """What was planned, and the last plan of every tenant."""
    counts = brain.counts
    yield of.PLAN_SECONDS.spread(counts.seconds)
    yield of.PLAN_FAILURES.one(counts.failures)
    yield of.TOLD.one(counts.told)
    yield of.KEPT.one(counts.kept)
    yield of.PLAN_FAILING.of({(name,): float(bool(one.failed)) for name, one in brain.tenants.items()})
    last = {(name,): one.decision for name, one in brain.tenants.items() if one.decision is not None}
    proofs = {key: one.solution.certificate for key, one in last.items()}
    yield of.PLANNED_AT.of({key: one.plan.made_at.timestamp() for key, one in last.items()})
    yield of.SESSIONS.of({key: len(one.asked.sessions) for key, one in last.items()})
    yield of.GAP.of({key: one.gap for key, one in proofs.items()})
    yield of.UNSERVED.of({key: one.energy_kwh_unserved for key, one in proofs.items()})
    yield of.OVERLOADS.of({key: len(one.overloads) for key, one in last.items()})
    reasons = Counter((*key, one.trust.value) for key, decision in last.items() for one in decision.uncontrolled)
    yield of.UNCONTROLLED.of({key: float(count) for key, count in reasons.items()})


def of_delivery(delivery: Delivery) -> Iterator[Metric]:
    """Orders to stations."""
    yield of.ORDERS_WAITING.one(delivery.waiting)
    yield of.ORDERS_SETTLED.of(_by_word(delivery.counts.settled))
    yield of.ORDER_SECONDS.spread(delivery.counts.seconds)


def of_guard(guarding: Guarding) -> Iterator[Metric]:
    """What the guard sees and does at every site that has a meter."""
    states = guarding.states
    yield of.SIGHT.of(
        {(*key, sight.value): float(state.sight is sight) for key, state in states.items() for sight in Sight}
    )
    yield of.CAPS.of({key: float(len(state.caps)) for key, state in states.items()})
    yield of.OVER_LIMIT.of({(tenant, site): over_s for (tenant, site), over_s in guarding.over_s().items()})


def of_forecasts(forecasting: Forecasting, tenants: tuple[str, ...]) -> Iterator[Metric]:
    """How old forecasts are, and what they rest on."""
    ages = {name: age_s for name in tenants if (age_s := forecasting.age_s(name)) is not None}
    yield of.FORECAST_AGE.of({(name,): age_s for name, age_s in ages.items()})
    known = {name: found for name in tenants if (found := forecasting.quantiles(name)) is not None}
    bases = Counter((name, basis.value) for name, found in known.items() for basis in found.basis)
    yield of.FORECAST_NODES.of({key: float(count) for key, count in bases.items()})


def of_fallbacks(fallbacks: Fallbacks, brain: Brain) -> Iterator[Metric]:
    """Whether devices that nobody reaches keep to what fits."""
    seen = {(name,): one.seen for name, one in brain.tenants.items() if one.seen is not None}
    yield of.FALLBACKS_UNVERIFIED.of({key: float(one.fallbacks_unverified) for key, one in seen.items()})
    short = {(name,): one.shortfalls for name, one in fallbacks.last.items()}
    yield of.FALLBACKS_SHORT.of({key: float(len(nodes)) for key, nodes in short.items()})


def of_store(store: Store, last_write: Callable[[], datetime | None]) -> Iterator[Metric]:
    """The database. One that does not answer says nothing of its size."""
    with suppress(StoreError):
        if isinstance(store, SqlStore):
            yield of.STORE_BYTES.one(store.size_bytes())
    if (at := last_write()) is not None:
        yield of.LAST_WRITE.one(at.timestamp())


def of_clock(clock: Callable[[], datetime]) -> Iterator[Metric]:
    """Whether the clock of the machine was set back."""
    yield of.CLOCK_AHEAD.one(clock.ahead_s if isinstance(clock, SteadyClock) else 0.0)


def of_cables(cables: Cables) -> Iterator[Metric]:
    """Cars at chargers, and what is wrong between them."""
    found = cables.standing.items()
    states = (PairState.MATCHED, PairState.POSSIBLE)
    yield of.CABLE_PAIRS.of({(name, one.value): float(now.pairs.get(one, 0)) for name, now in found for one in states})
    yield of.CABLE_CONFLICTS.of(
        {(name, one.value): float(now.conflicts.get(one, 0)) for name, now in found for one in ConflictKind}
    )


def of_cars(side: CarSide) -> Iterator[Metric]:
    """Linked cars and the clouds they are reached by."""
    worker, door = side.worker, side.door
    cars = list(worker.fleet.cars.values())
    clouds = list(side.clouds)
    yield of.CARS_LINKED.of({(one.value,): float(sum(car.provider is one for car in cars)) for one in clouds})
    yield of.CARS_IN_REACH.of(
        {(one.value,): float(sum(car.provider is one and car.is_in_reach for car in cars)) for one in clouds}
    )
    yield of.CAR_STATE_AGE.of(side.ages_s())
    yield of.CLOUD_REACHABLE.of({(one.value,): float(door.http[one].is_reachable) for one in clouds})
    counts = {one.value: door.http[one].counts for one in clouds}
    yield of.CLOUD_REQUESTS.of(
        {
            (name, outcome): float(getattr(count, outcome))
            for name, count in counts.items()
            for outcome in ("answered", "failed", "spared")
        }
    )
    yield of.CLOUD_CALLS_LEFT.of(side.calls_left())
    yield of.CAR_READS.of(_by_words(worker.reading.counts.ended))
    yield of.CAR_ACTS.of(_by_words(worker.acting.counts.ended))
    yield of.CAR_ACTS_WAITING.one(worker.acting.waiting + worker.acting.sending)
    yield of.CAR_ACT_SECONDS.spread(worker.acting.counts.seconds)
    yield of.CLOUD_WEBHOOKS.of(_by_words(side.inbox.counts.came))
    yield of.TOKEN_RENEWALS.one(door.renewals)


def of_run(*, dry_run: bool) -> Iterator[Metric]:
    """How it runs."""
    yield of.DRY_RUN.one(dry_run)


def of_hub(hub: Hub) -> Iterator[Metric]:
    """Who looks at live pages."""
    yield of.LOOKING.one(hub.looking)


def _by_words(counts: Mapping[tuple[str, str], int]) -> dict[tuple[str, ...], float]:
    return {words: float(count) for words, count in dict(counts).items()}


def _by_word(counts: Mapping[str, int]) -> dict[tuple[str, ...], float]:
    return {(str(word),): float(count) for word, count in dict(counts).items()}
