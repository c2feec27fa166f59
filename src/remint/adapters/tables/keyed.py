"""Upserts and deletes: changes of a table by the keys of rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from remint.adapters.tables.comparing import equal_values
from remint.adapters.tables.edits import Places
from remint.adapters.tables.growing import require_same_columns
from remint.adapters.tables.keys import partners
from remint.adapters.tables.parquet import Segments
from remint.adapters.tables.versions import apply, rows_of
from remint.ports.tableversions import Changed


def upserted(old: Segments, rows: Segments, key: Sequence[str], folder: Path) -> Changed:
    """Return a version in which each given row stands in the place of the row with its key, or after the last one.

    Holds the given rows, the keys of the table, and the rows that are replaced.

    Raises:
        Invalid: the columns differ, or the key is none (see keys.partners).
    """
    require_same_columns(old.fields, rows)
    found = partners(old, rows, key)
    given = rows.read()
    known = np.flatnonzero(found >= 0)
    known = known[np.argsort(found[known], kind="stable")]
    before, after = rows_of(old)(found[known]), given.take(pa.array(known))
    differs = np.zeros(len(known), np.bool_)
    for field in old.fields:
        differs |= ~equal_values(before, after, field)
    changed, added = known[differs], np.flatnonzero(found < 0)
    deletes = found[changed]
    inserts = np.concatenate([deletes, old.rows + np.arange(len(added))])
    come = given.take(pa.array(np.concatenate([changed, added])))

    def rows_at(places: Places) -> pa.Table:
        return come.take(pa.array(np.searchsorted(inserts, places)))

    files = apply(old, deletes, inserts, rows_at, folder)
    return Changed(files, added=len(added), changed=len(changed), idle=len(known) - len(changed))


def deleted(old: Segments, rows: Segments, key: Sequence[str], folder: Path) -> Changed:
    """Return a version without the rows that have the key of a given row.

    Raises:
        Invalid: the key is none (see keys.partners).
    """
    found = partners(old, rows, key)
    deletes = np.sort(found[found >= 0])
    files = apply(old, deletes, deletes[:0], rows_of(old), folder)
    return Changed(files, removed=len(deletes), idle=len(found) - len(deletes))
