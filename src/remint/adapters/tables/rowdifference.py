"""How two tables differ, row by row (see ports.tableversions.RowDifference)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from remint.adapters.tables.alignment import aligned, paired
from remint.adapters.tables.comparing import equal_values
from remint.adapters.tables.edits import Places
from remint.adapters.tables.keys import partners
from remint.adapters.tables.parquet import Segments
from remint.adapters.tables.rowhash import row_hashes
from remint.adapters.tables.versions import rows_of
from remint.core.tabledigest import Field
from remint.ports.tableversions import RowDifference

EXAMPLES: Final = 5
_AT_ONCE: Final = 131_072


@dataclass(frozen=True, slots=True)
class _Matched:
    """Which rows are only in one of two tables, and which are in both.

    Attributes:
        gone: rows of the first alone.
        come: rows of the second alone.
        old: rows of the first that are in both, and may have other values.
        new: their partners in the second.
    """

    gone: Places
    come: Places
    old: Places
    new: Places


def row_difference(left: Segments, right: Segments, key: Sequence[str]) -> RowDifference:
    """Return how two tables differ: by a key, or aligned if none is given.

    Aligned rows that went and rows that came in the same place are said to be changed, as many as are in both.

    Raises:
        Invalid: a table does not have the key, or it is not one.
    """
    before, after = ({field.name: field.type for field in side.fields} for side in (left, right))
    shared = [field for field in left.fields if after.get(field.name) == field.type]
    matched = _by_key(left, right, key) if key else _by_alignment(left, right, shared)
    values, changed, changes = _compared(left, right, shared, matched, key)
    examples: dict[str, Sequence[Mapping[str, Any]]] = {
        "added": rows_of(right)(matched.come[:EXAMPLES]).to_pylist(),
        "removed": rows_of(left)(matched.gone[:EXAMPLES]).to_pylist(),
        "changed": changes,
    }
    return RowDifference(
        tuple(key),
        (left.rows, right.rows),
        tuple((name, str(tag)) for name, tag in after.items() if name not in before),
        tuple((name, str(tag)) for name, tag in before.items() if name not in after),
        tuple((name, str(tag), str(after[name])) for name, tag in before.items() if name in after and after[name] != tag),
        len(matched.come),
        len(matched.gone),
        changed,
        values,
        examples,
    )


def _by_key(left: Segments, right: Segments, key: Sequence[str]) -> _Matched:
    found = partners(left, right, key)
    is_known = found >= 0
    stays = np.zeros(left.rows, np.bool_)
    stays[found[is_known]] = True
    new = np.flatnonzero(is_known)
    order = np.argsort(found[new], kind="stable")
    return _Matched(np.flatnonzero(~stays), np.flatnonzero(~is_known), found[new][order], new[order])


def _by_alignment(left: Segments, right: Segments, shared: Sequence[Field]) -> _Matched:
    if not shared:
        return _Matched(np.arange(left.rows), np.arange(right.rows), np.arange(0), np.arange(0))
    names = [field.name for field in shared]
    hashes = []
    for table in (left, right):
        parts = [row_hashes(batch, shared) for batch in table.stream(names)]
        hashes.append(np.concatenate([np.empty(0, np.uint64), *parts]))
    gone, come = aligned(hashes[0], hashes[1])
    is_old, is_new = paired(gone, come)
    return _Matched(gone[~is_old], come[~is_new], gone[is_old], come[is_new])


def _compared(
    left: Segments, right: Segments, shared: Sequence[Field], matched: _Matched, key: Sequence[str]
) -> tuple[dict[str, int], int, list[dict[str, Any]]]:
    """Return how many values differ in each column, in how many rows, and the first of them."""
    values = dict.fromkeys((field.name for field in shared), 0)
    changed, examples = 0, list[dict[str, Any]]()
    for start in range(0, len(matched.old), _AT_ONCE):
        old, new = matched.old[start : start + _AT_ONCE], matched.new[start : start + _AT_ONCE]
        order = np.argsort(new, kind="stable")
        before = rows_of(left)(old)
        after = rows_of(right)(new[order]).take(pa.array(np.argsort(order, kind="stable")))
        any_differs = np.zeros(len(old), np.bool_)
        for field in shared:
            differs = ~equal_values(before, after, field)
            values[field.name] += int(differs.sum())
            any_differs |= differs
        changed += int(any_differs.sum())
        for place in np.flatnonzero(any_differs)[: EXAMPLES - len({one["row"] for one in examples})].tolist():
            pair = before.slice(place, 1), after.slice(place, 1)
            examples += [
                {
                    "row": int(new[place]) + 1,
                    "key": {name: pair[1][name][0].as_py() for name in key},
                    "column": field.name,
                    "old": pair[0][field.name][0].as_py(),
                    "new": pair[1][field.name][0].as_py(),
                }
                for field in shared
                if not equal_values(*pair, field)[0]
            ]
    return {name: count for name, count in values.items() if count}, changed, examples
