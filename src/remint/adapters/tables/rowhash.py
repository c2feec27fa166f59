"""A 64-bit hash for each row, over the canonical values that the digest of a table is made of.

Rows that are equal have equal hashes; rows that differ very rarely do. Hashes are made to find rows, never to prove that they
are equal, they differ from one process to the next, and nothing stores them.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from remint.adapters.tables.buffers import Mask, decoded, unnested
from remint.core.tabledigest import Field
from remint.core.tabletype import TypeTag

Hashes: TypeAlias = NDArray[np.uint64]

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_NULL: Final = np.uint64(0xA0761D6478BD642F)
_HALF: Final = np.uint64(32)
_LONG_BYTES: Final = 256
"""Longer values are hashed one by one; there are at most so many that it costs no more than reading them."""


def row_hashes(table: pa.Table | pa.RecordBatch, fields: Sequence[Field]) -> Hashes:
    """Return a hash for each row over these columns.

    Args:
        table: the rows, in any encoding.
        fields: the columns to look at.
    """
    batches = table.to_batches() if isinstance(table, pa.Table) else [table]
    return np.concatenate([np.empty(0, np.uint64), *(_batch(batch, fields) for batch in batches)])


def _batch(batch: pa.RecordBatch, fields: Sequence[Field]) -> Hashes:
    made = np.zeros(batch.num_rows, np.uint64)
    for field in fields:
        made = _mixed(made, _hashes(field.type, batch.column(field.name), None, field.name))
    return made


def _mixed(left: Hashes, right: Hashes) -> Hashes:
    made = left * _MIX
    made ^= right
    made *= _MIX
    made ^= made >> _HALF
    return made


def _hashes(tag: TypeTag, array: pa.Array, outer: Mask, column: str) -> Hashes:
    plain, mask = decoded(array, outer, column)
    if not len(plain):
        return np.empty(0, np.uint64)
    if tag.kind == "list":
        made = _of_lists(tag, plain, mask, column)
    elif tag.kind == "struct":
        made = np.zeros(len(plain), np.uint64)
        for position, (_, child) in enumerate(tag.fields):
            made = _mixed(made, _hashes(child, plain.field(position), mask, column))
    elif tag.name == "null":
        made = np.zeros(len(plain), np.uint64)
    elif tag.name in ("utf8", "binary"):
        made = _of_texts(plain, mask)
    else:
        made = _of_words(words_of(plain))
    return made if mask is None else np.where(mask, made, _NULL)


def words_of(array: pa.Array) -> NDArray[Any]:
    """Return the bits of an array of fixed width in its plain layout, shape (rows, words); those under nulls mean nothing."""
    if pa.types.is_boolean(array.type):
        packed = np.frombuffer(array.buffers()[1], np.uint8)
        return np.unpackbits(packed, bitorder="little")[array.offset : array.offset + len(array)].reshape(-1, 1)
    width = array.type.bit_width // 8
    raw = np.frombuffer(array.buffers()[1], np.uint8, offset=array.offset * width, count=len(array) * width)
    return raw.view(f"<u{min(width, 8)}").reshape(len(array), -1)


def _of_words(words: NDArray[Any]) -> Hashes:
    made = words[:, 0].astype(np.uint64)
    for place in range(1, words.shape[1]):
        made = _mixed(made, words[:, place].astype(np.uint64))
    return made


def _of_texts(array: pa.Array, mask: Mask) -> Hashes:
    large = array.type in (pa.large_string(), pa.large_binary())
    kind = np.dtype("<i8" if large else "<i4")
    _, offsets_buffer, content = array.buffers()
    offsets = np.frombuffer(offsets_buffer, kind, offset=array.offset * kind.itemsize, count=len(array) + 1).astype(np.int64)
    starts, lengths = offsets[:-1], np.diff(offsets)
    if mask is not None:
        lengths = np.where(mask, lengths, 0)
    text = np.zeros(int(offsets[-1] - offsets[0]) + 8, np.uint8)
    if content is not None and offsets[-1] > offsets[0]:
        text[:-8] = np.frombuffer(content, np.uint8, offset=int(offsets[0]), count=len(text) - 8)
    starts = starts - offsets[0]
    made = lengths.astype(np.uint64)
    _add_words(made, text, starts, np.where(lengths > _LONG_BYTES, 0, lengths))
    for row in np.flatnonzero(lengths > _LONG_BYTES).tolist():
        value = hash(text[starts[row] : starts[row] + lengths[row]].tobytes())
        made[row] = np.uint64(value & 0xFFFFFFFFFFFFFFFF)
    return made


def _add_words(made: Hashes, text: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    """Mix the bytes of every value into its hash, eight at a time."""
    words = np.ndarray((len(text) - 7,), np.dtype("<u8"), text, strides=(1,))
    rows, done = np.flatnonzero(lengths), 0
    while len(rows):
        word = words[starts[rows] + done]
        left = np.minimum(lengths[rows] - done, 8)
        word &= ~np.uint64(0) >> ((8 - left) * 8).astype(np.uint64)
        made[rows] = _mixed(made[rows], word)
        done += 8
        rows = rows[lengths[rows] > done]


def _of_lists(tag: TypeTag, array: pa.Array, mask: Mask, column: str) -> Hashes:
    lengths, children = unnested(array, mask)
    made = lengths.astype(np.uint64)
    if not len(children):
        return made
    hashes = _hashes(tag.fields[0][1], children, None, column)
    ends = np.cumsum(lengths)
    places = np.arange(len(hashes)) - np.repeat(ends - lengths, lengths)
    powers = np.cumprod(np.full(int(lengths.max()), _MIX))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(_mixed(hashes, hashes) * powers[places])])
    return _mixed(made, sums[ends] - sums[ends - lengths])
