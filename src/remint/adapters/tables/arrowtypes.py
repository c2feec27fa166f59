"""Arrow types and type tags, one to the other."""

from collections.abc import Callable
from typing import Final, NoReturn

import pyarrow as pa

from remint.core import tabletype
from remint.core.tabledigest import Field, require_columns
from remint.core.tabletype import TypeTag
from remint.errors import Invalid

_ARROW: Final[dict[str, pa.DataType]] = {
    "null": pa.null(),
    "bool": pa.bool_(),
    "utf8": pa.string(),
    "binary": pa.binary(),
    "date32": pa.date32(),
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    **{name: getattr(pa, name)() for name in tabletype.PLAIN if name.startswith(("int", "uint"))},
    **{f"time32[{unit}]": pa.time32(unit) for unit in ("s", "ms")},
    **{f"time64[{unit}]": pa.time64(unit) for unit in ("us", "ns")},
    **{f"duration[{unit}]": pa.duration(unit) for unit in tabletype.UNITS},
}
_TAGS: Final[dict[pa.DataType, str]] = {
    **{kind: tag for tag, kind in _ARROW.items()},
    pa.large_string(): "utf8",
    pa.string_view(): "utf8",
    pa.large_binary(): "binary",
    pa.binary_view(): "binary",
    pa.date64(): "date32",
}
_LISTS: Final[tuple[Callable[[pa.DataType], bool], ...]] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)


def tag_of(kind: pa.DataType, *, column: str, depth: int = 1) -> TypeTag:
    """Return the tag of an Arrow type; encodings of one type (dictionary, large, view, extension) have one tag.

    Args:
        kind: the Arrow type.
        column: the name of the column, for errors.
        depth: how deep `kind` lies in the type of the column.

    Raises:
        Invalid: the type has no tag, or nests deeper than 32 levels.

    Example:
        >>> str(tag_of(pa.dictionary(pa.int8(), pa.large_string()), column="carrier"))
        'utf8'
    """
    if kind in _TAGS:
        return tabletype.plain(_TAGS[kind])
    if isinstance(kind, pa.BaseExtensionType):
        return tag_of(kind.storage_type, column=column, depth=depth)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return tag_of(kind.value_type, column=column, depth=depth)
    if pa.types.is_fixed_size_binary(kind) and not pa.types.is_decimal(kind):
        return tabletype.plain("binary")
    if pa.types.is_timestamp(kind):
        return tabletype.timestamp(kind.unit, kind.tz)
    if pa.types.is_decimal(kind):
        return tabletype.decimal(kind.precision, kind.scale)
    return _nested_tag(kind, column, depth)


def _nested_tag(kind: pa.DataType, column: str, depth: int) -> TypeTag:
    if depth > tabletype.MAX_DEPTH:
        _refuse(kind, column, f"it nests deeper than {tabletype.MAX_DEPTH} levels")

    def below(child: pa.DataType) -> TypeTag:
        return tag_of(child, column=column, depth=depth + 1)

    if any(is_kind(kind) for is_kind in _LISTS):
        return tabletype.list_of(below(kind.value_type))
    if pa.types.is_map(kind):
        return tabletype.list_of(tabletype.struct_of((("key", below(kind.key_type)), ("value", below(kind.item_type)))))
    if pa.types.is_struct(kind):
        fields = [kind.field(position) for position in range(kind.num_fields)]
        return tabletype.struct_of(tuple((field.name, below(field.type)) for field in fields))
    return _refuse(kind, column, "a table digest is not defined for it")


def _refuse(kind: pa.DataType, column: str, why: str) -> NoReturn:
    raise Invalid(
        f"column {column!r} has the type {str(kind)[:200]}",
        why=why,
        next_step="cast the column to text, numbers, timestamps, lists or structs (an interval to a duration)",
        column=column,
        type=str(kind)[:200],
    )


def arrow_type(tag: TypeTag) -> pa.DataType:
    """Return the Arrow type that Remint stores a tag as.

    Example:
        >>> arrow_type(tabletype.parse_tag("list<utf8>"))
        ListType(list<item: string>)
    """
    if tag.kind == "timestamp":
        return pa.timestamp(tag.unit, tz=tag.zone)
    if tag.kind == "decimal":
        return (pa.decimal128 if tag.precision <= 38 else pa.decimal256)(tag.precision, tag.scale)
    if tag.kind == "list":
        return pa.list_(pa.field("item", arrow_type(tag.fields[0][1])))
    if tag.kind == "struct":
        return pa.struct([pa.field(name, arrow_type(child)) for name, child in tag.fields])
    return _ARROW[tag.name]


def fields_of(schema: pa.Schema) -> tuple[Field, ...]:
    """Return the columns of an Arrow schema, checked.

    Raises:
        Invalid: a column has no tag, two have one name, or there is none.
    """
    fields = tuple(Field(field.name, tag_of(field.type, column=field.name)) for field in schema)
    require_columns(fields)
    return fields


def arrow_schema(fields: tuple[Field, ...]) -> pa.Schema:
    """Return the Arrow schema that Remint stores these columns as: nullable, without metadata."""
    return pa.schema([pa.field(field.name, arrow_type(field.type)) for field in fields])
