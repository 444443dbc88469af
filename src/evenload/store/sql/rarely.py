"""What holds for few rows of a tenant, said to SQLite.

Without statistics SQLite counts ten rows for a tenant. It then reads all of the tenant's rows by the primary key, while
an index would lead it to the few of one person or event; statistics would have to be made anew as tables grow.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

_SHARE: Final = "0.000001"


class Rarely(FunctionElement[Any]):
    """A condition that few rows meet: the index of its column is used."""

    type = NullType()  # of a Boolean SQLite would be asked whether it is 1
    inherit_cache = True

    def __init__(self, condition: ColumnElement[bool]) -> None:
        super().__init__(condition)


@compiles(Rarely)
def _as_it_is(element: Rarely, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - the compiler's own
    return compiler.process(element.clauses, **options)


@compiles(Rarely, "sqlite")
def _for_sqlite(element: Rarely, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - the compiler's own
    return f"likelihood({compiler.process(element.clauses, **options)}, {_SHARE})"
