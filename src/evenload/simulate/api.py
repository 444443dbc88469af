"""The door for notebooks: a study in, data frames out."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evenload.report.results import StudyResults
from evenload.simulate.examples import example_text
from evenload.simulate.output import write_results
from evenload.simulate.study import Progress, run_study
from evenload.simulate.study_file import Study, parse_study, read_study, study_of


def study(
    source: str | Path | Mapping[str, Any] | Study,
    *,
    out: str | Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> StudyResults:
    """Run a study and return its results as data frames (``results.runs``, ``results.circuits`` ...).

    ``source`` is the path of a study file, its content as plain data, or a ``Study``. With ``out`` the results are
    also written there, and an interrupted study goes on from what is finished. ``workers`` above 1 start processes,
    which in a script needs the usual ``if __name__ == "__main__":``.

    Raises ``InputError`` where the study or its data cannot be used.
    """
    folder = Path.cwd()
    if isinstance(source, str | Path):
        folder, chosen = Path(source).parent, read_study(Path(source))
    else:
        chosen = source if isinstance(source, Study) else study_of(dict(source))
    if out is None:
        with TemporaryDirectory() as scratch:
            return run_study(chosen, Path(scratch), folder=folder, workers=workers, progress=progress)
    results = run_study(chosen, Path(out), folder=folder, workers=workers, progress=progress)
    write_results(results, Path(out))
    return results


def example(name: str = "norwegian-winter") -> Study:
    """A study that ships with evenload."""
    return parse_study(example_text(name), name)
