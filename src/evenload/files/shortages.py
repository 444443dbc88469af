"""The shortages file: whom circuits left short, kept from plan to plan."""

from typing import Final

from evenload.files.columns import Column, Kind, RowRule, TableSpec
from evenload.files.problems import RowReason

SHORTAGES: Final = TableSpec(
    "shortages",
    "Whom circuits left short before: one row a driver and stay, kept from plan to plan.",
    (
        Column("user_id", "driver or vehicle", Kind.TEXT, required=True),
        Column("departs_at", "declared departure of that stay", Kind.INSTANT, required=True),
        Column("energy_kwh", "need, AC at the connector", required=True, low=0, high=2000, unit="kWh", wrong_unit="Wh"),
        Column(
            "energy_kwh_unserved", "what of it circuits kept from it", required=True, low=0, high=2000, unit="kWh",
            wrong_unit="Wh",
        ),
    ),
    ("user_id", "departs_at"),
    (
        RowRule(
            "energy_kwh_unserved", RowReason.CONTRADICTION,
            lambda cells: cells["energy_kwh_unserved"] > cells["energy_kwh"],
            "is more than energy_kwh {energy_kwh}; lower the one or raise the other",
        ),
    ),
)  # fmt: skip
