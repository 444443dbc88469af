"""`evenload explain`: why sessions of a plan have the power they have, in words."""

from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from evenload.base.errors import InputError, did_you_mean
from evenload.cli.terminal import output
from evenload.files.explanations import read_explanations

_NAMES_COMPARED: Final = 10_000
"""Looking for a similar name among millions takes longer than anyone waits."""


def explain(
    explanations: Annotated[
        Path, typer.Argument(metavar="FILE", help="Explanations file that `evenload plan --explanations` wrote.")
    ],
    session_ids: Annotated[list[str], typer.Argument(metavar="SESSION_ID...", help="Sessions to explain.")],
) -> None:
    """Say why a session of a plan has the power it has: when it waits, what holds it back, and when it is ready.

    Times are local to the grid of the plan.

    Example:  evenload explain explanations.csv ann bo
    """
    table = read_explanations(explanations)
    for session_id in session_ids:
        rows = np.flatnonzero(table["session_id"] == session_id)
        if not rows.size:
            near = did_you_mean(session_id, np.unique(table["session_id"])[:_NAMES_COMPARED].tolist())
            raise InputError(f"{explanations}: there is no session {session_id!r}.{near}")
        in_time = rows[np.argsort(table["start"][rows], kind="stable")]
        output.print(f"{session_id}: {'; '.join(table['sentence'][in_time].tolist())}", markup=False)
