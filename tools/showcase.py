"""What README shows of the packaged study: one picture and one table, both from a run.

tools/showcase.py OUT      takes them from a finished `evenload demo --study --out OUT`
tools/showcase.py          writes README's table again from docs/showcase/summary.json
tools/showcase.py --check  writes nothing; exits 1 where README does not show that summary
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHOWCASE = ROOT / "docs" / "showcase"
README = ROOT / "README.md"
BEGIN, END = "<!-- study: made by tools/showcase.py -->", "<!-- /study -->"
KEPT = (
    "evenload",
    "title",
    "period",
    "criterion",
    "reference",
    "facts",
    "means_over_seeds",
    "hosting_capacity",
    "comparisons",
)


def main() -> int:
    """Take over a run, or bring README up to it, or check that it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, help="folder of a finished study")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where README is stale")
    chosen = parser.parse_args()
    if chosen.out:
        take_over(chosen.out)
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    summary = json.loads((SHOWCASE / "summary.json").read_text(encoding="utf-8"))
    wanted = f"{head}{BEGIN}\n{table(summary)}\n{END}{tail}"
    if wanted == text:
        return 0
    if chosen.check:
        print("README.md does not show docs/showcase/summary.json; run tools/showcase.py")
        return 1
    README.write_text(wanted, encoding="utf-8")
    return 0


def take_over(out: Path) -> None:
    """Keep the picture and the part of the summary that is shown."""
    SHOWCASE.mkdir(exist_ok=True)
    shutil.copyfile(out / "figures" / "overview.svg", SHOWCASE / "overview.svg")
    whole = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    kept = {name: whole[name] for name in KEPT}
    shown = whole["reference"]
    kept["means_over_seeds"] = [row for row in whole["means_over_seeds"] if is_shown(row, shown)]
    kept["hosting_capacity"] = [row for row in whole["hosting_capacity"] if is_shown(row, shown)]
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    (SHOWCASE / "summary.json").write_text(text, encoding="utf-8")


def is_shown(row: dict[str, Any], shown: dict[str, Any]) -> bool:
    """Whether a row is of the reference case."""
    return all(row[name] == shown[name] for name in ("penetration", "base_load", "behaviour") if name in row)


def table(summary: dict[str, Any]) -> str:
    """The table, one row a strategy."""
    hosting = {row["strategy"]: row["p50"] for row in summary["hosting_capacity"]}
    most = max(hosting.values())
    lines = [
        "| | system peak | transformers over rating | nights cars alone exceed 1.5 kW a home | cars a home that fit"
        " | energy unserved | cost per kWh |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in summary["means_over_seeds"]:
        cells = (
            row["strategy"],
            f"{row['system_peak_kw']:.0f} kW",
            f"{row['transformers_over']:.1f} of {row['transformers']:.0f}",
            f"{row['ev_days_over_share']:.1%}",
            capacity(hosting[row["strategy"]], most),
            f"{row['energy_kwh_unserved'] / row['energy_kwh_needed']:.2%}",
            f"{row['cost'] / row['energy_kwh_delivered']:.3f} EUR",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def capacity(value: float, most: float) -> str:
    """Hosting capacity in words; ``most`` is the highest any strategy reached."""
    if value < 0:
        return "less than the fewest studied"
    return f"{value:g}" if value < most else f"{value:g} (the most studied)"


if __name__ == "__main__":
    raise SystemExit(main())
