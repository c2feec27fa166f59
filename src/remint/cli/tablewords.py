"""How changes of tables and their differences are printed."""

from collections.abc import Mapping, Sequence
from typing import Any

from remint.cli.output import size_text, table
from remint.ports.tableversions import Conflicts, RowDifference
from remint.ports.usecases.tables import TableChange

_WIDEST = 40


def change_json(change: TableChange) -> dict[str, Any]:
    """Return what became of a table."""
    return {
        "ref": str(change.ref),
        "artifact": change.artifact,
        "moved": change.moved,
        "added": change.added,
        "changed": change.changed,
        "removed": change.removed,
        "idle": change.idle,
        "stored_bytes": change.stored_bytes,
    }


def change_lines(change: TableChange) -> list[str]:
    """Return what became of a table for people."""
    words = "now points at" if change.moved else "points at"
    already = "" if change.moved else " already"
    counts = [(change.added, "added"), (change.changed, "changed"), (change.removed, "removed")]
    told = ", ".join(f"{count:,} {word}" for count, word in counts if count) or "nothing changed"
    rows = change.artifact.facts["rows"]
    return [
        f"{change.ref} {words} {change.artifact.digest.short}{already} ({rows:,} rows)",
        f"rows    {told}; {size_text(change.stored_bytes)} stored",
    ]


def schema_line(schema: Sequence[Mapping[str, str]]) -> str:
    """Return the columns of a table for people."""
    return "columns " + ", ".join(f"{column['name']} {column['type']}" for column in schema)


def row_difference_json(found: RowDifference) -> dict[str, Any]:
    """Return all of a difference between two tables."""
    return {
        "key": found.key,
        "rows": found.rows,
        "columns": {
            "added": found.added_columns,
            "removed": found.removed_columns,
            "retyped": found.retyped_columns,
        },
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "values": found.values,
        "examples": found.examples,
    }


def row_difference_lines(found: RowDifference) -> list[str]:
    """Return a difference between two tables for people: columns, counts of rows, changed values, and some of each."""
    lines = [f"column {name} was added ({kind})" for name, kind in found.added_columns]
    lines += [f"column {name} was removed ({kind})" for name, kind in found.removed_columns]
    lines += [f"column {name}: type {old} → {new}" for name, old, new in found.retyped_columns]
    counts = [(found.added, "added"), (found.removed, "removed"), (found.changed, "changed")]
    if told := ", ".join(f"{count:,} {word}" for count, word in counts if count):
        old, new = found.rows
        by = f", told apart by {', '.join(found.key)}" if found.key else ""
        lines.append(f"rows: {old:,} → {new:,} ({told}{by})")
    if found.values:
        lines += ["", *table(["column", "changed values"], [[name, count] for name, count in found.values.items()])]
    if changes := found.examples.get("changed"):
        head = [*found.key, "row", "column", "old", "new"]
        cells = [
            [*map(_cell, one["key"].values()), one["row"], one["column"], *map(_cell, (one["old"], one["new"]))]
            for one in changes
        ]
        lines += ["", "changed, the first of them:", *_indented(table(head, cells))]
    for word in ("added", "removed"):
        if rows := found.examples.get(word):
            names = list(rows[0])[:12]
            cells = [[_cell(row[name]) for name in names] for row in rows]
            lines += ["", f"{word}, the first of them:", *_indented(table(names, cells))]
    return lines


def conflict_lines(found: Conflicts) -> list[str]:
    """Return the conflicts of a merge for people."""
    sides = ("base", "ours", "theirs")
    names = list(found.first[0]["key"])
    cells = [
        [*map(_cell, one["key"].values()), one["column"], *(_cell(one[side]) if side in one else "(no row)" for side in sides)]
        for one in found.first
    ]
    more = [f"and {found.count - len(found.first):,} more"] if found.count > len(found.first) else []
    return [f"{found.count:,} conflicts; nothing was moved", "", *table([*names, "column", *sides], cells), *more]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
