"""Arrow arrays as the canonical buffers of the table digest, version 1.

Every function takes the pieces of one column in one block as they came (a block may span record batches) and never joins them:
what is hashed is the same as if they had been one array. Whole buffers are passed on without a copy where nothing is null.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from remint.core.tabledigest import u64
from remint.core.tabletype import TypeTag
from remint.errors import Invalid

Mask: TypeAlias = NDArray[np.bool_] | None
Piece: TypeAlias = tuple[pa.Array, Mask]
Part: TypeAlias = bytes | memoryview

_LENGTH: Final = np.dtype("<i8")


def column_parts(tag: TypeTag, arrays: Sequence[pa.Array], *, column: str) -> tuple[Part, Iterator[Part]]:
    """Return the validity bitmap and the canonical values of one column in one block.

    Args:
        tag: the type of the column.
        arrays: its pieces in row order; they may differ in encoding.
        column: its name, for errors.

    Raises:
        Invalid: a date64 is not a whole day.
    """
    pieces = [decoded(array, None, column) for array in arrays if len(array)]
    return bitmap([mask for _, mask in pieces], [len(array) for array, _ in pieces]), _values(tag, pieces, column)


def decoded(array: pa.Array, outer: Mask, column: str) -> Piece:
    """Return an array in its plain layout, and where it has values (None: everywhere)."""
    array = _plain(array, column)
    mask = _own_mask(array)
    if outer is not None:
        mask = outer if mask is None else mask & outer
    return array, mask


def _plain(array: pa.Array, column: str) -> pa.Array:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(array.storage, column)
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode(), column)
    if pa.types.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(array), column)
    if kind == pa.string_view():
        return array.cast(pa.large_string())
    if kind == pa.binary_view() or (pa.types.is_fixed_size_binary(kind) and not pa.types.is_decimal(kind)):
        return array.cast(pa.large_binary())
    if pa.types.is_decimal(kind) and kind.precision <= 38 and kind.bit_width != 128:
        return array.cast(pa.decimal128(kind.precision, kind.scale))
    return _whole_days(array, column) if kind == pa.date64() else array


def _whole_days(array: pa.Array, column: str) -> pa.Array:
    try:
        return array.cast(pa.date32())
    except pa.ArrowInvalid as error:
        raise Invalid(
            f"column {column!r} holds a date64 that is not a whole day",
            why="a date has no time of day and lies within 2^31 days of 1970",
            next_step="cast it to timestamp[ms]",
            column=column,
        ) from error


def _own_mask(array: pa.Array) -> Mask:
    if pa.types.is_null(array.type):
        return np.zeros(len(array), dtype=np.bool_)
    if array.null_count == 0:
        return None
    return _bits(array.buffers()[0], array.offset, len(array))


def _bits(buffer: pa.Buffer, offset: int, count: int) -> NDArray[np.bool_]:
    first = offset // 8
    packed = np.frombuffer(buffer, dtype=np.uint8, offset=first, count=-(-(offset + count) // 8) - first)
    return np.unpackbits(packed, bitorder="little")[offset - first * 8 :][:count].view(np.bool_)


def bitmap(masks: list[Mask], counts: list[int]) -> Part:
    """Return the validity bitmap of pieces with these masks and lengths; None stands for a piece without nulls."""
    if all(mask is None for mask in masks):
        rows = sum(counts)
        return ((1 << rows) - 1).to_bytes(-(-rows // 8), "little")
    full = [np.ones(count, dtype=np.bool_) if mask is None else mask for mask, count in zip(masks, counts, strict=True)]
    return np.packbits(np.concatenate(full), bitorder="little").data


def _values(tag: TypeTag, pieces: list[Piece], column: str) -> Iterator[Part]:
    if tag.kind == "list":
        return _list_values(tag, pieces, column)
    if tag.kind == "struct":
        return _struct_values(tag, pieces, column)
    if tag.name in ("utf8", "binary"):
        return _text_values(pieces)
    if tag.name == "bool":
        return _bool_values(pieces)
    if tag.name == "null":
        return iter(())
    return _fixed_values(pieces)


def _fixed_values(pieces: list[Piece]) -> Iterator[Part]:
    for array, mask in pieces:
        width = array.type.bit_width // 8
        raw = np.frombuffer(array.buffers()[1], dtype=np.uint8, offset=array.offset * width, count=len(array) * width)
        if mask is None:
            yield raw.data
        else:
            words = raw.view(f"<u{min(width, 8)}").reshape(len(array), -1)
            yield np.ascontiguousarray(np.where(mask[:, None], words, 0)).view(np.uint8).data.cast("B")


def _bool_values(pieces: list[Piece]) -> Iterator[Part]:
    bits = [_bits(array.buffers()[1], array.offset, len(array)) for array, _ in pieces]
    shown = [found if mask is None else found & mask for found, (_, mask) in zip(bits, pieces, strict=True)]
    if shown:
        yield np.packbits(np.concatenate(shown), bitorder="little").data


def _text_values(pieces: list[Piece]) -> Iterator[Part]:
    contents: list[Part] = []
    for array, mask in pieces:
        _, offsets_buffer, content = array.buffers()
        large = array.type in (pa.large_string(), pa.large_binary())
        kind = np.dtype("<i8" if large else "<i4")
        offsets = np.frombuffer(offsets_buffer, dtype=kind, offset=array.offset * kind.itemsize, count=len(array) + 1)
        lengths = np.diff(offsets).astype(_LENGTH, copy=False)
        size = int(offsets[-1] - offsets[0])
        text = np.frombuffer(content, dtype=np.uint8, offset=int(offsets[0]), count=size) if size else np.empty(0, np.uint8)
        if mask is not None:
            lengths, text = _shown(lengths, mask, text)
        yield lengths.data.cast("B")
        contents.append(text.data)
    yield from contents


def _shown(lengths: NDArray[np.int64], mask: NDArray[np.bool_], text: NDArray[np.uint8]) -> Any:  # noqa: ANN401 - two arrays
    """Return lengths and bytes without what lies in null slots."""
    if lengths[~mask].any():
        text = text[np.repeat(mask, lengths)]
    return np.where(mask, lengths, 0), text


def _list_values(tag: TypeTag, pieces: list[Piece], column: str) -> Iterator[Part]:
    item_tag = tag.fields[0][1]
    items: list[Piece] = []
    for array, mask in pieces:
        lengths, children = unnested(array, mask)
        yield lengths.data.cast("B")
        if len(children):
            items.append(decoded(children, None, column))
    yield from _nested(item_tag, items, column)


def unnested(array: pa.Array, mask: Mask) -> tuple[NDArray[np.int64], pa.Array]:
    """Return the length of every list and the items of those that are not null, in order."""
    kind = array.type
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return _unnested_view(array, mask)
    if pa.types.is_fixed_size_list(kind):
        lengths = np.full(len(array), kind.list_size, dtype=_LENGTH)
        children = array.values.slice(array.offset * kind.list_size, len(array) * kind.list_size)
    else:
        offsets = _numbers(array.offsets)
        lengths = np.diff(offsets)
        children = array.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    if mask is not None:
        if lengths[~mask].any():
            children = _kept(children, np.repeat(mask, lengths))
        lengths = np.where(mask, lengths, 0)
    return lengths, children


def _unnested_view(array: pa.Array, mask: Mask) -> tuple[NDArray[np.int64], pa.Array]:
    starts, lengths = _numbers(array.offsets), _numbers(array.sizes)
    if mask is not None:
        lengths = np.where(mask, lengths, 0)
    before = np.cumsum(lengths) - lengths
    places = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()), dtype=_LENGTH)
    return lengths, array.values.take(pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)]))


def _kept(children: pa.Array, keep: NDArray[np.bool_]) -> pa.Array:
    packed = pa.py_buffer(np.packbits(keep, bitorder="little"))
    return children.filter(pa.Array.from_buffers(pa.bool_(), len(keep), [None, packed]))


def _numbers(array: pa.Array) -> NDArray[np.int64]:
    width = array.type.bit_width // 8
    found = np.frombuffer(array.buffers()[1], dtype=f"<i{width}", offset=array.offset * width, count=len(array))
    return found.astype(_LENGTH, copy=False)


def _struct_values(tag: TypeTag, pieces: list[Piece], column: str) -> Iterator[Part]:
    for position, (_, child_tag) in enumerate(tag.fields):
        children = [decoded(array.field(position), mask, column) for array, mask in pieces]
        yield from _nested(child_tag, children, column)


def _nested(tag: TypeTag, pieces: list[Piece], column: str) -> Iterator[Part]:
    counts = [len(array) for array, _ in pieces]
    yield u64(sum(counts))
    yield bitmap([mask for _, mask in pieces], counts)
    yield from _values(tag, pieces, column)
