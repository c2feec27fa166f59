"""The logical digest of Arrow tables and streams: constant memory, the same for every encoding and batch size."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from remint.adapters.tables.arrowtypes import fields_of
from remint.adapters.tables.buffers import column_parts
from remint.core.tabledigest import BLOCK_ROWS, DIGEST_BYTES, TableDigest, column_block_digest, table_digest
from remint.errors import Invalid


class TableHasher:
    """The digest of a table that arrives in batches.

    Holds at most one block of rows (65,536) beside the batch being added.

    Args:
        schema: the columns; batches may encode them otherwise, but not name or type them otherwise.
        full_blocks: the digests of blocks that come before the first batch (`TableDigest.full_blocks` of the table that is
            appended to). Its last `TableDigest.tail_rows` rows must then be added before the new ones.

    Raises:
        Invalid: the columns have no digest, or `full_blocks` are of another table.

    Example:
        >>> table = pa.table({"a": [1, 2, 3]})
        >>> hasher = TableHasher(table.schema)
        >>> hasher.add(table.slice(0, 1))
        >>> hasher.add(table.slice(1))
        >>> hasher.finish() == digest_table(table)
        True
    """

    def __init__(self, schema: pa.Schema, *, full_blocks: Sequence[bytes] = ()) -> None:
        self.fields = fields_of(schema)
        if any(len(block) != DIGEST_BYTES * len(self.fields) for block in full_blocks):
            raise Invalid(
                "the table cannot be continued",
                why="its block digests do not fit its columns",
                next_step="hash the table from its first row",
            )
        self._schema = schema
        self._blocks = list(full_blocks)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    @property
    def rows(self) -> int:
        """How many rows the table has so far."""
        return len(self._blocks) * BLOCK_ROWS + self._waiting_rows

    @property
    def blocks(self) -> tuple[bytes, ...]:
        """The digests of all blocks so far, the last short one included."""
        return (*self._blocks, self._hash(self._waiting)) if self._waiting_rows else tuple(self._blocks)

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Take the next rows.

        Raises:
            Invalid: the columns are not those of the schema.
        """
        self._require_same_columns(batch.schema)
        for part in batch.to_batches() if isinstance(batch, pa.Table) else [batch]:
            self._add(part)

    def _add(self, batch: pa.RecordBatch) -> None:
        taken = 0
        while taken < batch.num_rows:
            part = batch.slice(taken, BLOCK_ROWS - self._waiting_rows)
            self._waiting.append(part)
            self._waiting_rows += part.num_rows
            taken += part.num_rows
            if self._waiting_rows == BLOCK_ROWS:
                self._blocks.append(self._hash(self._waiting))
                self._waiting, self._waiting_rows = [], 0

    def _require_same_columns(self, schema: pa.Schema) -> None:
        if schema is self._schema or schema.equals(self._schema):
            return
        if fields_of(schema) != self.fields:
            raise Invalid(
                "a batch has other columns than the table",
                why=f"the table has {_shown(self._schema)}, the batch has {_shown(schema)}",
                next_step="give every batch the same columns, of the same types, in the same order",
            )
        self._schema = schema

    def _hash(self, batches: Sequence[pa.RecordBatch]) -> bytes:
        rows = sum(batch.num_rows for batch in batches)
        digests = bytearray()
        for position, field in enumerate(self.fields):
            arrays = [batch.column(position) for batch in batches]
            validity, values = column_parts(field.type, arrays, column=field.name)
            digests += column_block_digest(field.type, rows, validity, values).raw
        return bytes(digests)

    def finish(self) -> TableDigest:
        """Return the identity of the table so far; more rows may still be added."""
        blocks = self.blocks
        return TableDigest(table_digest(self.fields, self.rows, blocks), self.rows, self.fields, blocks)


def _shown(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in schema)


def digest_table(table: pa.Table | pa.RecordBatch | pa.RecordBatchReader) -> TableDigest:
    """Return the identity of a table, a batch, or everything a reader still holds.

    Raises:
        Invalid: the table has no digest: no column, two of one name, or a type that has no tag.
    """
    batches: Iterable[pa.RecordBatch | pa.Table] = table if isinstance(table, pa.RecordBatchReader) else [table]
    hasher = TableHasher(table.schema)
    for batch in batches:
        hasher.add(batch)
    return hasher.finish()
