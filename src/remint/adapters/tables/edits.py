"""Edits: small Parquet files that change the segment before them (docs/format/tables.md, section 7).

An edit names rows to delete by their position before it, and rows to insert by their position after it. Several edits of one
segment are joined to one before any row is read, so reading costs one pass whatever their number.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from remint.adapters.tables.arrowtypes import arrow_schema
from remint.adapters.tables.parquetfile import (
    EDIT_FORMAT,
    EDIT_KEY,
    ROW_GROUP_ROWS,
    TAGS_KEY,
    corrupt,
    edit_counts,
    opened,
    read_group,
)
from remint.adapters.tables.plain import plain_table
from remint.core import canonical
from remint.core.tabledigest import Field, schema_bytes
from remint.core.tabletype import TypeTag

Places: TypeAlias = NDArray[np.int64]
"""Positions of rows, the first is 0; strictly ascending where nothing else is said."""

OP: Final = "#op"
ROW: Final = "#row"
_DELETE, _INSERT = 0, 1


def can_be_edited(fields: Sequence[Field]) -> bool:
    """Return whether edits can be kept of a table with these columns: none has the name of a column that edits add."""
    return not {OP, ROW}.intersection(field.name for field in fields)


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of rows.

    Attributes:
        deletes: the rows that go, counted before the change.
        inserts: the rows that come, counted after it.
        rows: what comes, one row for each insert, in their order.
    """

    deletes: Places
    inserts: Places
    rows: pa.Table

    def __len__(self) -> int:
        return len(self.deletes) + len(self.inserts)


def write_edit(edit: Edit, path: Path, *, fields: tuple[Field, ...], before: int) -> None:
    """Write an edit of a segment that has `before` rows to a new Parquet file. As `write_segment`."""
    gone, come = len(edit.deletes), len(edit.inserts)
    empty = arrow_schema(fields)
    metadata = {
        TAGS_KEY: schema_bytes(fields),
        EDIT_KEY: canonical.dumps({"format": EDIT_FORMAT, "from": before, "to": before - gone + come}),
    }
    schema = pa.schema([pa.field(OP, pa.int8(), nullable=False), pa.field(ROW, pa.int64(), nullable=False), *empty])
    held = pa.concat_tables([pa.Table.from_arrays([pa.nulls(gone, f.type) for f in empty], schema=empty), edit.rows])
    ops = pa.array(np.repeat(np.array([_DELETE, _INSERT], np.int8), [gone, come]))
    places = pa.array(np.concatenate([edit.deletes, edit.inserts]))
    table = pa.Table.from_arrays([ops, places, *held.columns], schema=schema.with_metadata(metadata))
    encoded_by_value = [OP, *(leaf for field in fields for leaf in _leaves(field.type, field.name))]
    pq.write_table(
        table,
        path,
        version="2.6",
        compression="zstd",
        compression_level=1,
        write_page_checksum=True,
        use_dictionary=encoded_by_value,
        column_encoding={ROW: "DELTA_BINARY_PACKED"},
        row_group_size=ROW_GROUP_ROWS,
    )


def _leaves(tag: TypeTag, path: str) -> list[str]:
    """Return the paths of the Parquet columns that a column is stored in."""
    if tag.kind == "list":
        return _leaves(tag.fields[0][1], f"{path}.list.element")
    return [leaf for name, child in tag.fields for leaf in _leaves(child, f"{path}.{name}")] or [path]


def read_edit(path: Path, *, fields: tuple[Field, ...], before: int) -> Edit:
    """Return the edit in a file, checked against the rows it is applied to.

    Raises:
        BlobMissing: the file is not there.
        Corrupt: it is no edit of a segment with `before` rows.
    """
    file = opened(path)
    counts = edit_counts(file, path)
    if counts is None or counts[0] != before:
        raise corrupt(path, f"it is no edit of {before} rows")
    names = [OP, ROW, *(field.name for field in fields)]
    if file.schema_arrow.names != names or [file.schema_arrow.field(place).type for place in (0, 1)] != [pa.int8(), pa.int64()]:
        raise corrupt(path, "its columns are not those of an edit of this table")
    groups = [read_group(file, group, None, path) for group in range(file.metadata.num_row_groups)]
    table = pa.concat_tables(groups) if groups else file.schema_arrow.empty_table()
    if table[OP].null_count or table[ROW].null_count:
        raise corrupt(path, "an edit names no row")
    ops, places = table[OP].to_numpy(), table[ROW].to_numpy()
    gone = int(np.searchsorted(ops, _INSERT))
    if not (np.all(ops[:gone] == _DELETE) and np.all(ops[gone:] == _INSERT)):
        raise corrupt(path, "its rows are not deletes, then inserts")
    edit = Edit(places[:gone], places[gone:], plain_table(table.slice(gone).select(names[2:]), fields))
    if counts[1] != before - gone + len(edit.inserts):
        raise corrupt(path, "it leaves another number of rows than it tells")
    for positions, end in ((edit.deletes, before), (edit.inserts, counts[1])):
        if len(positions) and not (positions[0] >= 0 and positions[-1] < end and np.all(np.diff(positions) > 0)):
            raise corrupt(path, "positions are not ascending or lie outside of the segment")
    return edit


