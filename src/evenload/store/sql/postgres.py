"""PostgreSQL: readings come in by COPY, in one partition a day; one writer at a time by an advisory lock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError

from evenload.base.errors import MissingRequirementError
from evenload.store.sql.columns import without_zeros
from evenload.store.sql.database import BUSY_S, completing_text, first_line, insert_text, last_text, latest
from evenload.store.sql.packing import COLUMNS, DAY_US, NUMBERS, ReadingTuple, day_of

_WRITER: Final = 0x6576656E6C6F6164
"""The advisory lock of who writes."""
_CONNECTING: Final = {
    "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}  # fmt: skip
_PHASES: Final = "(OLD.phases::jsonb || excluded.phases::jsonb)::text"
_PUT_FEW: Final = insert_text("readings", "%s") + completing_text(_PHASES)
_LAST_FEW: Final = insert_text("readings_last", "%s") + last_text(_PHASES)
_FEW: Final = 20
"""Up to so many rows a COPY is not worth its while."""
_DAYS_MAX: Final = 400
_TYPES: Final = ("int8", "int8", "text", *("float8" for _ in NUMBERS), "text", "text", "text", "text")
_NAMES: Final = ", ".join(COLUMNS)
_STAGED: Final = ", ".join(f"{name} {kind}" for name, kind in zip(COLUMNS, _TYPES, strict=True))
_STAGE: Final = f"CREATE TEMPORARY TABLE IF NOT EXISTS staged ({_STAGED})"
_STAGED_MAX: Final = 10_000
"""So many rows that were deleted may lie in the staging table before it is made anew, which costs a millisecond."""
_ADD_STAGED: Final = f"INSERT INTO readings ({_NAMES}) SELECT {_NAMES} FROM staged"  # noqa: S608 - names of ours
_PUT_STAGED: Final = _ADD_STAGED + completing_text(_PHASES)
_LAST_STAGED: Final = (
    f"INSERT INTO readings_last ({_NAMES}) SELECT DISTINCT ON (meter) {_NAMES} FROM staged "  # noqa: S608 - ours
    'ORDER BY meter, at DESC, kind COLLATE "C" DESC' + last_text(_PHASES)
)
_COPY: Final = f"COPY staged ({_NAMES}) FROM STDIN (FORMAT BINARY)"
_SAME: Final = " AND ".join(f"readings.{name} IS NOT DISTINCT FROM staged.{name}" for name in COLUMNS[3:])
_REMOVE: Final = (
    f"DELETE FROM readings USING staged WHERE readings.at = staged.at AND readings.meter = staged.meter "  # noqa: S608
    f"AND readings.kind = staged.kind AND {_SAME}"
)
_LAST_OF: Final = (
    f"SELECT {_NAMES} FROM readings WHERE meter = ANY(%s) AND at >= %s AND at < %s "  # noqa: S608 - names of ours
    'ORDER BY at DESC, meter DESC, kind COLLATE "C" DESC LIMIT %s'
)
_CHILDREN: Final = (
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'readings'::regclass AND c.relname <> 'readings_other'"
)


class PostgresDatabase:
    """A ``Database`` of a server."""

    readers_kept = 0
    size_text = "SELECT pg_database_size(current_database())"

    def __init__(self, url: URL) -> None:
        self.name = url.render_as_string(hide_password=True)
        try:
            self.engine = create_engine(
                url.set(drivername="postgresql+psycopg"), pool_size=8, max_overflow=32, pool_pre_ping=True,
                connect_args=_options(url),
            )  # fmt: skip
        except ModuleNotFoundError as error:
            raise MissingRequirementError("PostgreSQL needs the extra: pip install 'evenload[postgres]'") from error
        event.listen(self.engine, "begin", _began)
        self._days: set[int] = set()

    def make(self, connection: Connection) -> None:
        """The partition of whatever has none of its own, and room for latest readings to change in their places."""
        connection.exec_driver_sql("ALTER TABLE readings_last SET (fillfactor = 40)")
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS readings_other PARTITION OF readings DEFAULT")

    def put_readings(self, connection: Connection, rows: Sequence[ReadingTuple]) -> None:
        """Add readings, each key once; complete those that are there, and note the latest."""
        self._have_days(connection, {day_of(row[0]) for row in rows})
        if len(rows) <= _FEW:
            connection.exec_driver_sql(_PUT_FEW, _clean(rows))
            connection.exec_driver_sql(_LAST_FEW, _clean(latest(rows)))
            return
        with _staged(connection, rows):
            if not _added(connection):
                connection.exec_driver_sql(_PUT_STAGED)
            connection.exec_driver_sql(_LAST_STAGED)

    def last_readings(
        self, connection: Connection, meters: Sequence[int], start: int, end: int, count: int
    ) -> list[ReadingTuple]:
        """The last readings of meters in a window of microseconds that are not packed, the last first."""
        return list(map(tuple, connection.exec_driver_sql(_LAST_OF, (list(meters), start, end, count)).all()))

    def remove_readings(self, connection: Connection, rows: Sequence[ReadingTuple]) -> int:
        """Take away readings that are still as they are told; how many."""
        with _staged(connection, rows):
            return connection.exec_driver_sql(_REMOVE).rowcount

    def _have_days(self, connection: Connection, days: set[int]) -> None:
        if days <= self._days:
            return
        found = {int(name.removeprefix("readings_d")) for name in connection.exec_driver_sql(_CHILDREN).scalars()}
        self._days = found
        for day in sorted(days - found)[: max(_DAYS_MAX - len(found), 0)]:
            _add_day(connection, day)

    def forget_days(self, connection: Connection, before: int) -> None:
        """Drop partitions of days before one that hold nothing any more."""
        for name in connection.exec_driver_sql(_CHILDREN).scalars().all():
            if int(name.removeprefix("readings_d")) < before:
                connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
                if connection.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").scalar() is None:  # noqa: S608
                    connection.exec_driver_sql(f"DROP TABLE {name}")
        self._days = set()

    def sentence(self, error: DBAPIError) -> str | None:
        """Why the server cannot be used now, ``None`` where a defect of ours is all it can be."""
        if not isinstance(error, (OperationalError, InternalError, InterfaceError)):
            return None
        told = first_line(error.orig)
        if getattr(error.orig, "sqlstate", None) == "55P03":
            told = f"another process has been writing to it for more than {BUSY_S} s"
        return f"{self.name} cannot be used: {told}"


def _options(url: URL) -> dict[str, Any]:
    """How to connect; what the address says wins."""
    own = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    return own | {"options": f"-c lock_timeout={BUSY_S}s -c TimeZone=UTC {url.query.get('options', '')}"}


def _began(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _clean(rows: Sequence[ReadingTuple]) -> list[ReadingTuple]:
    if not any("\0" in row[-1] for row in rows):
        return list(rows)
    return [(*row[:-1], without_zeros(row[-1])) for row in rows]


@contextmanager
def _staged(connection: Connection, rows: Sequence[ReadingTuple]) -> Iterator[None]:
    """Rows in a table of this connection's own."""
    connection.exec_driver_sql(_STAGE)
    connection.info["staged"] = staged = connection.info.get("staged", 0) + len(rows)
    _copy(connection, rows)
    yield
    if staged > _STAGED_MAX:
        connection.info["staged"] = 0
    connection.exec_driver_sql("TRUNCATE staged" if staged > _STAGED_MAX else "DELETE FROM staged")


def _added(connection: Connection) -> bool:
    """Add what is staged the fast way, which completes none; ``False``, and nothing is done, where one is there."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(_ADD_STAGED)
    except IntegrityError:
        return False
    return True


def _copy(connection: Connection, rows: Sequence[ReadingTuple]) -> None:
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in _clean(rows):
                copy.write_row(row)
    except errors.OperationalError as error:  # past SQLAlchemy, which would have wrapped it
        raise OperationalError(_COPY, None, error) from error


def _add_day(connection: Connection, day: int) -> None:
    """A partition of a day, unless readings of it lie elsewhere already."""
    start, end = day * DAY_US, (day + 1) * DAY_US
    there = f"SELECT 1 FROM readings_other WHERE at >= {start} AND at < {end} LIMIT 1"  # noqa: S608 - numbers
    if connection.exec_driver_sql(there).scalar() is None:
        connection.exec_driver_sql(f"CREATE TABLE readings_d{day} (LIKE readings INCLUDING DEFAULTS)")
        attach = f"ALTER TABLE readings ATTACH PARTITION readings_d{day} FOR VALUES FROM ({start}) TO ({end})"
        connection.exec_driver_sql(attach)
