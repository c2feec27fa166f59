"""How statistics of tables and looks into sets of files are printed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from remint.cli.cells import cell, number, seconds
from remint.cli.output import size_text, table
from remint.core.worktree import shown
from remint.ports.showing import ColumnSummary, FilesSummary, Looked, TableSummary

MOST_SUFFIXES = 10
MOST_COLUMNS = 60


def table_json(found: TableSummary) -> dict[str, Any]:
    """Return all statistics of a table."""
    columns = []
    for one in found.columns:
        told: dict[str, Any] = {"name": one.name, "type": one.type, "kind": one.kind, "nulls": one.nulls}
        told |= {"distinct": one.distinct, "not_finite": one.not_finite} if one.kind != "other" else {}
        told |= {"min": _plain(one.minimum), "max": _plain(one.maximum)} if one.kind in {"number", "time", "text"} else {}
        told |= {"mean": one.mean, "sd": one.deviation} if one.kind == "number" else {}
        told |= {"quartiles": list(one.quartiles), "bars": list(one.bars)} if one.bars else {}
        told |= {"top": [{"value": value, "rows": count} for value, count in one.top]} if one.top else {}
        columns.append(told)
    return {"rows": found.rows, "exact": found.is_exact, "columns": columns}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value if value is None or isinstance(value, int | float | str) else str(value)


def table_lines(found: TableSummary) -> list[str]:
    """Return statistics of a table for people."""
    about = "≈" if not found.is_exact else ""
    columns = found.columns[:MOST_COLUMNS]
    head = ["column", "nulls", "distinct", "min", "25 %", "50 %", "75 %", "max", "mean", "sd"]
    cells = [_cells(one, about) for one in columns]
    lines = ["", *table(head, cells)]
    if len(found.columns) > MOST_COLUMNS:
        lines.append(f"and {len(found.columns) - MOST_COLUMNS:,} more columns: see them with --json")
    tops = [[shown(one.name), _top(one)] for one in columns if one.top]
    lines += ["", *table(["column", "most frequent"], tops)] if tops else []
    if about:
        lines += ["", "distinct values, quartiles and most frequent values are estimates: the table is too large to be held"]
    return lines


def _cells(one: ColumnSummary, about: str) -> list[str]:
    quartiles = [number(value) for value in one.quartiles] or ["", "", ""]
    distinct = "" if one.distinct is None else f"{about}{one.distinct:,}"
    has_ends = one.kind in {"number", "time"}
    ends = [number(_plain_number(value)) if has_ends else "" for value in (one.minimum, one.maximum)]
    return [
        shown(cell(one.name)),
        f"{one.nulls:,}",
        distinct,
        ends[0],
        *quartiles,
        ends[1],
        number(one.mean),
        number(one.deviation),
    ]


def _plain_number(value: Any) -> Any:  # noqa: ANN401 - a value of a column
    return value if isinstance(value, int | float | str | None) else str(value)


def _top(one: ColumnSummary) -> str:
    return ", ".join(f"{shown(cell(value))!s} ({count:,})" for value, count in one.top[:5])


def files_json(found: FilesSummary) -> dict[str, Any]:
    """Return all that is said of a set of files; thumbnails are left out."""
    value: dict[str, Any] = {
        "files": found.files,
        "size_bytes": found.size_bytes,
        "suffixes": [{"suffix": name, "files": count, "size_bytes": held} for name, count, held in found.suffixes],
        "first": [{"path": path, "digest": digest, "size_bytes": held} for path, digest, held in found.first],
        "largest": [{"path": path, "size_bytes": held} for path, held in found.largest],
    }
    if found.pictures:
        value["pictures"] = {"files": found.pictures, "looked": [_picture(one) for one in found.looked if one.picture]}
    if found.sounds:
        value["sounds"] = {"files": found.sounds, "looked": [_sound(one) for one in found.looked if one.sound]}
    return value


def _picture(one: Looked) -> dict[str, Any]:
    seen = one.picture
    assert seen is not None
    told = {"form": seen.form, "width": seen.width, "height": seen.height, "mode": seen.mode, "frames": seen.frames}
    return {"path": one.path, "size_bytes": one.size_bytes, "why_not": seen.why_not, **told}


def _sound(one: Looked) -> dict[str, Any]:
    heard = one.sound
    assert heard is not None
    told = {"rate": heard.rate, "channels": heard.channels, "bits": heard.bits, "seconds": round(heard.seconds, 6)}
    return {"path": one.path, "size_bytes": one.size_bytes, "why_not": heard.why_not, **told}


def files_lines(found: FilesSummary) -> list[str]:
    """Return what is said of a set of files for people."""
    lines = [f"files   {found.files:,}, {size_text(found.size_bytes)}", ""]
    kinds = [[shown(name) or "(none)", count, size_text(held)] for name, count, held in found.suffixes]
    lines += table(["suffix", "files", "size"], kinds[:MOST_SUFFIXES]) if found.files else []
    lines += [f"and {len(kinds) - MOST_SUFFIXES:,} more suffixes"] if len(kinds) > MOST_SUFFIXES else []
    lines += _picture_lines(found) + _sound_lines(found)
    if found.files > len(found.first):
        lines += ["", "largest", *(f"  {shown(path)}  {size_text(held)}" for path, held in found.largest)]
    if found.first:
        lines += ["", "first", *(f"  {shown(path)}  {size_text(held)}" for path, _, held in found.first)]
    if found.files > len(found.first):
        lines.append(f"  and {found.files - len(found.first):,} more")
    return lines


def _picture_lines(found: FilesSummary) -> list[str]:
    looked = [one.picture for one in found.looked if one.picture is not None]
    sound = [one for one in looked if one.width]
    if not looked:
        return []
    lines = ["", f"pictures {_of(len(looked), found.pictures)}"]
    if sound:
        sizes = Counter(f"{one.width} × {one.height}" for one in sound)
        common = ", ".join(f"{size} ({count:,})" for size, count in sizes.most_common(3))
        lines.append(f"  pixels  {_range([one.width for one in sound])} × {_range([one.height for one in sound])}; {common}")
        lines.append(f"  modes   {_counted([one.mode for one in sound])}")
    return lines + _refused([one.why_not for one in looked if one.why_not])


def _sound_lines(found: FilesSummary) -> list[str]:
    looked = [one.sound for one in found.looked if one.sound is not None]
    whole = [one for one in looked if not one.why_not]
    if not looked:
        return []
    lines = ["", f"sounds {_of(len(looked), found.sounds)}"]
    if whole:
        total = seconds(sum(one.seconds for one in whole))
        rates = _counted([f"{one.rate:,} Hz" for one in whole])
        lines.append(f"  length  {total} together, {seconds(max(one.seconds for one in whole))} at most; {rates}")
    return lines + _refused([one.why_not for one in looked if one.why_not])


def _of(looked: int, count: int) -> str:
    return f"({count:,})" if looked == count else f"({looked:,} of {count:,} were looked into, spread evenly)"


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _counted(words: Sequence[str]) -> str:
    return ", ".join(f"{word} ({count:,})" for word, count in Counter(words).most_common(4))


def _refused(reasons: Sequence[str]) -> list[str]:
    return [f"  {count:,} could not be looked into: {why}" for why, count in Counter(reasons).most_common(4)]
