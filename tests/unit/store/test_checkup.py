"""A look at a database that changes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from evenload.domain.station import StationId
from evenload.service.ports import StoreError
from evenload.service.rows import StationRow
from evenload.store.sql.checkup import Checkup, checkup
from evenload.store.sql.store import SqlStore, opened

pytestmark = pytest.mark.requirement("R116")
AT = datetime(2026, 3, 2, 18, tzinfo=UTC)


def heard_of(store: SqlStore) -> None:
    with store.writing() as unit:
        unit.stations.put([StationRow(StationId(tenant, "A")) for tenant in ("other", "home")])
        unit.stations.saw({StationId("home", "A"): AT})


def check(found: Checkup) -> None:
    assert found.is_newest
    assert (found.tenants, found.heard_at, found.callers) == (("home", "other"), AT, 0)


def test_a_file(tmp_path: Path) -> None:
    with opened(tmp_path / "e.db") as store:
        heard_of(store)
        check(checkup(tmp_path / "e.db"))


def test_a_server_that_holds_nothing_keeps_nothing_and_one_that_does_tells(new_postgres_url: str) -> None:
    assert checkup(new_postgres_url).revision is None
    assert checkup(new_postgres_url).revision is None
    with opened(new_postgres_url) as store:
        heard_of(store)
        found = checkup(new_postgres_url)
    check(found)


def test_a_server_that_can_only_be_read(new_postgres_url: str) -> None:
    with psycopg.connect(new_postgres_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(StoreError, match="can only be read"):
        checkup(new_postgres_url)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        checkup("postgresql://nobody@127.0.0.1:9/none")
