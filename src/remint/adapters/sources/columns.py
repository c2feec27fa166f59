"""How the columns of a source become columns that Remint keeps (docs/how-to/data-from-a-database.md lists it)."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remint.errors import Invalid

Change = Callable[[pa.Array], pa.Array]

LARGEST_PRECISION: Final = 76
_HEX: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES: Final = (8, 13, 18, 23)
_UUID_BYTES, _UUID_TEXT = 16, 36


class Columns:
    """The columns of a source as they are kept.

    Args:
        schema: of the source.
        decimals: precision and scale of columns that come as the text of numbers.
        refused: why columns cannot be kept, by name; those of them that are there are refused.

    Raises:
        Invalid: a column cannot be kept; the message names it.
    """

    def __init__(
        self,
        schema: pa.Schema,
        *,
        decimals: Mapping[str, tuple[int, int]] | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self._changes: list[Change | None] = []
        fields = []
        for field in schema:
            if why := (refused or {}).get(field.name):
                refuse_column(field.name, why)
            kind, change = _kept(field, (decimals or {}).get(field.name))
            fields.append(pa.field(field.name, kind))
            self._changes.append(change)
        self.schema = pa.schema(fields)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return some rows as they are kept.

        Raises:
            Invalid: a value is not of the type of its column; the message names the column.
        """
        held = []
        for field, column, change in zip(self.schema, batch.columns, self._changes, strict=True):
            try:
                made = change(column) if change else column
                held.append(made if made.type == field.type else made.cast(field.type))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                refuse_column(field.name, str(error).splitlines()[0][:200])
        return pa.RecordBatch.from_arrays(held, schema=self.schema)


def _kept(field: pa.Field, decimal: tuple[int, int] | None) -> tuple[pa.DataType, Change | None]:
    """Return the type a column is kept as, and what makes it so."""
    kind = field.type
    if kind == pa.month_day_nano_interval():
        refuse_column(field.name, "an interval of months, days and seconds has no one length")
    if not isinstance(kind, pa.BaseExtensionType):
        return kind, None
    if isinstance(kind, pa.UuidType) or kind.extension_name == "arrow.uuid":
        return pa.string(), uuid_text
    if pa.types.is_string(kind.storage_type) or pa.types.is_large_string(kind.storage_type):
        if decimal is not None and 0 <= decimal[1] <= decimal[0] <= LARGEST_PRECISION:
            return (pa.decimal128 if decimal[0] <= 38 else pa.decimal256)(*decimal), _storage
        return pa.string(), _storage
    return refuse_column(
        field.name, f"its type is {getattr(kind, 'type_name', kind.extension_name)}, which only its source can read"
    )


def _storage(column: pa.Array) -> pa.Array:
    return column.storage


def uuid_text(column: pa.Array) -> pa.Array:
    """Return UUIDs as text of 36 characters.

    Example:
        >>> held = pa.array([bytes(range(16)), None], pa.uuid())
        >>> uuid_text(held)[0].as_py()
        '00010203-0405-0607-0809-0a0b0c0d0e0f'
    """
    stored = column.storage if isinstance(column, pa.ExtensionArray) else column
    filled = pc.fill_null(stored, bytes(_UUID_BYTES))
    raw = np.frombuffer(
        filled.buffers()[1], dtype=np.uint8, offset=filled.offset * _UUID_BYTES, count=len(filled) * _UUID_BYTES
    )
    digits = np.empty((len(filled), 2 * _UUID_BYTES), dtype=np.uint8)
    digits[:, 0::2] = _HEX[raw.reshape(-1, _UUID_BYTES) >> 4]
    digits[:, 1::2] = _HEX[raw.reshape(-1, _UUID_BYTES) & 15]
    text = np.full((len(filled), _UUID_TEXT), ord("-"), dtype=np.uint8)
    text[:, [place for place in range(_UUID_TEXT) if place not in _DASHES]] = digits
    offsets = np.arange(len(filled) + 1, dtype=np.int32) * _UUID_TEXT
    made = pa.StringArray.from_buffers(len(filled), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))
    return pc.if_else(pc.is_valid(stored), made, pa.scalar(None, pa.string()))


def refuse_times_before(batch: pa.RecordBatch, year: int) -> None:
    """Refuse dates and times before a year; so far back lies what is infinite in a database, or does not fit.

    Args:
        batch: some rows.
        year: astronomical: 0 is 1 BC.

    Raises:
        Invalid: there is one; the message names the column.
    """
    days = dt.date(1, 1, 1).toordinal() - dt.date(1970, 1, 1).toordinal() + (year - 1) * 366
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_date32(field.type):
            first, least = pc.min(column.cast(pa.int32())).as_py(), days
        elif pa.types.is_timestamp(field.type) and field.type.unit == "us":
            first, least = pc.min(column.cast(pa.int64())).as_py(), days * 86_400_000_000
        else:
            continue
        if first is not None and first < least:
            refuse_column(field.name, "it holds an infinite date or time, or one after the year 294246")


def refuse_column(column: str, why: str) -> NoReturn:
    """Refuse a column of a source."""
    raise Invalid(
        f"column {column!r} cannot be kept",
        why=why,
        next_step="cast it in a query, to text, a number, a timestamp or JSON text, or leave it out",
        column=column,
    )
