"""A table that rows are appended to, hashed by its last block alone (see ports.tableversions.Growing)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from remint.adapters.tables.logical import TableHasher
from remint.adapters.tables.parquet import Segments
from remint.core.digest import Digest
from remint.core.tabledigest import BLOCK_ROWS, Field, TableDigest
from remint.errors import BlobAltered, Invalid

_MOST_PIECES: Final = 16


class GrowingTable:
    """See ports.tableversions.Growing.

    Args:
        found: the identity of the table.
        tail: its last `found.tail_rows` rows.
    """

    def __init__(self, found: TableDigest, tail: pa.Table) -> None:
        self._found = found
        self._tail = tail

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self._found.rows

    @property
    def digest(self) -> Digest:
        """Its digest."""
        return self._found.digest

    @property
    def blocks(self) -> bytes:
        """The digests of its blocks, joined."""
        return b"".join(self._found.blocks)

    def with_rows(self, files: Sequence[Path]) -> "GrowingTable":
        """Return the table with the rows of files after it."""
        rows = Segments(files)
        require_same_columns(self._found.fields, rows)
        hasher = TableHasher(self._tail.schema, full_blocks=self._found.full_blocks)
        hasher.add(self._tail)
        tail = self._tail
        for part in rows.parts(0, rows.rows):
            hasher.add(part)
            tail = pa.concat_tables([tail, part])
            if tail.num_rows >= BLOCK_ROWS:
                tail = tail.slice(tail.num_rows // BLOCK_ROWS * BLOCK_ROWS).combine_chunks()
        if tail.column(0).num_chunks > _MOST_PIECES:
            tail = tail.combine_chunks()
        return GrowingTable(hasher.finish(), tail)


def growing_table(last: Sequence[Path], blocks: Sequence[bytes], *, rows: int, digest: Digest) -> GrowingTable:
    """Return a table as one that rows are appended to.

    Args:
        last: files at its end with the rows of its last block at least.
        blocks: its blocks.
        rows: how many it has.
        digest: of the table; proven to be made of `blocks`.

    Raises:
        BlobAltered: the rows do not have the digest of the last block.
    """
    held = Segments(last)
    short = rows % BLOCK_ROWS
    tail = held.read_rows(held.rows - short, short)
    hasher = TableHasher(held.schema)
    hasher.add(tail)
    if hasher.blocks != tuple(blocks[rows // BLOCK_ROWS :]):
        raise BlobAltered(
            "the table cannot be appended to",
            why="its last rows do not have the digest of its last block",
            next_step="restore .remint/ from a backup, or add the table again",
            digest=digest,
        )
    return GrowingTable(TableDigest(digest, rows, held.fields, tuple(blocks)), tail)


def require_same_columns(fields: Sequence[Field], rows: Segments) -> None:
    """Refuse rows with other columns than a table.

    Raises:
        Invalid: they have; the message names them.
    """
    if tuple(fields) == rows.fields:
        return
    wanted, given = ({field.name: str(field.type) for field in side} for side in (fields, rows.fields))
    words = [f"{name} is missing" for name in wanted if name not in given]
    words += [f"{name} is not in the table" for name in given if name not in wanted]
    words += [
        f"{name} is {given[name]} and not {wanted[name]}" for name in wanted if given.get(name, wanted[name]) != wanted[name]
    ]
    raise Invalid(
        "the rows do not fit the table",
        why="; ".join(words[:5]) + (f"; and {len(words) - 5} more" if len(words) > 5 else "") or "the order of columns differs",
        next_step="give the rows the columns of the table: the same names and types, in the same order",
        columns=[name for name in {**wanted, **given} if wanted.get(name) != given.get(name)],
    )
