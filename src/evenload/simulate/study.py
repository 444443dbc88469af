"""A whole study: its units in parallel processes, resumable, ending in frozen results."""

import signal
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from pathlib import Path
from tempfile import TemporaryFile

from evenload.base.errors import EvenloadError, InputError
from evenload.report.results import StudyResults
from evenload.simulate.inputs import load_inputs
from evenload.simulate.measures import Nights
from evenload.simulate.parts import Parts, fingerprint
from evenload.simulate.results import assemble
from evenload.simulate.study_file import Study, StudyFileError
from evenload.simulate.unit_run import Frames, run_unit
from evenload.simulate.world import Unit, units

Progress = Callable[[int, int], None]
"""Called with units done and units in all."""


def run_study(
    study: Study, out: Path, *, folder: Path, workers: int, fresh: bool = False, progress: Progress | None = None
) -> StudyResults:
    """Run what is not finished yet below ``out`` and return the results; relative paths start at ``folder``.

    Stopped by Ctrl-C it keeps the finished units and goes on from them the next time. What cannot be read is refused
    before anything is written.
    """
    inputs = load_inputs(study, folder)
    if not Nights.of(inputs, study.span.settle_days).count:
        raise StudyFileError(
            f"{study.title}: no whole night from noon to noon is left to measure; make the span longer or settle_days "
            f"(now {study.span.settle_days}) smaller"
        )
    _refuse_unwritable(out)
    parts = Parts.open(out, fingerprint(study, folder), fresh)
    whole = units(study)
    missing = [unit for unit in whole if not parts.has(unit)]
    tell = progress or _silent
    tell(len(whole) - len(missing), len(whole))
    if workers <= 1 or len(missing) <= 1:
        _run_here(study, folder, missing, parts, lambda left: tell(len(whole) - left, len(whole)))
    else:
        _run_in_processes(study, folder, missing, parts, workers, lambda left: tell(len(whole) - left, len(whole)))
    return assemble(study, inputs, parts.load(whole))


def _refuse_unwritable(out: Path) -> None:
    """Find out before computing that results cannot be kept."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder for the results with --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise InputError(f"results cannot be written to {out}: {error.strerror or error}") from error


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _run_here(study: Study, folder: Path, missing: list[Unit], parts: Parts, tell: Callable[[int], None]) -> None:
    for i, unit in enumerate(missing):
        parts.save(unit, run_unit(study, folder, unit))
        tell(len(missing) - i - 1)


def _run_in_processes(
    study: Study, folder: Path, missing: list[Unit], parts: Parts, workers: int, tell: Callable[[int], None]
) -> None:
    """Run units in ``workers`` processes and save each as it comes."""
    executor = ProcessPoolExecutor(min(workers, len(missing)), get_context("spawn"), _ignore_interrupt)
    try:
        waiting: dict[Future[Frames], Unit] = {executor.submit(run_unit, study, folder, unit): unit for unit in missing}
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                parts.save(waiting.pop(future), future.result())
                tell(len(waiting))
    except BrokenProcessPool as error:
        raise EvenloadError(
            "a worker process died, perhaps for lack of memory; finished runs are kept: try again with fewer --workers"
        ) from error
    except KeyboardInterrupt:
        for child in active_children():
            child.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupt() -> None:
    """Leave Ctrl-C to the parent, which knows what is finished."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
