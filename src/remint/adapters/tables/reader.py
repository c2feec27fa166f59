"""Tables in Parquet segments, as the platform looks at them (see ports.tables.Tables)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from remint.adapters.tables.logical import TableHasher
from remint.adapters.tables.parquet import Segments, read_segments
from remint.errors import Invalid
from remint.ports.tables import TableIdentity


class ParquetTables:
    """Reads what steps wrote (see ports.tables.Tables)."""

    def identify(self, files: Sequence[Path]) -> TableIdentity:
        """Return the identity of the table made of the rows of `files`, in order."""
        segments = Segments(files)
        hasher = TableHasher(segments.schema)
        for batch in segments.stream():
            hasher.add(batch)
        found = hasher.finish()
        schema = [{"name": field.name, "type": str(field.type)} for field in segments.fields]
        return TableIdentity(found.digest, found.rows, schema, segments.rows_per_segment)

    def rows(self, files: Sequence[Path], *, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Return some rows as plain values."""
        segments = Segments(files)
        count = max(0, min(limit, segments.rows - offset))
        return list(segments.read_rows(offset, count).to_pylist())

    def query(self, query: str, tables: Mapping[str, Sequence[Path]], *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return column names and at most `limit` rows of a SQL query over the named tables."""
        import duckdb

        connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
        try:
            for name, files in tables.items():
                connection.register(name, read_segments(list(files)))
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            connection.execute(query)
            names = [column[0] for column in connection.description or ()]
            return names, connection.fetchmany(limit)
        except duckdb.Error as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Invalid(
                "the query was refused", why=why, next_step="mend the SQL; name tables like data/flights@3"
            ) from error
        finally:
            connection.close()

    def differences(self, left: Sequence[Path], right: Sequence[Path]) -> Sequence[str]:
        """Return, in words, where two tables differ."""
        old, new = read_segments(list(left)), read_segments(list(right))
        words = _schema_differences(old.schema, new.schema)
        if old.num_rows != new.num_rows:
            words.append(f"rows: {old.num_rows} → {new.num_rows}")
        shared = [name for name in old.column_names if name in new.column_names and old[name].type == new[name].type]
        count = min(old.num_rows, new.num_rows)
        for name in shared:
            words += _column_difference(name, old[name].slice(0, count), new[name].slice(0, count))
        return words


def _schema_differences(old: pa.Schema, new: pa.Schema) -> list[str]:
    words = [f"column {field.name} was added ({field.type})" for field in new if field.name not in old.names]
    words += [f"column {field.name} was removed" for field in old if field.name not in new.names]
    both = [field.name for field in old if field.name in new.names]
    return words + [
        f"column {name}: type {old.field(name).type} → {new.field(name).type}"
        for name in both
        if old.field(name).type != new.field(name).type
    ]


def _column_difference(name: str, old: pa.ChunkedArray, new: pa.ChunkedArray) -> list[str]:
    same = pc.equal(old, new)
    both_null = pc.and_(pc.is_null(old), pc.is_null(new))
    if pa.types.is_floating(old.type):
        both_null = pc.or_(both_null, pc.and_(pc.is_nan(old).fill_null(False), pc.is_nan(new).fill_null(False)))  # noqa: FBT003
    differs = pc.invert(pc.or_(pc.fill_null(same, False), both_null))  # noqa: FBT003
    count = pc.sum(pc.cast(differs, pa.int64())).as_py() or 0
    if not count:
        return []
    first = pc.index(differs, True).as_py()
    where = f"first in row {first + 1}: {old[first].as_py()!r} → {new[first].as_py()!r}"
    words = f"{name}: {count} of {len(old)} values differ, {where}"
    if pa.types.is_floating(old.type) or pa.types.is_integer(old.type):
        largest = pc.max(pc.abs(pc.subtract(pc.cast(new, pa.float64()), pc.cast(old, pa.float64())))).as_py()
        words += f", largest difference {largest:.3g}"
    return [words]
