"""Parquet segments: how tables lie in the content store, and how they are read back.

The options are fixed, so one writer makes equal bytes of equal tables. A segment carries its type tags beside the Arrow schema,
because Parquet knows no seconds and other readers rename the items of lists; reading brings every column back to its tag.
Edits that follow a segment in a list of files are applied to it as it is read.
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from remint.adapters.tables.arrowtypes import arrow_schema, fields_of
from remint.adapters.tables.chains import Chain, parts_of, require_segment_first
from remint.adapters.tables.parquetfile import ROW_GROUP_ROWS, TAGS_KEY, edit_counts, opened
from remint.adapters.tables.plain import plain_table
from remint.core.tabledigest import Field, schema_bytes
from remint.core.tabletype import TypeTag
from remint.errors import Invalid


def write_segment(table: pa.Table | pa.RecordBatchReader, path: Path) -> int:
    """Write rows to a new Parquet file and return how many there were.

    Holds at most one row group (131,072 rows) beside what the caller holds. Does not sync the file; a file of a failed write
    is left for the caller to remove.

    Args:
        table: the rows, in any encoding.
        path: the file to write; replaced if it is there.

    Raises:
        Invalid: a column has no tag, or Parquet cannot hold it: a struct without children, a decimal with negative scale.
    """
    fields = fields_of(table.schema)
    for field in fields:
        _require_storable(field.type, field.name)
    schema = arrow_schema(fields).with_metadata({TAGS_KEY: schema_bytes(fields)})
    rows = 0
    try:
        with pq.ParquetWriter(
            path, schema, version="2.6", compression="zstd", compression_level=1, write_page_checksum=True
        ) as writer:
            for group in _row_groups(table):
                writer.write_table(
                    plain_table(group, fields).replace_schema_metadata(schema.metadata), row_group_size=ROW_GROUP_ROWS
                )
                rows += group.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Invalid(
            "the table cannot be written as Parquet",
            why=str(error).splitlines()[0][:200],
            next_step="change the type of the column it names",
        ) from error
    return rows


def _require_storable(tag: TypeTag, column: str) -> None:
    if (tag.kind == "struct" and not tag.fields) or (tag.kind == "decimal" and not 0 <= tag.scale <= tag.precision):
        raise Invalid(
            f"column {column!r} cannot be written as Parquet",
            why=f"Parquet has no {tag}: structs need a child, and a scale lies between 0 and the precision",
            next_step="change the type of the column",
            column=column,
        )
    for _, child in tag.fields:
        _require_storable(child, column)


def _row_groups(table: pa.Table | pa.RecordBatchReader) -> Iterator[pa.Table]:
    if isinstance(table, pa.Table):
        for start in range(0, table.num_rows, ROW_GROUP_ROWS):
            yield table.slice(start, ROW_GROUP_ROWS)
        return
    waiting: list[pa.RecordBatch] = []
    waiting_rows = 0
    for batch in table:
        start = 0
        while start < batch.num_rows:
            part = batch.slice(start, ROW_GROUP_ROWS - waiting_rows)
            waiting.append(part)
            waiting_rows += part.num_rows
            start += part.num_rows
            if waiting_rows == ROW_GROUP_ROWS:
                yield pa.Table.from_batches(waiting)
                waiting, waiting_rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


class Segments:
    """The rows of an ordered list of Parquet files, read as one table.

    Files that Remint did not write are read as well; their tags come from their own types.

    Args:
        paths: the files, in row order; at least one.

    Raises:
        BlobMissing: a file is not there.
        Corrupt: a file cannot be read, or has other columns than the first.
        Invalid: a foreign file has a column without a tag.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        if not paths:
            raise Invalid("no segment was given", why="columns are read from the first", next_step="name one file or more")
        self.chains: list[Chain] = []
        for path in paths:
            file = opened(path)
            counts = edit_counts(file, path)
            require_segment_first(path, is_edit=counts is not None and not self.chains)
            if counts is None:
                self.chains.append(Chain(file, path))
            else:
                self.chains[-1].add(file, path, counts)
        self.fields = self.chains[0].fields
        for chain in self.chains[1:]:
            chain.require(self.fields, first=paths[0])
        self.rows_per_segment = [chain.rows for chain in self.chains]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.rows_per_segment)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of what is read."""
        return arrow_schema(self.fields)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows, with these columns in this order, or with all."""
        return self.read_rows(0, self.rows, columns)

    def read_rows(self, start: int, count: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Return `count` rows from row `start` (0 is the first), reading only the row groups they lie in.

        Raises:
            Invalid: a column is not in the table, or the rows are not.
        """
        if start < 0 or count < 0 or start + count > self.rows:
            raise Invalid(
                f"rows {start} to {start + count} cannot be read",
                why=f"the table has {self.rows} rows",
                next_step="ask for rows it has",
            )
        fields = self._chosen(columns)
        parts = list(parts_of(self.chains, fields, start, start + count))
        return pa.concat_tables(parts) if parts else arrow_schema(fields).empty_table()

    def stream(self, columns: Sequence[str] | None = None) -> pa.RecordBatchReader:
        """Return a reader of all rows that holds one row group at a time."""
        fields = self._chosen(columns)
        batches = itertools.chain.from_iterable(part.to_batches() for part in parts_of(self.chains, fields, 0, self.rows))
        return pa.RecordBatchReader.from_batches(arrow_schema(fields), batches)

    def parts(self, start: int, stop: int) -> Iterator[pa.Table]:
        """Yield the rows from `start` to before `stop`, at most one row group in each table; one row group is held."""
        yield from parts_of(self.chains, self.fields, start, stop)

    def _chosen(self, columns: Sequence[str] | None) -> tuple[Field, ...]:
        if columns is None:
            return self.fields
        by_name = {field.name: field for field in self.fields}
        if missing := [name for name in columns if name not in by_name]:
            raise Invalid(
                f"the table has no column {missing[0]!r}",
                why="its columns are " + ", ".join(by_name),
                next_step="ask for columns it has",
                columns=missing,
            )
        return tuple(by_name[name] for name in columns)


def read_segments(paths: Sequence[Path], columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of Parquet files, in order, as one table.

    Raises:
        BlobMissing: a file is not there.
        Corrupt: a file cannot be read, or the files have different columns.
        Invalid: a column is not in the table.
    """
    return Segments(paths).read(columns)
