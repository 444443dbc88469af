"""Sites of a problem file: what they become, and what is refused in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.site_tariff import ChargeHours, Subscription
from evenload.files.site_parts import SiteAsked

BATTERY = {"name": "battery", "capacity_kwh": 100.0, "level_kwh": 50.0, "charge_kw_max": 50.0, "discharge_kw_max": 40.0}
DEPOT: dict[str, Any] = {
    "node": "depot",
    "demand_charges": [
        {"per_kw": 20.0, "peak_kw_so_far": 80.0, "ratchet_share": 0.8, "highest_kw_before": 150.0,
         "needed_kw": [60.0, 70.0]},
        {"name": "evening", "per_kw": 5.0, "hours": "16:00-21:00", "weekdays": ["mon", "fri"], "months": [6, 7],
         "needed_kw": [20.0, 30.0]},
    ],
    "days_left": 12, "period_end": "2025-07-01T00:00:00+02:00", "storage": [BATTERY], "behind_meter": True,
}  # fmt: skip


def test_a_site_becomes_what_plans_know() -> None:
    site = SiteAsked.model_validate(DEPOT).site(3, "Europe/Oslo")
    assert (site.node, site.name, site.zone, site.days_left) == (3, "depot", "Europe/Oslo", 12)
    assert site.paid_kw().tolist() == [120.0, 0.0]
    assert site.needed_kw.tolist() == [[60.0, 20.0], [70.0, 30.0]]
    assert site.tariff.charges[1].hours == ChargeHours(960, 1260, frozenset({0, 4}), frozenset({6, 7}))
    assert site.period_end == datetime(2025, 6, 30, 22, tzinfo=UTC)


def test_a_subscription_comes_after_the_charges() -> None:
    blocks = {"block_kw": 50.0, "per_block": 95.56, "overage_per_kw": 3.82, "peak_kw_so_far": 12.0}
    asked = {"node": "depot", "demand_charges": [{"per_kw": 1.0}], "subscription": blocks}
    site = SiteAsked.model_validate(asked).site(0, "UTC")
    assert site.tariff.charges[1] == Subscription(50.0, 95.56, 3.82)
    assert site.peak_kw_so_far == (0.0, 12.0)


def test_storage_stands_at_its_site_or_its_own_circuit() -> None:
    tree = CircuitTree.of([Circuit("depot", "", CircuitKind.SITE), Circuit("shed", "depot", CircuitKind.SITE)])
    asked = DEPOT | {"storage": [BATTERY, BATTERY | {"name": "second", "node": "shed"}]}
    found = SiteAsked.model_validate(asked).storages(tree, 0)
    assert [(each.name, each.node) for each in found] == [("battery", 0), ("second", 1)]
    assert found[0].discharge_kw_max == 40.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"demand_charges": [], "storage": [], "behind_meter": False}, "depot: give demand_charges, subscription"),
        ({"demand_charges": [{"per_kw": -1.0}]}, "greater than or equal to 0"),
        ({"demand_charges": [{"per_kw": 1.0, "hours": "16:00"}]}, "demand charge: hours start at minute"),
        ({"demand_charges": [{"per_kw": 1.0, "hours": "16:00-16:00"}]}, "from 16:00 to 16:00 never occur"),
        ({"demand_charges": [{"per_kw": 1.0, "hours": "4 to 9"}]}, "demand charge: '4 to 9' is not a clock time"),
        ({"demand_charges": [{"per_kw": 1.0, "weekdays": ["Monday"]}]}, "'Monday' is not a weekday; there are mon"),
        ({"demand_charges": [{"per_kw": 1.0, "weekdays": []}]}, "weekdays .* never occur"),
        ({"demand_charges": [{"per_kw": 1.0, "highest_kw_before": 5.0}]}, "of no effect without ratchet_share"),
        ({"demand_charges": [{"per_kw": 1.0}, {"per_kw": 2.0}]}, "depot: a tariff has two charges named"),
        ({"demand_minutes": 20}, "depot: load is averaged over 5, 10, 15, 30 or 60 minutes, not 20"),
        ({"subscription": {"block_kw": 50.0, "per_block": 1.0, "overage_per_kw": 1.0}}, "same number of days"),
        ({"subscription": {"block_kw": -50.0, "per_block": 1.0, "overage_per_kw": 1.0}}, "greater than 0"),
        ({"storage": [BATTERY | {"level_kwh": 120.0}]}, "level_kwh 120 must be between 0 and capacity_kwh 100"),
        ({"period_end": "2025-07-01"}, "is not an instant with an offset"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SiteAsked.model_validate(DEPOT | change)
