"""Learning once a day: from what ended, at its own pace, and never at the cost of what was known."""

from datetime import UTC, datetime, timedelta

import pytest

from evenload.app.experience import Learning
from evenload.service.experience import SESSIONS_LEAST
from evenload.service.live_rows import NeedBasis, SessionRow
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 1, 20, 3, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def put_stays(store: MemoryStore, count: int, days_ago: float) -> None:
    plugged_at = NOW - days_ago * DAY
    with store.writing() as unit:
        unit.sessions.put(
            SessionRow(
                "t", f"s{days_ago}-{i}", f"d{i}", "site", plugged_at, plugged_at + 9 * HOUR, 20.0,
                basis=NeedBasis.DRIVER, unplugged_at=plugged_at + 8 * HOUR, energy_kwh_delivered=20.0,
            )
            for i in range(count)
        )  # fmt: skip


@pytest.mark.requirement("R80")
def test_what_ended_in_the_last_weeks_is_learned_from() -> None:
    store = MemoryStore()
    put_stays(store, SESSIONS_LEAST, 5.0)
    put_stays(store, 50, 40.0)  # too long ago
    learning = Learning(store, ["t", "u"], lambda: NOW, 60.0)
    assert learning.of("t").risk is None
    learning.learn("t")
    assert learning.of("t").sessions == SESSIONS_LEAST
    assert learning.of("t").risk is not None
    assert learning.of("u").sessions == 0


def test_what_was_known_stays_where_learning_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    store, now = MemoryStore(), [NOW]
    put_stays(store, SESSIONS_LEAST, 5.0)
    learning = Learning(store, ["t"], lambda: now[0], 60.0)
    learning.learn("t")
    known = learning.of("t")
    now[0] += DAY
    monkeypatch.setattr("evenload.app.experience.experience_of", lambda *_: 1 / 0)
    learning.learn("t")
    assert learning.of("t") is known
