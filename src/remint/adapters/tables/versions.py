"""The next version of a table, made of the files of the version before: what stays is named again, what changed is written.

A version is a list of files: segments in row order, each followed by its edits. A new one is told as a list in which a number
means a file of the version before and a path means a new file.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa

from remint.adapters.tables.alignment import aligned, paired
from remint.adapters.tables.chains import MOST_EDITS, Chain, parts_of
from remint.adapters.tables.edits import Edit, Places, can_be_edited, write_edit
from remint.adapters.tables.parquet import Segments, write_segment
from remint.adapters.tables.parquetfile import ROW_GROUP_ROWS
from remint.adapters.tables.rowhash import Hashes, row_hashes
from remint.ports.tableversions import Changed

Files: TypeAlias = list[int | Path]
RowsAt: TypeAlias = Callable[[Places], pa.Table]
"""Gives the rows at these places of the new version."""

MOST_EDITED: Final = 0.1
"""A segment is written anew when the rows of its edits would be more than this share of its own."""
MOST_CHANGED: Final = 0.5
"""A table is stored whole when more than this share of its rows would be written as edits."""
SEGMENT_BYTES: Final = 64 << 20
"""A segment that is written anew holds about so much at most."""


def changed(old: Segments, new: Segments, folder: Path) -> Changed | None:
    """Return the table `new` as a version that follows `old`; None where it is better stored whole.

    Both are read twice, a row group at a time; a hash of each row is held. What is returned is a proposal until its digest is
    that of `new`: rows are compared by their hashes.

    Args:
        old: the version before.
        new: a table with the same columns.
        folder: where new files are written.
    """
    deletes, inserts = aligned(_hashes(old), _hashes(new))
    if len(inserts) + len(deletes) / 8 > MOST_CHANGED * new.rows:
        return None
    files = apply(old, deletes, inserts, rows_of(new), folder)
    both = int(np.count_nonzero(paired(deletes, inserts)[0]))
    return Changed(files, added=len(inserts) - both, changed=both, removed=len(deletes) - both)


def _hashes(table: Segments) -> Hashes:
    return np.concatenate([np.empty(0, np.uint64), *(row_hashes(batch, table.fields) for batch in table.stream())])


def rows_of(table: Segments) -> RowsAt:
    """Return what gives the rows at ascending places of a table; it holds one row group beside them."""

    def taken(places: Places) -> pa.Table:
        parts, first = [table.schema.empty_table()], 0
        lowest, highest = (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)
        for part in table.parts(lowest, highest):
            last = first + part.num_rows
            here = places[slice(*np.searchsorted(places, [lowest + first, lowest + last]))] - lowest - first
            parts.append(part.take(pa.array(here)))
            first = last
        return pa.concat_tables(parts)

    return taken


def apply(old: Segments, deletes: Places, inserts: Places, rows: RowsAt, folder: Path) -> Files:
    """Return the files of a version without some rows and with others.

    Rows inserted after the last row become segments, all others edits; a segment with too many edits is written anew.

    Args:
        old: the version before.
        deletes: its rows that go.
        inserts: where rows come, counted in the new version.
        rows: gives these.
        folder: where new files are written; empty.
    """
    made: Files = []
    each, known, taken = _rows_each(old), 0, 0
    is_editable = can_be_edited(old.fields)
    for chain, gone, first, come in _shares(old, deletes, inserts):
        files: Files = list(range(known, known + len(chain.paths)))
        known, taken = known + len(chain.paths), taken + len(come)
        if not len(gone) and not len(come):
            made += files
        elif len(gone) < chain.rows or len(come):
            edit = Edit(gone, come - first, rows(come))
            if not is_editable or chain.edits == MOST_EDITS or chain.edit_rows + len(edit) > MOST_EDITED * chain.segment_rows:
                made += _folded([chain.changed(edit)], old, folder, len(made))
            else:
                path = folder / f"{len(made):05}-edit.parquet"
                write_edit(edit, path, fields=old.fields, before=chain.rows)
                made += [*files, path]
    appended = inserts[taken:]
    for start in range(0, len(appended), each):
        path = folder / f"{len(made):05}.parquet"
        write_segment(_reader(old.schema, _slices(rows, appended[start : start + each])), path)
        made.append(path)
    if not made:
        made.append(folder / "empty.parquet")
        write_segment(old.schema.empty_table(), folder / "empty.parquet")
    return made


def _shares(old: Segments, deletes: Places, inserts: Places) -> Iterator[tuple[Chain, Places, int, Places]]:
    """Yield each segment with its rows that go, where it begins in the new version, and what comes between its rows.

    Between two segments, as many rows come to the first as went from its end. After the last one, the rest is left over.
    """
    kept_before = inserts - np.arange(len(inserts))
    start = taken = 0
    for chain in old.chains:
        stop = start + chain.rows
        low, high = np.searchsorted(deletes, [start, stop]).tolist()
        gone = deletes[low:high]
        tail = int(np.count_nonzero(np.cumprod(gone[::-1] == stop - 1 - np.arange(len(gone)))))
        inside = int(np.searchsorted(kept_before, stop - high))
        until = min(int(np.searchsorted(kept_before, stop - high, "right")), max(taken, inside) + tail)
        until = max(until, taken)
        yield chain, gone - start, start - low + taken, inserts[taken:until]
        start, taken = stop, until


def _rows_each(old: Segments) -> int:
    """Return how many rows a new segment of a table has at most: whole row groups of about `SEGMENT_BYTES` together."""
    size_bytes = sum(path.stat().st_size for chain in old.chains for path in chain.paths)
    return ROW_GROUP_ROWS * max(1, SEGMENT_BYTES * max(old.rows, 1) // max(size_bytes, 1) // ROW_GROUP_ROWS)


def _folded(chains: Sequence[Chain], table: Segments, folder: Path, number: int) -> list[Path]:
    """Return new segments with the rows of some segments of a table and their edits; none if no row is left."""
    made: list[Path] = []
    rows, each = sum(chain.rows for chain in chains), _rows_each(table)
    for start in range(0, rows, each):
        made.append(folder / f"{number + len(made):05}.parquet")
        parts = parts_of(chains, table.fields, start, min(start + each, rows))
        write_segment(_reader(table.schema, parts), made[-1])
    return made


def _slices(rows: RowsAt, places: Places) -> Iterator[pa.Table]:
    for start in range(0, len(places), ROW_GROUP_ROWS):
        yield rows(places[start : start + ROW_GROUP_ROWS])


def _reader(schema: pa.Schema, parts: Iterator[pa.Table]) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(schema, itertools.chain.from_iterable(part.to_batches() for part in parts))


def compacted(old: Segments, folder: Path) -> Files:
    """Return the files of the same rows without edits, neighbouring small segments joined; what need not change stays.

    Args:
        old: the version.
        folder: where new files are written; empty.
    """
    made: Files = []
    each, known, waiting = _rows_each(old), 0, list[tuple[Chain, int]]()

    def write() -> None:
        chains = [chain for chain, _ in waiting]
        if len(chains) == 1 and not chains[0].edits:
            made.append(waiting[0][1])
        else:
            made.extend(_folded(chains, old, folder, len(made)))
        waiting.clear()

    for chain in old.chains:
        if waiting and sum(one.rows for one, _ in waiting) + chain.rows > each:
            write()
        waiting.append((chain, known))
        known += len(chain.paths)
    write()
    return made or apply(old, np.arange(old.rows), np.empty(0, np.int64), rows_of(old), folder)
