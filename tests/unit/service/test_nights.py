"""Whole nights, plan after plan, with cars that do exactly as they are told: what was promised is kept."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station_limits import Limits
from evenload.service.control import ControlPolicy, decide
from evenload.service.live_rows import DeviceRow, NeedBasis, SessionRow, SiteRow
from evenload.service.snapshot import DeviceState, Snapshot, Trust

EVENING = datetime(2026, 1, 10, 19, 0, tzinfo=UTC)
TICK_MINUTES = 5


class Night:
    """Cars at one depot, each on a three-phase station that charges at 4.14 kW at the least."""

    def __init__(self, needs_kwh: list[float], limit_kw: float, hours: int, car_kw: float = 11.0) -> None:
        self.got_kwh = [0.0] * len(needs_kwh)
        self.switched = [0] * len(needs_kwh)
        self.peak_kw = 0.0
        self._car_kw = car_kw
        self._drawn = [0.0] * len(needs_kwh)
        self._end = EVENING + timedelta(hours=hours)
        self._circuits = (Circuit("depot", "", CircuitKind.SITE, limit_kw),)
        self._rows = [
            SessionRow(
                "t", f"s{i}", f"d{i}", "depot", EVENING, self._end + timedelta(minutes=15), kwh,
                basis=NeedBasis.DRIVER, transaction_id=f"{i}",
            )
            for i, kwh in enumerate(needs_kwh)
        ]  # fmt: skip
        self._devices = {
            f"d{i}": DeviceState(DeviceRow("t", f"d{i}", "depot", f"CP{i}", power_kw_min=4.14), Trust.CONTROLLED)
            for i in range(len(needs_kwh))
        }

    def pass_by(self) -> None:
        policy, numbers = ControlPolicy(soon=timedelta(minutes=TICK_MINUTES + 1)), itertools.count()
        given: dict[str, Limits] = {}
        previous, learned = None, {}
        now = EVENING
        while now < self._end:
            sessions = tuple(
                replace(
                    row, energy_kwh_delivered=self.got_kwh[i], power_kw=self._drawn[i], metered_at=now,
                    suspended_by_vehicle=self.got_kwh[i] >= row.energy_kwh - 1e-6,
                )
                for i, row in enumerate(self._rows)
            )  # fmt: skip
            seen = Snapshot("t", now, self._circuits, {"depot": SiteRow("t", "depot")}, self._devices, sessions,
                            given=given, learned_kw=learned)  # fmt: skip
            decision = decide(seen, "tick", lambda: f"id-{next(numbers)}", policy, previous)
            previous, learned = decision.solution, decision.learned_kw()
            given = given | dict(decision.given)
            for minute in range(TICK_MINUTES):
                self._charge(given, now + timedelta(minutes=minute))
            now += timedelta(minutes=TICK_MINUTES)

    def _charge(self, given: dict[str, Limits], now: datetime) -> None:
        for i, row in enumerate(self._rows):
            told = given[f"d{i}"].at(now) if f"d{i}" in given else 0.0
            kw = min(told, self._car_kw) if told >= 4.14 - 0.02 else 0.0
            kw = min(kw, (row.energy_kwh - self.got_kwh[i]) * 60)
            self.switched[i] += (kw > 0) is not (self._drawn[i] > 0)
            self._drawn[i] = kw
            self.got_kwh[i] += kw / 60
        self.peak_kw = max(self.peak_kw, sum(self._drawn))


@pytest.mark.parametrize(
    ("needs_kwh", "limit_kw", "hours", "car_kw"),
    [
        ([15.0] * 6, 8.0, 12, 11.0),  # 90 of 96 kWh, and only one can charge at a time
        ([4.5] * 10, 4.5, 12, 11.0),
        ([8.0, 30.0, 12.0, 20.0, 5.0], 9.0, 10, 11.0),
        ([7.0] * 4, 6.0, 10, 3.7),  # cars that draw less than their stations offer at the least
    ],
)
def test_all_are_served_within_the_limit_and_few_are_switched_often(
    needs_kwh: list[float], limit_kw: float, hours: int, car_kw: float
) -> None:
    night = Night(needs_kwh, limit_kw, hours, car_kw)
    night.pass_by()
    assert night.got_kwh == pytest.approx(needs_kwh, abs=0.35)
    assert night.peak_kw <= limit_kw + 1e-6
    assert max(night.switched) <= 20
