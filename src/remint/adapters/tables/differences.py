"""How two tables differ, in words."""

import pyarrow as pa
import pyarrow.compute as pc


def table_differences(old: pa.Table, new: pa.Table) -> list[str]:
    """Return where two tables differ: columns, counts of rows, and per column how many values and the first of them."""
    words = _schema_differences(old.schema, new.schema)
    if old.num_rows != new.num_rows:
        words.append(f"rows: {old.num_rows} → {new.num_rows}")
    shared = [name for name in old.column_names if name in new.column_names and old[name].type == new[name].type]
    count = min(old.num_rows, new.num_rows)
    for name in shared:
        words += _column_difference(name, old[name].slice(0, count), new[name].slice(0, count))
    return words


def _schema_differences(old: pa.Schema, new: pa.Schema) -> list[str]:
    words = [f"column {field.name} was added ({field.type})" for field in new if field.name not in old.names]
    words += [f"column {field.name} was removed" for field in old if field.name not in new.names]
    both = [field.name for field in old if field.name in new.names]
    return words + [
        f"column {name}: type {old.field(name).type} → {new.field(name).type}"
        for name in both
        if old.field(name).type != new.field(name).type
    ]


def _column_difference(name: str, old: pa.ChunkedArray, new: pa.ChunkedArray) -> list[str]:
    same = pc.equal(old, new)
    both_null = pc.and_(pc.is_null(old), pc.is_null(new))
    if pa.types.is_floating(old.type):
        both_null = pc.or_(both_null, pc.and_(pc.is_nan(old).fill_null(False), pc.is_nan(new).fill_null(False)))  # noqa: FBT003
    differs = pc.invert(pc.or_(pc.fill_null(same, False), both_null))  # noqa: FBT003
    count = pc.sum(pc.cast(differs, pa.int64())).as_py() or 0
    if not count:
        return []
    first = pc.index(differs, True).as_py()
    where = f"first in row {first + 1}: {old[first].as_py()!r} → {new[first].as_py()!r}"
    words = f"{name}: {count} of {len(old)} values differ, {where}"
    if pa.types.is_floating(old.type) or pa.types.is_integer(old.type):
        largest = pc.max(pc.abs(pc.subtract(pc.cast(new, pa.float64()), pc.cast(old, pa.float64())))).as_py()
        words += f", largest difference {largest:.3g}"
    return [words]
