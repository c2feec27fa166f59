"""A segment with the edits that follow it, read as one."""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from remint.adapters.tables.arrowtypes import arrow_schema
from remint.adapters.tables.edits import Edit, Joined, read_edit
from remint.adapters.tables.parquetfile import ROW_GROUP_ROWS, corrupt, fields_in, read_group
from remint.adapters.tables.plain import plain_table
from remint.core.tabledigest import Field
from remint.errors import Corrupt

MOST_EDITS: Final = 8
"""So many edits follow a segment at most."""


def require_segment_first(path: Path, *, is_edit: bool) -> None:
    """Refuse a list of files that begins with an edit.

    Raises:
        Corrupt: it does.
    """
    if is_edit:
        raise Corrupt(
            f"segment {path.name} cannot be read by itself",
            why="it is an edit, and the segment it changes was not given before it",
            next_step="restore the list of segments from the table's record",
        )


class Chain:
    """A segment and the edits that follow it.

    Args:
        file: the segment.
        path: where it is.

    Attributes:
        segment_rows: rows of the segment itself.
        rows: rows with every edit applied.
        edit_rows: rows of all edits.
    """

    def __init__(self, file: pq.ParquetFile, path: Path) -> None:
        self.fields = fields_in(file, path)
        self.paths = [path]
        self.segment_rows = self.rows = int(file.metadata.num_rows)
        self.edit_rows = 0
        self._file = file
        self._joined: Joined | None = None
        self._unwritten: list[Edit] = []

    @property
    def edits(self) -> int:
        """How many edits follow the segment."""
        return len(self.paths) - 1

    def add(self, file: pq.ParquetFile, path: Path, counts: tuple[int, int]) -> None:
        """Take the next edit, of which only the footer is read.

        Raises:
            Corrupt: it is not an edit of the rows so far.
        """
        if len(self.paths) > MOST_EDITS or counts[0] != self.rows:
            raise corrupt(path, f"it is an edit of {counts[0]} rows, after {self.edits} edits that leave {self.rows}")
        if fields_in(file, path) != self.fields:
            raise corrupt(path, f"its columns are not those of {self.paths[0].name}")
        self.paths.append(path)
        self.rows = counts[1]
        self.edit_rows += int(file.metadata.num_rows)

    def changed(self, edit: Edit) -> "Chain":
        """Return what this becomes with one more edit, which is in memory alone and need not fit beside the others."""
        made = copy.copy(self)
        made.rows += len(edit.inserts) - len(edit.deletes)
        made._unwritten, made._joined = [*self._unwritten, edit], None  # noqa: SLF001 - of this class
        return made

    def require(self, fields: tuple[Field, ...], *, first: Path) -> None:
        """Refuse a segment with other columns than the first one.

        Raises:
            Corrupt: it has.
        """
        if self.fields != fields:
            raise Corrupt(
                f"segment {self.paths[0].name} does not belong to the table",
                why=f"its columns are not those of {first.name}",
                next_step="restore the list of segments from the table's record",
            )

    def parts(self, fields: tuple[Field, ...], start: int, stop: int) -> Iterator[pa.Table]:
        """Yield rows from `start` to before `stop`; holds one row group, and the rows of the edits."""
        if not self.edits and not self._unwritten:
            yield from self._plain_parts(fields, start, stop)
            return
        joined, borders, groups = self._join(), [0], list[tuple[int, int]]()
        for group in range(self._file.metadata.num_row_groups):
            first, count = borders[-1], int(self._file.metadata.row_group(group).num_rows)
            for offset in range(0, count, ROW_GROUP_ROWS):
                groups.append((group, offset))
                borders.append(first + min(offset + ROW_GROUP_ROWS, count))
        rows = joined.rows.select([field.name for field in fields])
        held: tuple[int, pa.Table] | None = None
        for place, piece in enumerate(joined.pieces(borders if groups else [0, 0])):
            if piece.start >= stop or piece.stop <= start:
                continue
            base = arrow_schema(fields).empty_table()
            if groups:
                group, offset = groups[place]
                held = held if held is not None and held[0] == group else (group, self._group(group, fields))
                base = plain_table(held[1].slice(offset, piece.last - piece.first), fields)
            made = piece.applied(base, rows)
            yield made.slice(max(start - piece.start, 0), min(stop, piece.stop) - max(start, piece.start))

    def _plain_parts(self, fields: tuple[Field, ...], start: int, stop: int) -> Iterator[pa.Table]:
        first = 0
        for group in range(self._file.metadata.num_row_groups):
            last = first + self._file.metadata.row_group(group).num_rows
            if first < stop and last > start:
                part = self._group(group, fields)
                yield plain_table(part.slice(max(start - first, 0), min(stop, last) - max(start, first)), fields)
            first = last

    def _group(self, group: int, fields: tuple[Field, ...]) -> pa.Table:
        return read_group(self._file, group, [field.name for field in fields], self.paths[0])

    def _join(self) -> Joined:
        if self._joined is None:
            edits, rows = [], self.segment_rows
            for path in self.paths[1:]:
                edits.append(read_edit(path, fields=self.fields, before=rows))
                rows += len(edits[-1].inserts) - len(edits[-1].deletes)
            self._joined = Joined.of([*edits, *self._unwritten], before=self.segment_rows)
        return self._joined


def parts_of(chains: Sequence[Chain], fields: tuple[Field, ...], start: int, stop: int) -> Iterator[pa.Table]:
    """Yield rows from `start` to before `stop` of segments that follow one another, as `Chain.parts`."""
    first = 0
    for chain in chains:
        last = first + chain.rows
        if first < stop and last > start:
            yield from chain.parts(fields, max(start - first, 0), min(stop, last) - first)
        first = last
