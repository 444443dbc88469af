"""The main table of a study, for the terminal."""

from rich.table import Table

from evenload.report.information import sentences
from evenload.report.results import StudyResults


def summary_table(results: StudyResults) -> Table:
    """One row a strategy at the reference case, means over seeds."""
    shown, runs = results.reference, results.runs
    case = runs[
        (runs["penetration"] == shown.penetration)
        & (runs["base_load"] == shown.base_load)
        & (runs["behaviour"] == shown.behaviour)
    ]
    mean = case.groupby("strategy", sort=False).mean(numeric_only=True)
    title = f"{results.title}: {shown.penetration:.0%} of homes with a car, base load {shown.base_load}"
    caption = f"Means over {case['seed'].nunique()} seeds. Nights over: share of transformer-nights over the rating."
    informed = sentences(results)
    if informed:
        caption = " ".join([caption, *informed, "Hindsight knows the future: a yardstick, not a choice."])
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    table.add_column("strategy")
    for name in ("EV peak kW/car", "nights over", "worst load", "unserved", f"{results.currency}/kWh"):
        table.add_column(name, justify="right")
    for strategy, row in mean.iterrows():
        needed, delivered = row["energy_kwh_needed"], row["energy_kwh_delivered"]
        table.add_row(
            str(strategy),
            f"{row['ev_peak_kw_per_car']:.2f}",
            f"{row['transformer_days_over_share']:.1%}",
            f"{row['worst_loading']:.0%}",
            f"{row['energy_kwh_unserved'] / needed:.2%}" if needed else "-",
            f"{row['cost'] / delivered:.3f}" if delivered else "-",
        )
    return table
