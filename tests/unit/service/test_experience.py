"""What finished sessions teach: how early drivers leave, and whose shortage counts more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evenload.service.experience import SESSIONS_LEAST, experience_of, whose
from evenload.service.live_rows import NeedBasis, SessionRow

NOW = datetime(2026, 1, 20, 3, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def stay(number: int, early: timedelta = timedelta(), days_ago: float = 1.0, **known: object) -> SessionRow:
    plugged_at = NOW - days_ago * DAY - 10 * HOUR
    row = SessionRow(
        "t", f"s{number}", f"d{number}", "site", plugged_at, plugged_at + 10 * HOUR, 20.0, basis=NeedBasis.DRIVER,
        unplugged_at=plugged_at + 10 * HOUR - early, vehicle_id=f"v{number}", energy_kwh_delivered=20.0,
    )  # fmt: skip
    return replace(row, **known)  # type: ignore[arg-type]  # the fields a test cares for


def test_too_few_say_nothing_of_departures() -> None:
    assert experience_of([stay(i) for i in range(SESSIONS_LEAST - 1)], NOW).risk is None
    assert experience_of([stay(1, unplugged_at=None)], NOW).sessions == 0


@pytest.mark.requirement("R80")
def test_one_in_four_leaves_an_hour_early() -> None:
    rows = [stay(i, HOUR if i % 4 == 0 else timedelta()) for i in range(SESSIONS_LEAST)]
    risk = experience_of(rows, NOW).risk
    assert risk is not None
    there = risk.there(risk.class_of(np.array([600.0])), np.array([[55.0, 60.0]]))
    assert there[0] == pytest.approx([151 / 201, 1.0])  # one who keeps his word counts along
    assert risk.habit(600) == "one driver in four leaves more than 30 min early"


@pytest.mark.requirement("R43")
@pytest.mark.parametrize(
    ("known", "weight"),
    [
        ({"energy_kwh_delivered": 10.0}, 1.0 + 0.5 * 0.5),  # half of it was missing, a half-life ago
        ({"energy_kwh_delivered": 20.0}, 1.0),
        ({"energy_kwh_delivered": 10.0, "suspended_by_vehicle": True}, 1.0),  # it was full
        ({"energy_kwh_delivered": 10.0, "basis": NeedBasis.SITE}, 1.0),  # nobody asked for it
        ({"energy_kwh_delivered": 10.0, "early": HOUR}, 1.0),  # it left before it said
    ],
)
def test_who_went_short_lately_counts_more(known: dict[str, object], weight: float) -> None:
    row = stay(1, days_ago=14.0, **known)  # type: ignore[arg-type]  # the fields a test cares for
    assert experience_of([row], NOW).weights.get(whose(row), 1.0) == pytest.approx(weight)


def test_a_car_nobody_knows_is_known_by_where_it_stands() -> None:
    assert whose(stay(1, vehicle_id="")) == "device d1"
