"""Merges of tables, against a merge of plain dictionaries."""

import random

import pyarrow as pa
import pytest

from remint.adapters.tables.following import ParquetVersions
from remint.adapters.tables.parquet import read_segments, write_segment
from remint.errors import Invalid
from remint.ports.tableversions import Conflicts
from tests.conformance.tables.test_versions import HISTORIES

SCHEMA = pa.schema({"k": pa.int64(), "a": pa.int64(), "b": pa.list_(pa.string()), "c": pa.float64()})


def table_of(rows):
    return pa.Table.from_pylist([{"k": key, **row} for key, row in rows.items()], schema=SCHEMA)


def merge(folder, base, ours, theirs, *, key=("k",)):
    """Return the rows of the merge, or the conflicts."""
    (folder / "work").mkdir()
    paths = []
    for name, table in (("base", base), ("ours", ours), ("theirs", theirs)):
        paths.append(folder / f"{name}.parquet")
        write_segment(table, paths[-1])
    found = ParquetVersions().merged([paths[0]], [paths[1]], [paths[2]], key, folder / "work")
    if isinstance(found, Conflicts):
        return found
    files = [paths[1] if isinstance(file, int) else file for file in found.files]
    return found, read_segments(files)


def value(draw):
    return {"a": draw.randrange(9), "b": draw.choice([None, [], ["x"], ["x", None]]), "c": draw.choice([0.5, -0.5, None])}


def changed(draw, rows, fresh):
    """Return rows with some changed, some gone, and some new; dictionaries keep their order."""
    made = {key: dict(row) for key, row in rows.items()}
    for key in draw.sample(sorted(made), 4):
        name = draw.choice("abc")
        made[key][name] = value(draw)[name]
    for key in draw.sample(sorted(made), 2):
        del made[key]
    return made | {key: value(draw) for key in fresh}


def expected(base, ours, theirs):
    """Return the merged rows, and the conflicts as key and column."""
    conflicts, made = set(), {}
    for key, row in ours.items():
        old, new = base.get(key), theirs.get(key)
        made[key] = dict(row)
        if new is None:
            if old is not None:
                conflicts |= {(key, name) for name in "abc" if row[name] != old[name]}
                del made[key]
            continue
        for name in "abc":
            if old is None:
                conflicts |= {(key, name)} if row[name] != new[name] else set()
            elif new[name] not in (old[name], row[name]) and row[name] != old[name]:
                conflicts.add((key, name))
            elif new[name] != old[name]:
                made[key][name] = new[name]
    for key, new in theirs.items():
        if key not in ours and key in base:
            conflicts |= {(key, name) for name in "abc" if new[name] != base[key][name]}
        elif key not in ours:
            made[key] = new
    return made, conflicts


@pytest.mark.parametrize("seed", range(HISTORIES * 2))
def test_random_changes_merge_as_dictionaries_do(seed, tmp_path):
    draw = random.Random(seed)
    base = {key: value(draw) for key in draw.sample(range(100), draw.choice([8, 40]))}
    ours, theirs = changed(draw, base, draw.sample(range(100, 104), 2)), changed(draw, base, draw.sample(range(100, 108), 2))
    rows, conflicts = expected(base, ours, theirs)
    found = merge(tmp_path, table_of(base), table_of(ours), table_of(theirs))
    if conflicts:
        assert isinstance(found, Conflicts)
        # The key of a row that both made is no value they could disagree about.
        assert {(one["key"]["k"], one["column"]) for one in found.first} == conflicts
        assert found.count == len(conflicts)
    else:
        assert found[1].equals(table_of(rows))


BASE = {1: {"a": 1, "b": None, "c": 1.0}, 2: {"a": 2, "b": ["x"], "c": 2.0}, 3: {"a": 3, "b": None, "c": 3.0}}


def test_different_values_of_one_row_are_both_taken(tmp_path):
    ours, theirs = {**BASE, 1: {**BASE[1], "a": 9}}, {**BASE, 1: {**BASE[1], "c": 8.0}, 4: BASE[3]}
    done, found = merge(tmp_path, table_of(BASE), table_of(ours), table_of(theirs))
    assert found.slice(0, 1).to_pylist() == [{"k": 1, "a": 9, "b": None, "c": 8.0}]
    assert (done.changed, done.added, done.removed, found.num_rows) == (1, 1, 0, 4)


def test_a_conflict_shows_what_each_side_has(tmp_path):
    ours, theirs = {**BASE, 1: {**BASE[1], "a": 9}}, {2: {**BASE[2], "b": ["y"]}, 1: {**BASE[1], "a": 8}, 3: BASE[3]}
    del ours[2]
    found = merge(tmp_path, table_of(BASE), table_of(ours), table_of(theirs))
    assert found.count == 2
    assert list(found.first) == [
        {"key": {"k": 1}, "column": "a", "base": 1, "ours": 9, "theirs": 8},
        {"key": {"k": 2}, "column": "b", "base": ["x"], "theirs": ["y"]},
    ]


def test_tables_of_other_columns_or_without_the_key_are_not_merged(tmp_path):
    with pytest.raises(Invalid, match="c is missing"):
        merge(tmp_path, table_of(BASE), table_of(BASE), table_of(BASE).drop_columns(["c"]))
    (tmp_path / "again").mkdir()
    nameless = table_of({key: {**row, "a": None} for key, row in BASE.items()})
    with pytest.raises(Invalid, match="null in 3 rows"):
        merge(tmp_path / "again", nameless, table_of(BASE), table_of(BASE), key=["a"])
