"""Rows of a subject in Parquet files: finding them with little reading, and writing a segment without them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remint.adapters.tables.parquet import Segments, write_segment
from remint.adapters.tables.parquetfile import TAGS_KEY, fields_in, opened, read_group
from remint.adapters.tables.plain import plain_table

_WITH_LIMITS = (int, str)
"""Kinds of values whose least and greatest in a row group are known without reading it."""


def rows_held(path: Path, wanted: Mapping[str, object]) -> int:
    """Return how many rows of one file, a segment or an edit, have a value in its column; other columns are not read.

    Args:
        path: the file.
        wanted: the value looked for in each column; a row counts if one of them is there.
    """
    file = opened(path)
    known = {field.name: field for field in fields_in(file, path)}
    ours = TAGS_KEY in (file.metadata.metadata or {})  # the limits of foreign writers may be cut short or in another order
    found = 0
    for group in range(file.metadata.num_row_groups):
        names = [name for name, value in wanted.items() if not (ours and _is_outside(file, group, name, value))]
        if names:
            rows = plain_table(read_group(file, group, names, path), [known[name] for name in names])
            found += _count(_has(rows, {name: wanted[name] for name in names}))
    return found


def _is_outside(file: pq.ParquetFile, group: int, name: str, value: object) -> bool:
    """Return whether a value is below the least or above the greatest of a row group."""
    columns = file.metadata.row_group(group)
    for place in range(columns.num_columns):
        column = columns.column(place)
        if column.path_in_schema != name:
            continue
        limits = column.statistics
        if limits is None or not limits.has_min_max or type(value) not in _WITH_LIMITS:
            return False
        low, high = limits.min, limits.max
        return type(low) is type(value) and type(high) is type(value) and not low <= value <= high  # type: ignore[operator]
    return False


def rows_of_subject(paths: Sequence[Path], wanted: Mapping[str, object]) -> int:
    """Return how many rows of a table have a value in its column, edits applied; other columns are not read."""
    return sum(_count(_has(batch, wanted)) for batch in Segments(paths).stream(list(wanted)))


def write_without(paths: Sequence[Path], wanted: Mapping[str, object], path: Path) -> int:
    """Write the rows of a table that have none of the values to one new segment, edits applied; return how many there are."""
    table = Segments(paths)

    def kept() -> Iterator[pa.RecordBatch]:
        for batch in table.stream():
            yield batch.filter(pc.invert(_has(batch, wanted)))

    return write_segment(pa.RecordBatchReader.from_batches(table.schema, kept()), path)


def _has(rows: pa.Table | pa.RecordBatch, wanted: Mapping[str, object]) -> pa.Array | pa.ChunkedArray:
    """Return for each row whether it has one of the values."""
    found = None
    for name, value in wanted.items():
        column = rows.column(name)
        same = pc.fill_null(pc.equal(column, pa.scalar(value, column.type)), False)  # noqa: FBT003 - Arrow's signature
        found = same if found is None else pc.or_(found, same)
    return found


def _count(mask: pa.Array | pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)
