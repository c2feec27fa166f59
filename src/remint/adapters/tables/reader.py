"""Tables in Parquet segments, as the platform looks at them (see ports.tables.Tables).

Arrow loads when a table is first read, so that commands which read none start without it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from remint.core.contract import Contract, Violation
from remint.errors import Invalid
from remint.ports.tables import TableIdentity


class ParquetTables:
    """Reads what steps wrote (see ports.tables.Tables)."""

    def identify(self, files: Sequence[Path]) -> TableIdentity:
        """Return the identity of the table made of the rows of `files`, in order."""
        from remint.adapters.tables.logical import TableHasher
        from remint.adapters.tables.parquet import Segments

        segments = Segments(files)
        hasher = TableHasher(segments.schema)
        for batch in segments.stream():
            hasher.add(batch)
        found = hasher.finish()
        schema = [{"name": field.name, "type": str(field.type)} for field in segments.fields]
        is_edit = [place > 0 for chain in segments.chains for place in range(len(chain.paths))]
        return TableIdentity(found.digest, found.rows, schema, segments.rows_per_segment, is_edit, b"".join(found.blocks))

    def rows(self, files: Sequence[Path], *, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Return some rows as plain values."""
        from remint.adapters.tables.parquet import Segments

        segments = Segments(files)
        count = max(0, min(limit, segments.rows - offset))
        return list(segments.read_rows(offset, count).to_pylist())

    def query(self, query: str, tables: Mapping[str, Sequence[Path]], *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return column names and at most `limit` rows of a SQL query over the named tables."""
        import duckdb

        from remint.adapters.tables.parquet import read_segments

        connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
        try:
            for name, files in tables.items():
                connection.register(name, read_segments(list(files)))
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            connection.execute(query)
            names = [column[0] for column in connection.description or ()]
            return names, _fetched(connection, query, limit)
        except duckdb.Error as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Invalid(
                "the query was refused", why=why, next_step="mend the SQL; name tables like data/flights@3"
            ) from error
        finally:
            connection.close()

    def columns(self, files: Sequence[Path]) -> tuple[Sequence[tuple[str, str]], Mapping[str, bool]]:
        """Return name and type tag of each column, and whether it holds nulls."""
        from remint.adapters.tables.parquet import Segments

        segments = Segments(files)
        types = [(field.name, str(field.type)) for field in segments.fields]
        nullable = dict.fromkeys((name for name, _ in types), False)
        for batch in segments.stream():
            for name, column in zip(nullable, batch.columns, strict=True):
                nullable[name] |= column.null_count > 0
        return types, nullable

    def violations(self, files: Sequence[Path], contract: Contract) -> tuple[int, Sequence[Violation]]:
        """Return how many rows a table has, and which rules of a contract it breaks."""
        from remint.adapters.tables.contract_scan import scan

        found = scan(contract, list(files))
        return found.rows, found.violations

    def differences(self, left: Sequence[Path], right: Sequence[Path]) -> Sequence[str]:
        """Return, in words, where two tables differ."""
        from remint.adapters.tables.differences import table_differences
        from remint.adapters.tables.parquet import read_segments

        return table_differences(read_segments(list(left)), read_segments(list(right)))


def _fetched(connection: Any, query: str, limit: int) -> list[tuple[Any, ...]]:  # noqa: ANN401 - of DuckDB, which loads late
    """Return rows of a query that was executed; those with times in a zone through Arrow: for them DuckDB would need pytz."""
    kinds = [str(kind) for _, kind, *_ in connection.description or ()]
    if not any("TIME ZONE" in kind for kind in kinds):
        return list(connection.fetchmany(limit))
    connection.abort()
    columns: list[list[Any]] = [[] for _ in kinds]
    for batch in connection.sql(query).to_arrow_reader(limit):
        for place, values in enumerate(batch.columns):
            columns[place] += values.to_pylist()
        if len(columns[0]) >= limit:
            break
    for place, kind in enumerate(kinds):
        if kind == "HUGEINT":  # a decimal to Arrow
            columns[place] = [None if one is None else int(one) for one in columns[place]]
    return list(zip(*columns, strict=True))[:limit]
