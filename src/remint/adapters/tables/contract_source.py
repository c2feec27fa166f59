"""A table as DuckDB sees it while a contract is checked: the rows, their numbers, and nothing else of the machine."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa

from remint.adapters.tables.arrowtypes import fields_of
from remint.adapters.tables.contract_rules import name_of, text_of
from remint.adapters.tables.parquet import Segments
from remint.adapters.tables.plain import plain_table
from remint.core.contract import Check
from remint.core.tabletype import TypeTag
from remint.errors import Corrupt, Invalid

WIDEST_DECIMAL: Final = 38
Rows: TypeAlias = pa.Table | Sequence[Path]


class Source:
    """The rows of one table in an engine.

    Attributes:
        name: what to select from.
        row: the SQL expression of the row number, counted from 1.
        types: name and type tag of every column.
    """

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        types: list[tuple[str, str]],
        *,
        name: str,
        row: str,
        paths: Sequence[Path],
    ) -> None:
        self._engine = engine
        self._paths = [str(path) for path in paths]
        self.types = types
        self.name = name
        self.row = row

    def all(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            Invalid: the query does not fit the table: a check names no column, a pattern is not RE2.
            Corrupt: a segment cannot be read.
        """
        try:
            return self._engine.execute(query).fetchall()
        except duckdb.IOException as error:
            raise Corrupt(
                "the table cannot be read",
                why=_first_line(error),
                next_step="run `remint doctor` to find the damaged segment",
            ) from error
        except duckdb.Error as error:
            raise Invalid(
                "the contract does not fit the table",
                why=_first_line(error),
                next_step="correct the check or pattern it names; checks are SQL over the columns, patterns are RE2",
            ) from error

    def one(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        return self.all(query)[0]

    def admit(self, checks: Sequence[Check]) -> None:
        """Let checks run: refuse what is not one expression, then take files, network and settings from the engine.

        Raises:
            Invalid: a check does not parse, is several expressions, or holds a query of its own.
        """
        for check in checks:
            _require_expression(self._engine, check)
        self._engine.execute(f"set allowed_paths = [{', '.join(text_of(path) for path in self._paths)}]")
        self._engine.execute("set enable_external_access = false")
        self._engine.execute("set lock_configuration = true")

    def beside(self, table: Rows, needed: frozenset[str] | None) -> "Source":
        """Return another table in the same engine."""
        return _source(self._engine, table, needed, alias="rows_beside")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


@contextlib.contextmanager
def opened(table: Rows, needed: frozenset[str] | None, *, threads: int | None) -> Iterator[Source]:
    """Open an engine that holds a table.

    Args:
        table: an Arrow table, or Parquet segments in row order.
        needed: the columns that will be asked for; None for all.
        threads: how many threads it may use; None for its default.
    """
    with duckdb.connect(config={"threads": threads} if threads else {}) as engine:
        engine.execute("set timezone = 'UTC'")
        yield _source(engine, table, needed, alias="rows_checked")


def _require_expression(engine: duckdb.DuckDBPyConnection, check: Check) -> None:
    for query in (f"select {check.sql}", f"select ({check.sql})"):
        parsed = json.loads(engine.execute("select json_serialize_sql(?)", [query]).fetchall()[0][0])
        if parsed["error"]:
            _refuse(check.name, str(parsed["error_message"]))
        node = parsed["statements"][0]["node"]
        lone = len(parsed["statements"]) == 1 and len(node.get("select_list", ())) == 1
        if not lone or node["from_table"]["type"] != "EMPTY" or node["where_clause"] or node["modifiers"]:
            _refuse(check.name, "it is more than one expression")
        if _asks_elsewhere(node["select_list"]):
            _refuse(check.name, "it holds a query of its own")


def _asks_elsewhere(part: object) -> bool:
    if isinstance(part, dict):
        return part.get("class") == "SUBQUERY" or any(_asks_elsewhere(child) for child in part.values())
    return isinstance(part, list) and any(_asks_elsewhere(child) for child in part)


def _refuse(name: str, why: str) -> NoReturn:
    raise Invalid(
        f"check {name!r} cannot be run", why=why, next_step="write one boolean SQL expression over the columns", check=name
    )


def _source(engine: duckdb.DuckDBPyConnection, table: Rows, needed: frozenset[str] | None, *, alias: str) -> Source:
    if isinstance(table, pa.Table):
        return _from_arrow(engine, table, needed, alias)
    segments = Segments(table)
    if any(chain.edits for chain in segments.chains):  # which DuckDB knows nothing of
        return _from_arrow(engine, segments.read(), needed, alias)
    types = [(field.name, str(field.type)) for field in segments.fields]
    _require_distinct([name for name, _ in types], taken=("file_row_number", "file_index"))
    offsets = np.cumsum([1, *segments.rows_per_segment])[:-1].tolist()
    files = "[" + ", ".join(text_of(str(path)) for path in table) + "]"
    row = "file_row_number + 1" if len(table) == 1 else f"file_row_number + {offsets}[cast(file_index + 1 as bigint)]"
    return Source(engine, types, name=f"read_parquet({files})", row=f"({row})", paths=table)


def _from_arrow(engine: duckdb.DuckDBPyConnection, table: pa.Table, needed: frozenset[str] | None, alias: str) -> Source:
    fields = fields_of(table.schema)
    names = [field.name for field in fields]
    _require_distinct(names)
    number = "row number"
    while number in names:
        number += "_"
    chosen = [field for field in fields if needed is None or field.name in needed]
    shown = plain_table(table, chosen)
    for place, field in enumerate(chosen):
        if kind := _engine_kind(field.type):
            shown = shown.set_column(place, field.name, shown[field.name].cast(kind))
    numbers = np.arange(1, table.num_rows + 1, dtype=np.int64)
    column = pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
    engine.register(alias, shown.append_column(number, column))
    return Source(engine, [(field.name, str(field.type)) for field in fields], name=alias, row=name_of(number), paths=())


def _engine_kind(tag: TypeTag) -> pa.DataType | None:
    """Return what a type becomes where the engine does not take it from Arrow; Parquet has no such gaps."""
    if tag.name == "float16":
        return pa.float32()
    if tag.kind == "decimal" and tag.precision > WIDEST_DECIMAL:
        return pa.string()
    return pa.int64() if tag.name.startswith("duration") else None


def _require_distinct(names: list[str], *, taken: tuple[str, ...] = ()) -> None:
    seen: dict[str, str] = {name: f"{name} (of the engine)" for name in taken}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise Invalid(
                f"columns {other!r} and {name!r} cannot be checked",
                why="their names differ only in case, or one is the engine's own; SQL takes them for one",
                next_step="rename one of them",
            )