@dataclass(frozen=True, slots=True)
class Joined:
    """Edits of one segment as one.

    Attributes:
        before: rows of the segment itself.
        deletes: its rows that are gone.
        inserts: where the inserted rows are in what is left.
        origins: for each insert, its row of `rows`.
        rows: rows that some edit inserted.
    """

    before: int
    deletes: Places
    inserts: Places
    origins: Places
    rows: pa.Table

    @classmethod
    def of(cls, edits: Sequence[Edit], *, before: int) -> Self:
        """Return what the edits, one after the other, do to a segment of `before` rows; there is one edit at least."""
        first = edits[0]
        made = cls(before, first.deletes, first.inserts, np.arange(len(first.inserts)), first.rows)
        for edit in edits[1:]:
            made = made._then(edit)
        return made

    def _then(self, edit: Edit) -> Self:
        at = np.searchsorted(self.inserts, edit.deletes)
        is_insert = at < len(self.inserts)
        is_insert[is_insert] = self.inserts[at[is_insert]] == edit.deletes[is_insert]
        ranks = (edit.deletes - at)[~is_insert]
        deleted = ranks + np.searchsorted(_kept_before(self.deletes), ranks, "right")
        stays = np.ones(len(self.inserts), np.bool_)
        stays[at[is_insert]] = False
        left = self.inserts[stays]
        left = left - np.searchsorted(edit.deletes, left)
        left = left + np.searchsorted(_kept_before(edit.inserts), left, "right")
        inserts = np.concatenate([left, edit.inserts])
        origins = np.concatenate([self.origins[stays], self.rows.num_rows + np.arange(len(edit.inserts))])
        order = np.argsort(inserts, kind="stable")
        return type(self)(
            self.before,
            np.sort(np.concatenate([self.deletes, deleted])),
            inserts[order],
            origins[order],
            pa.concat_tables([self.rows, edit.rows]),
        )

    @property
    def after(self) -> int:
        """How many rows are left."""
        return self.before - len(self.deletes) + len(self.inserts)

    def pieces(self, borders: Sequence[int]) -> list["Piece"]:
        """Return what becomes of the segment's rows between each two borders; the first is 0, the last is `before`."""
        gone = np.searchsorted(self.deletes, borders)
        kept = np.asarray(borders) - gone
        come = np.searchsorted(_kept_before(self.inserts), kept)
        come[0], come[-1] = 0, len(self.inserts)
        return [
            Piece(
                first,
                last,
                self.deletes[gone[n] : gone[n + 1]] - first,
                int(kept[n] + come[n]),
                self.inserts[come[n] : come[n + 1]] - int(kept[n] + come[n]),
                self.origins[come[n] : come[n + 1]],
            )
            for n, (first, last) in enumerate(itertools.pairwise(borders))
        ]


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of a segment's rows, and what becomes of it.

    Attributes:
        first: the first row, and `last` the one after the last, of the segment itself.
        deletes: rows of the range that are gone.
        start: where what becomes of it begins in the segment as it is now.
        inserts: where the inserted rows are in what becomes of it.
        origins: their rows in `Joined.rows`.
    """

    first: int
    last: int
    deletes: Places
    start: int
    inserts: Places
    origins: Places

    @property
    def stop(self) -> int:
        """Where what becomes of the range ends in the segment as it is now."""
        return self.start + self.last - self.first - len(self.deletes) + len(self.inserts)

    def applied(self, base: pa.Table, rows: pa.Table) -> pa.Table:
        """Return what becomes of `base`, the rows of the range; `rows` are `Joined.rows` with the same columns."""
        kept = np.delete(np.arange(base.num_rows), self.deletes)
        if not len(self.inserts):
            return base.take(pa.array(kept)) if len(self.deletes) else base
        taken = np.empty(len(kept) + len(self.inserts), np.int64)
        is_kept = np.ones(len(taken), np.bool_)
        is_kept[self.inserts] = False
        taken[is_kept] = kept
        taken[self.inserts] = base.num_rows + np.arange(len(self.inserts))
        return pa.concat_tables([base, rows.take(pa.array(self.origins))]).combine_chunks().take(pa.array(taken))


def _kept_before(places: Places) -> Places:
    """Return how many rows that are not among them lie before each of these places."""
    return places - np.arange(len(places))
