"""The brain's worker: plans for every tenant on a tick and when something happened, and has its decisions delivered."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

from evenload.base.distribution import Distribution
from evenload.base.errors import EvenloadError
from evenload.base.instants import Interval
from evenload.schedule.risk.robust import Caution
from evenload.schedule.solver.optimum import Solution
from evenload.service.commands import SaidSoFar
from evenload.service.control import ControlPolicy, Decision, decide
from evenload.service.dispatch import Given, dispatch, given_before, without_refused
from evenload.service.experience import Experience
from evenload.service.ports import Store
from evenload.service.problem_of import HOURS_AHEAD
from evenload.service.snapshot import Expected, Memory, Patience, Snapshot, snapshot

_log = logging.getLogger("evenload.app.brain")

_TICK: Final = "tick"
_AHEAD: Final = timedelta(hours=HOURS_AHEAD + 1)

ExpectedLoad = Callable[[str], Expected | None]
"""What base load is expected of a tenant's circuits, ``None`` where nothing is known."""

Learned = Callable[[str], Experience]
"""What finished sessions taught of a tenant's drivers."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the brain asks of each tenant before it plans. For any thread."""

    expected: ExpectedLoad
    learned: Learned = lambda _: Experience()


@dataclass(frozen=True, slots=True)
class BrainSettings:
    """How to plan: every ``period_s``, and ``settle_s`` after something happened, so that what happens together is
    planned for together; never sooner than that after the last time (seconds of the event loop).
    ``value_per_kwh`` is what a kWh is worth that a driver leaves without, beyond its price.

    With ``dry_run`` decisions are logged and kept to be looked at, but nobody is told anything.
    """

    period_s: float = 60.0
    settle_s: float = 0.15
    dry_run: bool = False
    value_per_kwh: float = 0.3
    policy: ControlPolicy = field(default_factory=ControlPolicy)
    patience: Patience = field(default_factory=Patience)


@dataclass(slots=True)
class Tenant:
    """What the brain remembers of a tenant between plans."""

    given: dict[str, Given] | None = None
    refused_at: dict[str, datetime] = field(default_factory=dict)
    learned_kw: dict[str, float] = field(default_factory=dict)
    said: Mapping[str, SaidSoFar] = field(default_factory=dict)
    solution: Solution | None = None
    decision: Decision | None = None
    seen: Snapshot | None = None
    seconds: float = 0.0
    failed: str = ""


@dataclass(slots=True)
class BrainCounts:
    """What the brain did."""

    told: int = 0
    kept: int = 0
    failures: int = 0
    seconds: Distribution = field(default_factory=Distribution)


