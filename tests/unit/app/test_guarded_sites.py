"""Sites the guard looks after: what their connections are made for, and a guard of a clock that runs too fast."""

from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from evenload.app.guarded_sites import guarded_sites
from evenload.app.guarding import GuardSettings
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.service.live_rows import CircuitRow, LimitRow, SiteRow
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limit_kw", "rating_kva", "guard_kw", "rated_kw"),
    [(100.0, 250.0, 60.0, 100.0), (inf, 250.0, 60.0, 250.0), (inf, inf, 60.0, 60.0), (0.0, inf, None, inf)],
)
def test_a_low_limit_of_the_day_does_not_change_what_a_connection_is_made_for(
    limit_kw: float, rating_kva: float, guard_kw: float | None, rated_kw: float
) -> None:
    store = MemoryStore()
    with store.writing() as unit:
        unit.circuits.put([CircuitRow("home", Circuit("depot", "", CircuitKind.SITE, limit_kw, rating_kva=rating_kva))])
        unit.sites.put([SiteRow("home", "depot", meter="rest", guard_kw=guard_kw)])
        unit.limits.put([LimitRow("home", "low", "depot", NOW, NOW + timedelta(hours=1), 5.0)])
    with store.reading() as unit:
        (site,) = guarded_sites(unit, "home", NOW)
    assert site.limit_kw == min(limit_kw, 5.0)
    assert site.rated_kw == rated_kw


def test_a_guard_of_a_clock_that_runs_too_fast_does_not_take_its_own_slowness_for_silence() -> None:
    usual = GuardSettings()
    assert GuardSettings.at_speed(1.0) == usual
    for speed in (5.0, 360.0, 3600.0):
        fast = GuardSettings.at_speed(speed)
        looks = usual.policy.silence.total_seconds() / usual.period_s
        assert fast.policy.silence.total_seconds() / speed / fast.period_s == pytest.approx(looks)  # in looks
        assert fast.period_s >= 0.1
