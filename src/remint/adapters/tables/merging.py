"""Two changes of one table as one, by a key and value by value (see ports.tableversions.TableVersions.merged)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from remint.adapters.tables.comparing import equal_values
from remint.adapters.tables.edits import Places
from remint.adapters.tables.growing import require_same_columns
from remint.adapters.tables.keys import partners
from remint.adapters.tables.parquet import Segments
from remint.adapters.tables.versions import apply, rows_of
from remint.ports.tableversions import Changed, Conflicts

SHOWN: Final = 100


class Merge:
    """A merge of two tables that were one; it collects conflicts.

    Args:
        base: the table that both come from.
        ours: one of them, which the result follows.
        theirs: the other.
        key: the columns that rows are told apart by.

    Raises:
        Invalid: columns differ, or the key is none (see keys.partners).
    """

    def __init__(self, base: Segments, ours: Segments, theirs: Segments, key: Sequence[str]) -> None:
        require_same_columns(base.fields, ours)
        require_same_columns(base.fields, theirs)
        self._base, self._ours, self._theirs, self._key = base, ours, theirs, key
        self._fields = base.fields
        self.conflicts = 0
        self.shown: list[dict[str, Any]] = []

    def files(self, folder: Path) -> Changed:
        """Return the files of the merged table after those of ours; without meaning if there are conflicts."""
        in_ours, in_theirs = partners(self._ours, self._base, self._key), partners(self._theirs, self._base, self._key)
        changed, rows = self._changed_in_both(np.flatnonzero((in_ours >= 0) & (in_theirs >= 0)), in_ours, in_theirs)
        removed = self._removed(np.flatnonzero((in_ours >= 0) & (in_theirs < 0)), self._ours, in_ours, "ours")
        self._removed(np.flatnonzero((in_ours < 0) & (in_theirs >= 0)), self._theirs, in_theirs, "theirs")
        gone = np.sort(in_ours[removed])
        added = self._added()
        come = pa.concat_tables([rows, rows_of(self._theirs)(added)])
        places = changed - np.searchsorted(gone, changed)
        inserts = np.concatenate([places, self._ours.rows - len(gone) + np.arange(len(added))])

        def rows_at(wanted: Places) -> pa.Table:
            return come.take(pa.array(np.searchsorted(inserts, wanted)))

        made = apply(self._ours, np.sort(np.concatenate([changed, gone])), inserts, rows_at, folder)
        return Changed(made, added=len(added), changed=len(changed), removed=len(gone))

    def _changed_in_both(self, both: Places, in_ours: Places, in_theirs: Places) -> tuple[Places, pa.Table]:
        """Return the rows of ours that take values of theirs, in order, and what they become."""
        both = both[np.argsort(in_ours[both], kind="stable")]
        base, ours, theirs = (
            _picked(table, places)
            for table, places in ((self._base, both), (self._ours, in_ours[both]), (self._theirs, in_theirs[both]))
        )
        takes, disputed = np.zeros(len(both), np.bool_), np.zeros(len(both), np.bool_)
        columns = []
        for field in self._fields:
            by_theirs = ~equal_values(base, theirs, field) & ~equal_values(ours, theirs, field)
            conflict = by_theirs & ~equal_values(base, ours, field)
            for row in np.flatnonzero(conflict).tolist():
                self._conflict(row, field.name, base=base, ours=ours, theirs=theirs)
            disputed |= conflict
            takes |= by_theirs
            chosen = np.arange(len(both)) + np.where(by_theirs, len(both), 0)
            columns.append(pa.chunked_array([*ours[field.name].chunks, *theirs[field.name].chunks]).take(pa.array(chosen)))
        merged = pa.Table.from_arrays(columns, schema=self._ours.schema)
        rows = np.flatnonzero(takes & ~disputed)
        return in_ours[both[rows]], merged.take(pa.array(rows))

    def _removed(self, rows: Places, table: Segments, places: Places, kept_by: str) -> Places:
        """Return the rows that one removed and the other left as they were; others are conflicts."""
        base, kept = _picked(self._base, rows), _picked(table, places[rows])
        is_same = np.ones(len(rows), np.bool_)
        for field in self._fields:
            same = equal_values(base, kept, field)
            for row in np.flatnonzero(~same).tolist():
                self._conflict(row, field.name, base=base, **{kept_by: kept})
            is_same &= same
        return rows[is_same]

    def _added(self) -> Places:
        """Return the rows that theirs alone has; those that ours has too must be the same."""
        new = np.flatnonzero(partners(self._base, self._theirs, self._key) < 0)
        in_ours = partners(self._ours, self._theirs, self._key)[new]
        twice = in_ours >= 0
        ours, theirs = _picked(self._ours, in_ours[twice]), _picked(self._theirs, new[twice])
        for field in self._fields:
            for row in np.flatnonzero(~equal_values(ours, theirs, field)).tolist():
                self._conflict(row, field.name, ours=ours, theirs=theirs)
        return new[~twice]

    def _conflict(self, row: int, column: str, **sides: pa.Table) -> None:
        self.conflicts += 1
        if len(self.shown) < SHOWN:
            some = next(iter(sides.values()))
            key = {name: some[name][row].as_py() for name in self._key}
            self.shown.append(
                {"key": key, "column": column, **{side: table[column][row].as_py() for side, table in sides.items()}}
            )


def _picked(table: Segments, places: NDArray[np.int64]) -> pa.Table:
    """Return the rows at places in any order."""
    order = np.argsort(places, kind="stable")
    return rows_of(table)(places[order]).take(pa.array(np.argsort(order, kind="stable")))


def merged(tables: tuple[Segments, Segments, Segments], key: Sequence[str], folder: Path) -> Changed | Conflicts:
    """Return the merge of base, ours and theirs, or the conflicts."""
    merge = Merge(*tables, key)
    made = merge.files(folder)
    return Conflicts(merge.conflicts, merge.shown) if merge.conflicts else made