class Brain:
    """Plans and dispatches; methods are for the event loop's thread, the work is done in a thread of its own."""

    def __init__(
        self, store: Store, tenants: Iterable[str], clock: Callable[[], datetime], new_id: Callable[[], str],
        dispatched: Callable[[], None], known: Known, settings: BrainSettings | None = None,
    ) -> None:  # fmt: skip
        self.counts = BrainCounts()
        self.tenants: Mapping[str, Tenant] = {name: Tenant() for name in tenants}
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._dispatched = dispatched
        self._known = known
        self._settings = settings or BrainSettings()
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._news: dict[str, str] = {}

    def wake(self, tenants: Iterable[str], why: str) -> None:
        """Plan anew for tenants soon. For any thread."""
        wanted = [name for name in tenants if name in self.tenants]
        if wanted:
            self._loop.call_soon_threadsafe(self._note, wanted, why)

    def _note(self, tenants: list[str], why: str) -> None:
        for name in tenants:
            self._news.setdefault(name, why)
        self._woken.set()

    async def run(self) -> None:
        """Plan for ever: for tenants with news, and for those not planned for in the last period."""
        due_at = dict.fromkeys(self.tenants, self._loop.time())
        with ThreadPoolExecutor(1, thread_name_prefix="brain") as worker:
            while True:
                news, self._news = self._news, {}
                due = [name for name, at in due_at.items() if at <= self._loop.time() and name not in news]
                for name, why in (news | dict.fromkeys(due, _TICK)).items():
                    due_at[name] = self._loop.time() + self._settings.period_s
                    await self._loop.run_in_executor(worker, self.plan, name, why)
                patience_s = min(due_at.values(), default=inf) - self._loop.time()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(patience_s, self._settings.settle_s)):
                        await self._woken.wait()
                    await asyncio.sleep(self._settings.settle_s)
                self._woken.clear()

    def plan(self, tenant: str, why: str) -> Decision | None:
        """Plan for one tenant now; ``None`` where that failed, which is logged, and the next time is tried again."""
        kept, began = self.tenants[tenant], time.perf_counter()
        try:
            decision = self._planned(tenant, kept, why)
        except EvenloadError as error:
            _log.error("tenant=%s event=not_planned why=%s", tenant, error)
            self._failed(kept, str(error))
            return None
        except Exception:  # noqa: BLE001  # the boundary between tenants: a defect met with one is its own
            _log.exception("tenant=%s event=plan_defect", tenant)
            self._failed(kept, "a defect in planning; the log has it")
            return None
        _say_unplaced(tenant, decision, kept.decision)
        kept.failed, kept.decision, kept.solution = "", decision, decision.solution
        kept.seconds = time.perf_counter() - began
        self.counts.told += len(decision.told)
        self.counts.kept += len(decision.kept)
        self.counts.seconds.add(kept.seconds)
        _log.info("tenant=%s event=planned why=%s sessions=%d told=%d kept=%d uncontrolled=%d gap=%.4f seconds=%.3f",
                  tenant, why, len(decision.asked.sessions), len(decision.told), len(decision.kept),
                  len(decision.uncontrolled), decision.solution.certificate.gap, kept.seconds)  # fmt: skip
        return decision

    def _failed(self, kept: Tenant, why: str) -> None:
        """What devices were told is read from the outbox again: who knows how far it came."""
        kept.failed, kept.given = why, None
        self.counts.failures += 1

    def _planned(self, tenant: str, kept: Tenant, why: str) -> Decision:
        now, settings = self._clock(), self._settings
        expected = self._known.expected(tenant)
        with self._store.reading() as unit:
            given = given_before(unit, tenant) if kept.given is None else kept.given
            given, refused = without_refused(unit, given)
            kept.refused_at |= refused
            known = self._known.learned(tenant)
            memory = Memory(
                {name: one.limits for name, one in given.items()}, kept.refused_at, kept.learned_kw, kept.said,
                _caution(known, settings.value_per_kwh), known.weights,
                kept.decision is not None and kept.decision.is_short,
            )  # fmt: skip
            seen = snapshot(unit, tenant, Interval(now, now + _AHEAD), memory, expected, settings.patience)
        decision = decide(seen, why, self._new_id, settings.policy, kept.solution)
        kept.seen, kept.learned_kw, kept.said = seen, decision.learned_kw(), seen.said
        if settings.dry_run:
            for row in decision.rows():
                _log.info(
                    "tenant=%s event=would_tell device=%s kw=%s why=%s", tenant, row.device_id, row.power_kw, row.why
                )
            return replace(decision, told=())
        if seen.sessions or given:
            with self._store.writing() as unit:
                given = dispatch(unit, decision, given)
        kept.given = given  # only now is it certain
        if decision.told:
            self._dispatched()
        return decision


def _caution(known: Experience, value_per_kwh: float) -> Caution | None:
    """How much early departures weigh; ``None`` where nothing is known of them, or they are to weigh nothing."""
    return Caution(known.risk, value_per_kwh=value_per_kwh) if known.risk is not None and value_per_kwh > 0 else None


def _say_unplaced(tenant: str, decision: Decision, before: Decision | None) -> None:
    """Say once that cars are nobody's to plan for."""
    sites = sorted({one.site_id for one in decision.asked.unplaced})
    if sites and not (before and before.asked.unplaced):
        _log.warning("tenant=%s event=at_no_circuit sessions=%d sites=%s", tenant, len(decision.asked.unplaced),
                     " ".join(sites))  # fmt: skip
