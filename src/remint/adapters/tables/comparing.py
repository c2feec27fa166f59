"""Where two columns have equal values, as a digest tells values apart: NaNs of the same bits are equal, −0.0 is not 0.0."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from remint.adapters.tables.buffers import Mask, decoded, unnested
from remint.adapters.tables.parquetfile import ROW_GROUP_ROWS
from remint.adapters.tables.rowhash import words_of
from remint.core.tabledigest import Field
from remint.core.tabletype import TypeTag

Flags = NDArray[np.bool_]


def equal_values(left: pa.Table, right: pa.Table, field: Field) -> Flags:
    """Return for each row whether two tables of equal length in their plain layout have the same value in a column."""
    found = [np.empty(0, np.bool_)]
    for start in range(0, left.num_rows, ROW_GROUP_ROWS):
        pair = [table[field.name].slice(start, ROW_GROUP_ROWS).combine_chunks() for table in (left, right)]
        found.append(_equal(field.type, pair[0], pair[1], (None, None), field.name))
    return np.concatenate(found)


def _equal(tag: TypeTag, left: pa.Array, right: pa.Array, outer: tuple[Mask, Mask], column: str) -> Flags:
    left, left_mask = decoded(left, outer[0], column)
    right, right_mask = decoded(right, outer[1], column)
    if left_mask is None and right_mask is None:
        return _equal_slots(tag, left, right, (None, None), column)
    masks = tuple(np.ones(len(left), np.bool_) if mask is None else mask for mask in (left_mask, right_mask))
    same = _equal_slots(tag, left, right, (masks[0], masks[1]), column)
    return np.where(masks[0] & masks[1], same, masks[0] == masks[1])


def _equal_slots(tag: TypeTag, left: pa.Array, right: pa.Array, masks: tuple[Mask, Mask], column: str) -> Flags:
    """Return where values are equal; what is said of nulls means nothing."""
    if tag.name == "null" or not len(left):
        return np.ones(len(left), np.bool_)
    if tag.kind == "list":
        return _equal_lists(tag, left, right, masks, column)
    if tag.kind == "struct":
        same = np.ones(len(left), np.bool_)
        for place, (_, child) in enumerate(tag.fields):
            same &= _equal(child, left.field(place), right.field(place), masks, column)
        return same
    if tag.name in ("utf8", "binary"):
        return np.asarray(pc.fill_null(pc.equal(left, right), False).to_numpy(zero_copy_only=False))  # noqa: FBT003 - Arrow's
    return np.asarray(np.all(words_of(left) == words_of(right), axis=1))


def _equal_lists(tag: TypeTag, left: pa.Array, right: pa.Array, masks: tuple[Mask, Mask], column: str) -> Flags:
    (left_lengths, left_items), (right_lengths, right_items) = unnested(left, masks[0]), unnested(right, masks[1])
    same = left_lengths == right_lengths
    kept = [
        items.filter(pa.array(np.repeat(same, lengths)))
        for items, lengths in ((left_items, left_lengths), (right_items, right_lengths))
    ]
    differs = ~_equal(tag.fields[0][1], kept[0], kept[1], (None, None), column)
    until = np.concatenate([[0], np.cumsum(differs)])
    ends = np.cumsum(left_lengths[same])
    found: Flags = same.copy()
    found[same] = until[ends] == until[ends - left_lengths[same]]
    return found
