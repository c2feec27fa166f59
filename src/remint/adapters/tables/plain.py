"""Tables in their plain layout: one Arrow type a tag, whatever encoding they came in."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from remint.adapters.tables.arrowtypes import arrow_schema, arrow_type, fields_of
from remint.adapters.tables.buffers import Mask, Piece, bitmap, decoded, unnested
from remint.core.tabledigest import Field
from remint.core.tabletype import TypeTag
from remint.errors import Invalid


def plain_table(table: pa.Table, fields: Sequence[Field] | None = None) -> pa.Table:
    """Return the same rows with every column in the one Arrow type that Remint stores its tag as.

    Args:
        table: the rows, in any encoding.
        fields: the types to return; those of the table itself if None. A column may only go from one physical form of a type
            to another, or from a coarser unit to a finer one and back without loss (Parquet has no seconds).

    Raises:
        Invalid: a column has no tag, or cannot be brought to its type.

    Example:
        >>> table = pa.table({"a": pa.array(["x", None]).dictionary_encode()})
        >>> plain_table(table).schema.field("a").type
        DataType(string)
    """
    fields = fields_of(table.schema) if fields is None else tuple(fields)
    columns = []
    for field in fields:
        column = table[field.name]
        wanted = arrow_type(field.type)
        if column.type != wanted:
            chunks = [plain_array(chunk, field.type, column=field.name) for chunk in column.chunks]
            column = pa.chunked_array(chunks, type=wanted)
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=arrow_schema(fields))


def plain_array(array: pa.Array, tag: TypeTag, *, column: str) -> pa.Array:
    """Return one array as `arrow_type(tag)`, without what lies under its nulls in lists and structs.

    Raises:
        Invalid: a value does not fit the type.
    """
    try:
        return _rebuilt(tag, decoded(array, None, column), column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Invalid(
            f"column {column!r} cannot be stored as {tag}",
            why=str(error).splitlines()[0][:200],
            next_step="cast the column yourself, or give it in smaller batches",
            column=column,
        ) from error


def _rebuilt(tag: TypeTag, piece: Piece, column: str) -> pa.Array:
    array, mask = piece
    wanted = arrow_type(tag)
    if not len(array):
        return pa.nulls(0, wanted)
    if tag.kind == "list":
        return _rebuilt_list(tag, wanted, piece, column)
    if tag.kind == "struct":
        children = [
            _rebuilt(child, decoded(array.field(place), mask, column), column) for place, (_, child) in enumerate(tag.fields)
        ]
        return pa.Array.from_buffers(wanted, len(array), [_validity(mask, len(array))], children=children)
    if mask is not None and array.null_count != len(array) - int(mask.sum()):
        array = pc.if_else(_booleans(mask), array, pa.scalar(None, array.type))
    return array if array.type == wanted else array.cast(wanted)


def _rebuilt_list(tag: TypeTag, wanted: pa.DataType, piece: Piece, column: str) -> pa.Array:
    array, mask = piece
    lengths, children = unnested(array, mask)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    if ends[-1] > np.iinfo(np.int32).max:
        raise pa.ArrowInvalid(f"{ends[-1]} list items in one batch")
    items = _rebuilt(tag.fields[0][1], decoded(children, None, column), column)
    offsets = pa.py_buffer(ends.astype(np.int32))
    return pa.Array.from_buffers(wanted, len(array), [_validity(mask, len(array)), offsets], children=[items])


def _validity(mask: Mask, count: int) -> pa.Buffer | None:
    return None if mask is None else pa.py_buffer(bitmap([mask], [count]))


def _booleans(mask: NDArray[np.bool_]) -> pa.Array:
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, pa.py_buffer(bitmap([mask], [len(mask)]))])
