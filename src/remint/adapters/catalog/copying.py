"""Copying all records of a catalog to another one."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from remint.adapters.catalog.entries import SqlEntries
from remint.adapters.catalog.tables import metadata
from remint.errors import Conflict, Corrupt
from remint.ports.migrations import Copied, Progress

BATCH = 1000


def require_empty(connection: Connection) -> None:
    """Refuse a catalog that holds records.

    Raises:
        Conflict: it does.
    """
    seen = set(connection.dialect.get_table_names(connection))
    held = [table.name for table in metadata.sorted_tables if table.name in seen and count(connection, table)]
    if held:
        raise Conflict(
            "nothing was copied",
            why=f"the other catalog holds records already, for example in {held[0]}",
            next_step="name another schema or database, or make that one empty",
        )


def count_all(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {table.name: count(connection, table) for table in metadata.sorted_tables}


def count(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def copy_records(source: Connection, target: Connection, *, on_progress: Progress | None = None) -> Copied:
    """Copy every row of every table in the open transactions of both.

    Raises:
        Corrupt: the target does not hold what was read.
    """
    totals = count_all(source)
    total, done = sum(totals.values()), 0
    for table in metadata.sorted_tables:
        for rows in _batches(source, table):
            target.execute(insert(table), rows)
            done += len(rows)
            if on_progress is not None:
                on_progress(done, total)
    copied = count_all(target)
    differing = [name for name in totals if totals[name] != copied[name]]
    if differing:
        raise Corrupt(
            "nothing was copied",
            why=f"{differing[0]} has {totals[differing[0]]} records here and {copied[differing[0]]} there",
            next_step="look at both databases; nothing was written",
        )
    return Copied(copied, SqlEntries(source).frontier())


def _batches(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    ordered = select(table).order_by(*table.primary_key.columns)
    with source.execute(ordered, execution_options={"yield_per": BATCH}) as result:
        for rows in result.mappings().partitions():
            yield [_plain(row) for row in rows]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
