"""`evenload schema`: print a published JSON Schema."""

import json
from typing import Annotated

import typer

from evenload.base.errors import InputError, did_you_mean
from evenload.simulate.schemas import schemas


def schema(name: Annotated[str, typer.Argument(help="study, summary, problem, plan or program")] = "study") -> None:
    """Print the JSON Schema of the study file, of a study's summary.json (summary), of the problem file of a plan
    (problem), of a plan's summary.json (plan), or of a program document (program).
    """
    known = schemas()
    if name not in known:
        raise InputError(f"there is no schema {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}")
    typer.echo(json.dumps(known[name], indent=2))
