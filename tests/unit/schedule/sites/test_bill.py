"""Bills of sites worked by hand after published tariffs."""

from datetime import UTC, datetime

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.site_tariff import ChargeHours, DemandCharge, SiteTariff, Subscription
from evenload.schedule.sites.bill import bill_of, peaks_of

WEEKDAYS = frozenset(range(5))
DAY = Horizon(datetime(2019, 6, 3, tzinfo=UTC), 15, 96)  # a Monday


def load(kw: dict[float, float]) -> FloatArray:
    """Net load of a day by quarter hours, from hours and the load from then on."""
    hours = np.arange(96) / 4
    return np.array([kw[max(start for start in kw if start <= hour)] for hour in hours])


def flat(price: float) -> FloatArray:
    return np.full(96, price)


@pytest.mark.requirement("R104")
def test_sce_tou_ev_4() -> None:
    """SCE TOU-EV-4 of March 2019, summer weekday (acnportal): 15.51 USD per kW; 5.623 c until 8, 9.25 until 12, 26.668
    until 18, 9.25 until 23. 10 kW all day, 70 kW from 9 to 11.
    """
    hours = np.arange(96) / 4
    price = np.select(
        [hours < 8, hours < 12, hours < 18, hours < 23], [0.05623, 0.0925, 0.26668, 0.0925], default=0.05623
    )
    bill = bill_of(SiteTariff((DemandCharge("demand", 15.51),)), DAY, "UTC", load({0: 10, 9: 70, 11: 10}), price, price)
    assert bill.energy_kwh_import == pytest.approx(24 * 10 + 2 * 60)
    by_hand = 90 * 0.05623 + (40 + 50 + 120) * 0.0925 + 60 * 0.26668
    assert bill.import_cost == pytest.approx(by_hand)
    assert (bill.charges[0].peak_kw, bill.charges[0].peak_step) == (70.0, 36)
    assert bill.total == pytest.approx(by_hand + 70 * 15.51)


def test_pge_bev_2_counts_blocks_and_overage() -> None:
    """PG&E BEV-2-S: 95.56 USD a block of 50 kW, 3.82 USD per kW above (PG&E's rate calculator), 0.18081 off peak."""
    tariff = SiteTariff((Subscription(50.0, 95.56, 3.82),))
    bill = bill_of(tariff, DAY, "UTC", load({0: 0, 10: 120, 11: 0}), flat(0.18081), flat(0.0))
    line = bill.charges[0]
    assert (line.blocks, line.billed_kw, line.peak_step) == (2, 120.0, 40)
    assert bill.total == pytest.approx(120 * 0.18081 + 2 * 95.56 + 20 * 3.82)


def test_con_edison_sc_9_has_charges_for_several_windows() -> None:
    """Con Edison SC-9 rate III, zone J, summer (URDB 67b78db9): 26.20 USD per kW at any time, 17.74 + 10.01 from 8 to
    18 and 27.40 from 18 to 22 on weekdays, here with a fixed 71.00 USD a month.
    """
    tariff = SiteTariff(
        (
            DemandCharge("any time", 26.2),
            DemandCharge("8 to 18", 27.75, ChargeHours(8 * 60, 18 * 60, WEEKDAYS)),
            DemandCharge("18 to 22", 27.4, ChargeHours(18 * 60, 22 * 60, WEEKDAYS)),
        ),
        fixed_per_period=71.0,
    )
    net = load({0: 90, 6: 20, 8: 55, 18: 40, 22: 60})
    bill = bill_of(tariff, DAY, "UTC", net, flat(0.13271), flat(0.0))
    assert [line.peak_kw for line in bill.charges] == [90.0, 55.0, 40.0]
    energy = 90 * 6 + 20 * 2 + 55 * 10 + 40 * 4 + 60 * 2
    assert bill.total == pytest.approx(energy * 0.13271 + 90 * 26.2 + 55 * 27.75 + 40 * 27.4 + 71)
    assert peaks_of(tariff, DAY, "UTC", net) == pytest.approx([90.0, 55.0, 40.0])


@pytest.mark.parametrize(("highest", "billed"), [(50.0, 70.0), (200.0, 160.0)])
def test_a_ratchet_above_any_load_is_what_is_billed(highest: float, billed: float) -> None:
    tariff = SiteTariff((DemandCharge("demand", 10.0, ratchet_share=0.8),))
    bill = bill_of(tariff, DAY, "UTC", load({0: 70}), flat(0.0), flat(0.0), highest_kw_before=[highest])
    assert (bill.charges[0].peak_kw, bill.charges[0].billed_kw) == (70.0, billed)
    assert bill.total == pytest.approx(10 * billed)


def test_the_rest_of_a_period_bills_the_peak_so_far() -> None:
    tariff = SiteTariff((DemandCharge("demand", 10.0),))
    bill = bill_of(tariff, DAY, "UTC", load({0: 70}), flat(0.0), flat(0.0), peak_kw_so_far=[95.0])
    assert (bill.charges[0].peak_kw, bill.charges[0].peak_step) == (95.0, -1)


def test_export_earns_and_never_lowers_a_peak_below_nothing() -> None:
    tariff = SiteTariff((DemandCharge("demand", 10.0),))
    bill = bill_of(tariff, DAY, "UTC", load({0: -30}), flat(0.3), flat(0.05))
    assert (bill.energy_kwh_import, bill.energy_kwh_export) == (0.0, 720.0)
    assert bill.total == pytest.approx(-720 * 0.05)
    assert (bill.charges[0].peak_kw, bill.charges[0].peak_step) == (0.0, -1)


def test_hours_that_never_occur_in_the_period_bill_nothing() -> None:
    sunday = SiteTariff((DemandCharge("sunday", 10.0, ChargeHours(weekdays=frozenset({6}))),))
    bill = bill_of(sunday, DAY, "UTC", load({0: 70}), flat(0.0), flat(0.0))
    assert (bill.charges[0].peak_kw, bill.charges[0].peak_step, bill.total) == (0.0, -1, 0.0)


@pytest.mark.parametrize("so_far", [[1.0, 2.0], [-1.0], [np.nan], [np.inf]])
def test_peaks_that_cannot_be_are_refused(so_far: list[float]) -> None:
    tariff = SiteTariff((DemandCharge("demand", 10.0),))
    with pytest.raises(InputError, match="for each of demand"):
        bill_of(tariff, DAY, "UTC", load({0: 1}), flat(0.0), flat(0.0), peak_kw_so_far=so_far)


def test_a_load_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="96 finite values of net_kw"):
        bill_of(SiteTariff(), DAY, "UTC", flat(np.nan), flat(0.0), flat(0.0))
