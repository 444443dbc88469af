"""What all tests share: property tests judged by what they find, not by the clock, and the reference data beside us."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("evenload", deadline=None, derandomize=True)
settings.load_profile("evenload")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
NOT_RUN = "needs the reference data in ../shared/data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the reference data; tests that ask for it carry the mark `shared_data`."""
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command under test sets up logs for its whole process: the next test finds them as they were."""
    log = logging.getLogger("evenload")
    handlers, level, propagate = log.handlers, log.level, log.propagate
    yield
    log.handlers, log.propagate = handlers, propagate
    log.setLevel(level)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs the reference data where there is none; a CI run without it is broken and says so."""
    if SHARED_DATA.is_dir():
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(f"{SHARED_DATA} is not there, and CI must run the tests that need it")
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(pytest.mark.skip(reason=NOT_RUN))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count aloud what could not run."""
    left_out = [report for report in terminalreporter.stats.get("skipped", []) if NOT_RUN in str(report.longrepr)]
    if left_out:
        terminalreporter.section("reference data", yellow=True)
        terminalreporter.line(f"{len(left_out)} tests did not run: {NOT_RUN}")
