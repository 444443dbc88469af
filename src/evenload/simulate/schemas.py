"""The published JSON Schemas of the study, problem and program files and of the summaries of a study and of a plan."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from evenload.files.plan_summary import PlanSummary
from evenload.files.problem_file import ProblemFile
from evenload.files.program_file import program_schema
from evenload.simulate.study_file import Study


class ReferenceCase(BaseModel):
    """The case the report's large pictures show."""

    model_config = ConfigDict(extra="forbid")
    penetration: float
    base_load: str
    behaviour: str
    seed: int


class PublishedComparison(BaseModel):
    """A published statement beside what this study shows."""

    model_config = ConfigDict(extra="forbid")
    statement: str
    published: str
    here: str
    agrees: bool
    why: str


class StudySummary(BaseModel):
    """``summary.json`` of a study. Costs are float estimates; numbers unknown are null."""

    model_config = ConfigDict(extra="forbid", title="Summary of an evenload study")
    evenload: str = Field(description="version that made it")
    title: str
    question: str
    period: str
    currency: str
    criterion: str
    reference: ReferenceCase
    facts: dict[str, str]
    means_over_seeds: list[dict[str, str | float | None]]
    hosting_capacity: list[dict[str, str | float | None]] = Field(
        description="penetration that half (p50) and 90 % (p90) of the seeds support; -1: less than the lowest studied"
    )
    value_of_information: list[dict[str, str | float | None]] = Field(
        description="what each optimised strategy costs more and leaves more unserved than hindsight, means over seeds"
    )
    comparisons: list[PublishedComparison]
    assumptions: list[str]
    attribution: list[str]


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas by name."""
    return {
        "study": Study.model_json_schema(),
        "summary": StudySummary.model_json_schema(),
        "problem": ProblemFile.model_json_schema(),
        "plan": PlanSummary.model_json_schema(mode="serialization"),
        "program": program_schema(),
    }
