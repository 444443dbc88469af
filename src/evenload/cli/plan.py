"""`evenload plan`: charge the sessions of a file at least cost inside every circuit's limit, with a proof."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

import evenload
from evenload.base.errors import InputError, InvariantError
from evenload.cli.plan_inputs import Files, Span, read_inputs
from evenload.cli.plan_load import LoadAsked
from evenload.cli.plan_table import print_plan, print_shortages
from evenload.cli.plan_wishes import Departures
from evenload.cli.reading import SkipBadRows
from evenload.files.explanations import write_explanations
from evenload.files.plan import write_plan
from evenload.files.plan_summary import Asked, Seconds, summary_of, write_plan_summary
from evenload.files.table import SUFFIXES
from evenload.schedule.planner import Planned, plan_for, response_of
from evenload.schedule.solver.objective import Objective
from evenload.schedule.solver.optimum import Settings
from evenload.schedule.why.explain import explain
from evenload.schedule.why.plan_reasons import held_by
from evenload.schedule.why.summary import Outcome

SessionsFile = Annotated[Path, typer.Option("--sessions", help="Sessions file: who needs how much by when.")]
GridFile = Annotated[Path, typer.Option("--grid", help="Grid file: the tree of circuits and their limits.")]
SignalFile = Annotated[Path, typer.Option("--signal", help="Signal file: price, and carbon where known, over time.")]
LoadFile = Annotated[Path | None, typer.Option("--load", help="Load file: what is not charging.  [default: no load]")]
LoadQuantile = Annotated[
    float | None,
    typer.Option("--load-quantile", help="Load at this quantile of the load file, such as 0.9.  [default: load_kw]"),
]
LimitsFile = Annotated[
    Path | None, typer.Option("--limits", help="Limits file: limits over time.  [default: the grid's]")
]
ProblemYaml = Annotated[
    Path | None,
    typer.Option("--problem", help="Problem file (YAML): terms of circuits, wear, taper.  [default: none of these]"),
]
EventsFile = Annotated[
    Path | None, typer.Option("--events", help="Events file: what the grid asks, and of whom.  [default: no events]")
]
DeparturesFile = Annotated[
    Path | None,
    typer.Option("--departures", help="History file with declared departures: how early drivers leave."),
]
ValuePerKwh = Annotated[
    float, typer.Option("--value-per-kwh", help="What a kWh is worth that a driver leaves without, beyond its price.")
]
ShareThere = Annotated[
    float, typer.Option("--share-there", help="Be done while this share of drivers is still there, such as 0.9.")
]
ShortagesFile = Annotated[
    Path | None,
    typer.Option("--shortages", help="Shortages file kept from plan to plan: who was short lately goes less short."),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Plan file to write (.csv, .csv.gz or .parquet).")]
SummaryFile = Annotated[
    Path | None, typer.Option("--summary", help="Summary to write.  [default: summary.json beside the plan]")
]
ExplanationsFile = Annotated[
    Path | None, typer.Option("--explanations", help="Why each session has its power, to write (.csv or .parquet).")
]
Least = Annotated[Objective, typer.Option("--objective", help="What to make least: price, carbon, peak or balanced.")]
CarbonPrice = Annotated[
    float, typer.Option("--carbon-price-per-kg", help="Price of carbon, currency per kg CO2, added to the price.")
]
Gap = Annotated[float, typer.Option("--gap", help="Stop where this close to the least is proved, such as 0.001.")]
Start = Annotated[str, typer.Option("--start", help="Start of the horizon.  [default: where the signal starts]")]
End = Annotated[str, typer.Option("--end", help="End of the horizon.  [default: where the signal ends]")]
StepMinutes = Annotated[int, typer.Option("--step-minutes", help="Length of a step: 1, 5, 10, 15, 30 or 60 min.")]


def plan(  # noqa: PLR0913 - one parameter an option
    sessions: SessionsFile,
    grid: GridFile,
    signal: SignalFile,
    out: Out,
    load: LoadFile = None,
    load_quantile: LoadQuantile = None,
    limits: LimitsFile = None,
    problem: ProblemYaml = None,
    events: EventsFile = None,
    departures: DeparturesFile = None,
    value_per_kwh: ValuePerKwh = 0.0,
    share_there: ShareThere = 0.0,
    shortages: ShortagesFile = None,
    summary: SummaryFile = None,
    explanations: ExplanationsFile = None,
    objective: Least = Objective.PRICE,
    carbon_price_per_kg: CarbonPrice = 0.0,
    gap: Gap = 0.001,
    start: Start = "",
    end: End = "",
    step_minutes: StepMinutes = 15,
    skip_bad_rows: SkipBadRows = False,
) -> None:
    """Plan charging at least cost inside every circuit's limit, with a proof of how close to the least it is.

    Cars may give power back, and loads may count in place of money. Writes the plan and a summary: cost and the bound
    that proves it, energy not served and why, overloads, and the circuits most worth upgrading. Its JSON Schema:
    evenload schema plan; that of the problem file: evenload schema problem.

    Example:  evenload plan --sessions tonight.csv --grid grid.csv --signal prices.csv --out plan.parquet
    """
    began = perf_counter()
    settings, leaving = Settings(gap=gap), Departures(departures, value_per_kwh, share_there)
    files = Files(
        sessions, grid, signal, LoadAsked(load, load_quantile), limits, problem, events, leaving, skip_bad_rows,
        shortages,
    )  # fmt: skip
    beside = summary or out.with_name("summary.json")
    _refuse_outputs(out, beside, explanations, files)
    inputs = read_inputs(files, Span(start, end, step_minutes), objective, carbon_price_per_kg)
    before = perf_counter()
    planned = plan_for(inputs.problem, inputs.wishes, settings)
    solving = perf_counter() - before
    outcome = _checked(planned)
    write_plan(out, replace(planned.solution.plan, power_kw=planned.power_kw))
    notes = (*inputs.notes, *planned.notes)
    asked = Asked(objective, gap, inputs.sessions, notes, inputs.money, inputs.carbon, inputs.sites)
    seconds = Seconds(solving, perf_counter() - began)
    found = summary_of(
        outcome, planned, inputs.signal, asked, seconds, evenload.__version__, response_of(planned, settings)
    )
    write_plan_summary(beside, found)
    if explanations is not None:
        found_by = planned.solution
        why = explain(outcome, found_by.shadow_price, found_by.scarcity, found_by.marginal_per_kwh, held_by(planned))
        write_explanations(explanations, why)
    print_plan(found, out, beside)
    if inputs.shortages is not None:
        print_shortages(inputs.shortages, inputs.shortages.write(inputs.planned, outcome, planned.solution.scarcity))


def _checked(planned: Planned) -> Outcome:
    """What the plan's powers do; a plan that breaks a promise is never written."""
    minimum_kw = planned.fitted.minimum_kw
    outcome = Outcome.of(planned.problem, planned.power_kw, minimum_kw)
    more = (Outcome.of(planned.steered, planned.power_kw, minimum_kw),) if planned.is_steered else ()
    for each in (outcome, *more):
        residuals = each.residuals()
        if not residuals.kept:
            raise InvariantError(f"the plan breaks a promise of evenload: {residuals}; please report it")
    return outcome


def _refuse_outputs(out: Path, beside: Path, explanations: Path | None, files: Files) -> None:
    """Say before the work what would only come out after it."""
    tables = {"a plan file": out, "an explanations file": explanations, "a shortages file": files.shortages}
    for what, path in tables.items():
        if path is not None and not path.name.endswith(SUFFIXES):
            raise InputError(f"{path}: the name of {what} ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    optional = {"--explanations": explanations, "--shortages": files.shortages}
    outputs = {"--out": out, "--summary": beside} | {name: path for name, path in optional.items() if path is not None}
    named: dict[Path, str] = {}
    for option, path in outputs.items():
        if not path.parent.is_dir():
            raise InputError(f"{path} cannot be written: there is no folder {path.parent}")
        if path.is_dir():
            raise InputError(f"{path} cannot be written: it is a folder")
        if path.resolve() in {file.resolve() for file in files.paths}:
            raise InputError(f"{path} is both read and written; give the output another name")
        if path.resolve() in named:
            raise InputError(f"{named[path.resolve()]} and {option} are both {path}; give one of them another name")
        named[path.resolve()] = option
