"""Rows found by a key: which row of one table has the key of a row of another."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from remint.adapters.tables.edits import Places
from remint.adapters.tables.parquet import Segments
from remint.core.tabledigest import Field
from remint.errors import Invalid

_NAMED_ROWS: Final = 5
_MOST_CODES: Final = 1 << 62
_SPARSE: Final = 4


def key_fields(table: Segments, key: Sequence[str]) -> list[Field]:
    """Return the columns of a key.

    Raises:
        Invalid: there is none, one is not in the table or named twice, or it is a list or a struct.
    """
    known = {field.name: field for field in table.fields}
    missing = [name for name in key if name not in known]
    if missing or not key or len(set(key)) < len(key):
        raise Invalid(
            f"{', '.join(key) or 'nothing'} cannot be the key",
            why=f"the table has {', '.join(known)}" if missing else "a key names one column or more, each once",
            next_step="name the columns that tell its rows apart",
            columns=missing,
        )
    nested = [name for name in key if known[name].type.fields]
    if nested:
        raise Invalid(
            f"column {nested[0]} cannot be in a key",
            why=f"it is {known[nested[0]].type}, and a key is made of plain values",
            next_step="name other columns",
            columns=nested,
        )
    return [known[name] for name in key]


def partners(old: Segments, new: Segments, key: Sequence[str]) -> Places:
    """Return for each row of `new` the row of `old` with the same key, or -1.

    Keys are equal as values are in a digest: −0.0 and 0.0 are two.

    Raises:
        Invalid: the key is none, is of another type in the other table, or is null or there twice in one of them.
    """
    fields = key_fields(old, key)
    if key_fields(new, key) != fields:
        raise Invalid(
            "rows cannot be found by the key",
            why=f"{', '.join(key)} are of one type in the table and of another in the rows",
            next_step="cast the columns of the rows to the types of the table",
            columns=list(key),
        )
    codes = np.zeros(old.rows + new.rows, np.int64)
    values = 1
    tables = [old.read(key), new.read(key)]
    for field in fields:
        for table, name in zip(tables, ("table", "rows"), strict=True):
            _require_known(table[field.name], field.name, name)
        found, count = _codes([table[field.name] for table in tables])
        if values * count > _MOST_CODES:
            different, codes = np.unique(codes, return_inverse=True)
            values = len(different)
        codes, values = codes * count + found, values * count
    if values > _SPARSE * len(codes):
        different, codes = np.unique(codes, return_inverse=True)
        values = len(different)
    known = np.full(values, -1, np.int64)
    for name, part in (("table", codes[: old.rows]), ("rows", codes[old.rows :])):
        _require_once(part, values, key, name)
    known[codes[: old.rows]] = np.arange(old.rows)
    return known[codes[old.rows :]]


def _codes(columns: list[pa.ChunkedArray]) -> tuple[Places, int]:
    """Return a number for every value of two columns without nulls, equal for equal values, and how many numbers there are."""
    kind = columns[0].type
    chunks = [chunk for column in columns for chunk in column.chunks]
    if pa.types.is_floating(kind):
        kind = {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[kind.bit_width]
        chunks = [chunk.view(kind) for chunk in chunks]
    encoded = pa.chunked_array(chunks, type=kind).dictionary_encode().unify_dictionaries()
    parts = [chunk.indices.to_numpy().astype(np.int64) for chunk in encoded.chunks]
    count = max((len(chunk.dictionary) for chunk in encoded.chunks), default=0)
    return np.concatenate([np.empty(0, np.int64), *parts]), max(count, 1)


def _require_known(column: pa.ChunkedArray, name: str, where: str) -> None:
    if not column.null_count:
        return
    rows = np.flatnonzero(column.is_null().to_numpy())
    raise Invalid(
        f"column {name} cannot be in the key",
        why=f"it is null in {len(rows)} rows of the {where}: {_some(rows)}",
        next_step="give every row a key, or name other columns",
        rows=(rows[:1000] + 1).tolist(),
    )


def _require_once(codes: Places, count: int, key: Sequence[str], where: str) -> None:
    often = np.bincount(codes, minlength=count)
    if not len(codes) or often.max() <= 1:
        return
    rows = np.flatnonzero(often[codes] > 1)
    raise Invalid(
        f"{', '.join(key)} is no key of the {where}",
        why=f"{len(rows)} rows share theirs with another: {_some(rows)}",
        next_step="remove the rows that are there twice, or name more columns",
        rows=(rows[:1000] + 1).tolist(),
    )


def _some(rows: Places) -> str:
    shown = ", ".join(str(row + 1) for row in rows[:_NAMED_ROWS].tolist())
    return f"rows {shown}" + (" …" if len(rows) > _NAMED_ROWS else "")
