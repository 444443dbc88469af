"""The history of the schema: complete, the same for both databases, and carried forward without loss."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.service.rows import ReadingRow, StationRow
from evenload.store.sql.schema import HEAD
from evenload.store.sql.store import SqlStore, opened
from evenload.store.sql.versions import MIGRATIONS, configuration, differences, revision

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_newest_revision_is_the_one_the_schema_names() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_revisions_add_up_to_the_schema(new_sql: SqlStore) -> None:
    with new_sql.writing_connection() as connection:
        command.check(configuration(connection))  # what `alembic check` does
        assert differences(connection) == []
        connection.execute(text("ALTER TABLE sites ADD COLUMN more INTEGER"))
        assert len(differences(connection)) == 1


def test_a_file_from_before_there_were_revisions_is_carried_forward(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db")
    old.executescript((Path(__file__).parent / "layout1.sql").read_text())
    old.executescript(
        """
        INSERT INTO stations VALUES ('home','A',1,2,'h','c','a',NULL,NULL,NULL,NULL,NULL,4.2,NULL);
        INSERT INTO devices VALUES (3,'home','A',1);
        INSERT INTO readings VALUES
            (1772323200000000,3,'instant',NULL,7.4,NULL,NULL,0.5,'measured','periodic',NULL,'17');
        INSERT INTO readings_last VALUES (3,1772323200000000,'instant');
        INSERT INTO orders VALUES (5,'o','home','A','Reset',0,'{}',1772323200000000,NULL,0,'','',NULL);
        """
    )
    old.commit()
    old.close()
    told = Reading(at=T0, kind=ReadingKind.INSTANT, power_kw=7.4, soc=0.5, quality=Quality.MEASURED)
    row = ReadingRow(A, 1, told, "17")
    station = StationRow(A, True, 2, "h", "c", "a", fallback_kw=4.2)
    for _ in range(2):
        with opened(tmp_path / "old.db") as store:
            with store.reading() as unit:
                assert unit.stations.find(A) == station
                assert unit.readings.latest("home") == [row]
                assert unit.readings.within(A, Interval(T0, T0.replace(hour=1)), 9) == [row]
                assert [(order.number, order.value) for order in unit.orders.last("home", 9)] == [(5, "")]
            with store.reading_connection() as connection:
                assert revision(connection) == HEAD
                assert differences(connection) == []


def test_a_database_of_a_later_evenload_is_refused(new_sql: SqlStore) -> None:
    with new_sql.writing_connection() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match=r"made by a later evenload \(it is at 9999, this evenload knows"):
        SqlStore(new_sql.database)


def test_an_upgrade_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db")
    old.executescript((Path(__file__).parent / "layout1.sql").read_text())
    old.execute("CREATE TABLE webhooks (in_the_way INTEGER)")
    before = old.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    old.commit()
    with pytest.raises(Exception, match="already exists"):
        opened(tmp_path / "old.db")
    assert old.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == before
    old.close()
