"""Statements that every database of a catalog understands, each in its own words."""

from typing import Any

from sqlalchemy import BindParameter, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.functions import GenericFunction


class InsertNew(Insert):
    """An insert of rows that leaves out those whose key is taken; `rowcount` says how many were new."""

    inherit_cache = True


def insert_new(table: Table) -> InsertNew:
    """Return an insert of rows that leaves out those whose key is taken."""
    return InsertNew(table).execution_options(preserve_rowcount=True)


@compiles(InsertNew)
def _insert_new(element: InsertNew, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - of the library
    return f"{compiler.visit_insert(element, **options)} ON CONFLICT DO NOTHING"


class _TextsIn(GenericFunction[str]):
    """The texts of a JSON list, as rows."""

    type = Text()
    name = "texts_in"
    inherit_cache = True


def texts_in(listed: BindParameter[str]) -> Any:  # noqa: ANN401 - SQLAlchemy's type of such a table says nothing
    """Return the texts of a JSON list as a table with the column `value`: thousands of values in one parameter."""
    return _TextsIn(listed).table_valued("value")


@compiles(_TextsIn, "sqlite")
def _texts_sqlite(element: _TextsIn, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - of the library
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_TextsIn, "postgresql")
def _texts_postgres(element: _TextsIn, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - of the library
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"
