"""Upserts, deletes and differences by key, against plain dictionaries."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from remint.adapters.tables.arrowtypes import fields_of
from remint.adapters.tables.comparing import equal_values
from remint.adapters.tables.following import ParquetVersions
from remint.adapters.tables.keyed import deleted, upserted
from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import Segments, write_segment
from remint.adapters.tables.plain import plain_table
from remint.errors import Invalid
from tests.conformance.tables.histories import KEY, SCHEMA, History
from tests.conformance.tables.test_versions import HISTORIES, Stored


class Keyed:
    """A table with a key, and what it should be as an ordered dictionary of rows."""

    def __init__(self, seed, folder):
        self.history = History(seed)
        self.history._few = False
        self.history.table = self.history.rows(120)
        self.stored = Stored(folder, self.history.table)

    def keys(self):
        return self.history.table[KEY].to_pylist()

    def upsert(self):
        draw = self.history.draw
        fresh = [10**6 + draw.randrange(10**9) for _ in range(draw.randrange(4))]
        known = draw.sample(self.keys(), min(len(self.keys()), draw.randrange(6)))
        same = draw.sample(sorted(set(self.keys()) - set(known)), min(2, len(set(self.keys()) - set(known))))
        rows = self.history.rows(len(fresh) + len(known), draw.sample(fresh + known, len(fresh) + len(known)))
        places = [self.keys().index(key) for key in same]
        rows = pa.concat_tables([rows, self.history.table.take(pa.array(places, pa.int64()))])
        done = upserted(Segments(self.stored.paths), Segments([self.stored.file(rows)]), [KEY], self.stored.place())
        self.stored.take(done.files)
        before = self.keys()
        order = {key: place for place, key in enumerate(before)}
        partner = {key: len(before) + place for place, key in enumerate(rows[KEY].to_pylist())}
        new = [key for key in partner if key not in order]
        indices = [partner.get(key, place) for key, place in order.items()] + [partner[key] for key in new]
        self.history.table = pa.concat_tables([self.history.table, rows]).take(pa.array(indices, pa.int64()))
        assert (done.added, done.removed) == (len(new), 0)
        assert done.changed + done.idle == rows.num_rows - len(new)
        assert done.idle >= len(same)

    def delete(self):
        draw = self.history.draw
        gone = draw.sample(self.keys(), min(len(self.keys()), draw.randrange(5)))
        rows = Segments([self.stored.file(pa.table({KEY: [*gone, -5]}))])
        done = deleted(Segments(self.stored.paths), rows, [KEY], self.stored.place())
        self.stored.take(done.files)
        kept = [place for place, key in enumerate(self.keys()) if key not in gone]
        self.history.table = self.history.table.take(pa.array(kept, pa.int64()))
        assert (done.removed, done.idle) == (len(gone), 1)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history_of_upserts_and_deletes_reads_as_the_plain_table(seed, tmp_path):
    keyed = Keyed(seed, tmp_path)
    for number in range(12):
        getattr(keyed, keyed.history.draw.choice(["upsert", "upsert", "delete"]))()
        if number == 8:
            keyed.stored.compact()
        assert digest_table(Segments(keyed.stored.paths).stream()) == digest_table(keyed.history.table)


@pytest.fixture
def table():
    return pa.table({"a": [1, 1, 2, 2], "b": ["x", "y", "x", None], "v": [0.0, 1.0, 2.0, 3.0]})


def segments(folder, table, name="t"):
    write_segment(table, folder / f"{name}.parquet")
    return Segments([folder / f"{name}.parquet"])


def work(tmp_path):
    (tmp_path / "work").mkdir(exist_ok=True)
    return tmp_path / "work"


def test_a_key_of_several_columns_tells_rows_apart(table, tmp_path):
    old = segments(tmp_path, table.slice(0, 3))
    rows = segments(tmp_path, pa.table({"a": [2, 1, 3], "b": ["x", "y", "y"], "v": [2.0, 9.0, 4.0]}), "rows")
    done = upserted(old, rows, ["a", "b"], work(tmp_path))
    paths = [tmp_path / "t.parquet" if isinstance(file, int) else file for file in done.files]
    assert Segments(paths).read()["v"].to_pylist() == [0.0, 9.0, 2.0, 4.0]
    assert (done.added, done.changed, done.idle) == (1, 1, 1)


@pytest.mark.parametrize(
    ("key", "rows", "why"),
    [
        (["a"], {"a": [5], "b": ["x"], "v": [0.0]}, "rows share theirs with another: rows 1, 2, 3, 4"),
        (["b"], {"a": [5], "b": ["x"], "v": [0.0]}, "it is null in 1 rows of the table: rows 4"),
        (["v"], {"a": [5, 6], "b": ["x", "x"], "v": [0.5, 0.5]}, "2 rows share theirs with another: rows 1, 2"),
        (["v"], {"a": [5, 6], "b": ["x", "x"], "v": [0.5, None]}, "it is null in 1 rows of the rows: rows 2"),
        (["v", "c"], {"a": [5], "b": ["x"], "v": [0.0]}, "the table has a, b, v"),
        (["v", "v"], {"a": [5], "b": ["x"], "v": [0.0]}, "each once"),
        ([], {"a": [5], "b": ["x"], "v": [0.0]}, "one column or more"),
        (["v"], {"a": [5], "b": ["x"], "v": [1]}, "v is int64 and not float64"),
        (["v"], {"a": [5], "b": ["x"]}, "v is missing"),
        (["v"], {"a": [5], "b": ["x"], "v": [0.0], "w": [1]}, "w is not in the table"),
        (["v"], {"b": ["x"], "a": [5], "v": [0.0]}, "the order of columns differs"),
    ],
)
def test_rows_or_keys_that_do_not_fit_are_refused_with_their_names(table, tmp_path, key, rows, why):
    with pytest.raises(Invalid, match=why):
        upserted(segments(tmp_path, table), segments(tmp_path, pa.table(rows), "rows"), key, work(tmp_path))
    assert list(work(tmp_path).iterdir()) == []


def test_a_column_of_lists_is_no_key(tmp_path):
    old = segments(tmp_path, pa.table({"a": [[1], [2]]}))
    with pytest.raises(Invalid, match="a key is made of plain values"):
        deleted(old, old, ["a"], work(tmp_path))


def test_keys_are_equal_as_values_are_in_a_digest(tmp_path):
    old = segments(tmp_path, pa.table({"k": [0.0, float("nan"), 1.0], "v": [1, 2, 3]}))
    rows = segments(tmp_path, pa.table({"k": [-0.0, float("nan")]}), "rows")
    done = deleted(old, rows, ["k"], work(tmp_path))
    assert (done.removed, done.idle) == (1, 1)


KEYS = {
    "bool": pa.array([True, False]),
    "utf8": pa.array(["", "a"]),
    "binary": pa.array([b"", b"a"]),
    "date": pa.array([1, 2], pa.date32()),
    "time": pa.array([1, 2], pa.time64("us")),
    "timestamp": pa.array([1, 2], pa.timestamp("ns", "Europe/Berlin")),
    "duration": pa.array([1, 2], pa.duration("ms")),
    "decimal": pa.array([1, 2]).cast(pa.decimal128(30, 2)),
    "uint64": pa.array([0, 2**64 - 1], pa.uint64()),
    "float16": pa.array(np.array([0.5, 1.5], np.float16)),
    "int8": pa.array([-128, 127], pa.int8()),
}


@pytest.mark.parametrize("kind", KEYS)
def test_columns_of_every_plain_type_may_be_a_key(tmp_path, kind):
    old = segments(tmp_path, pa.table({"k": KEYS[kind]}))
    done = deleted(old, segments(tmp_path, pa.table({"k": KEYS[kind].slice(1)}), "rows"), ["k"], work(tmp_path))
    assert (done.removed, done.idle) == (1, 0)


def test_keys_with_more_combinations_than_fit_a_number_are_told_apart(tmp_path):
    rows = 4000
    columns = {name: np.random.default_rng(place).permutation(rows) for place, name in enumerate("abcdefg")}
    old = segments(tmp_path, pa.table(columns))
    done = deleted(old, segments(tmp_path, pa.table(columns).slice(0, 3000), "rows"), list(columns), work(tmp_path))
    assert (done.removed, done.idle) == (3000, 0)


# Equal values


@pytest.mark.parametrize("seed", range(6))
def test_values_are_equal_if_and_only_if_their_digests_are(seed):
    history = History(seed)
    left = plain_table(history.rows(80))
    right = plain_table(pa.concat_tables([left.slice(0, 20), history.rows(60)]))
    for field in fields_of(SCHEMA):
        found = equal_values(left, right, field).tolist()
        expected = [
            digest_table(left.select([field.name]).slice(row, 1)) == digest_table(right.select([field.name]).slice(row, 1))
            for row in range(80)
        ]
        assert found == expected, field


# Differences


def difference(tmp_path, left, right, *key):
    for name, side in (("left", left), ("right", right)):
        write_segment(side, tmp_path / name)
    return ParquetVersions().difference([tmp_path / "left"], [tmp_path / "right"], key)


@pytest.mark.parametrize("seed", range(12))
def test_a_difference_by_key_counts_what_was_changed(seed, tmp_path):
    history = History(seed)
    history._few = False
    left = history.rows(60)
    keys = left[KEY].to_pylist()
    draw = history.draw
    gone, changed = draw.sample(keys, 5), draw.sample(keys, 9)
    kept = [key for key in keys if key not in gone]
    right = pa.concat_tables([history.rows(len(kept), kept), history.rows(7)])
    stays = [place for place, key in enumerate(kept) if key not in changed]
    order = [keys.index(key) if place in stays else 60 + place for place, key in enumerate(kept)]
    right = pa.concat_tables([left, right]).take(pa.array([*order, *range(60 + len(kept), 60 + len(kept) + 7)]))
    shuffled = right.take(pa.array(draw.sample(range(right.num_rows), right.num_rows)))
    found = difference(tmp_path, left, shuffled, KEY)
    rows = {row[KEY]: row for row in left.to_pylist()}
    digests = lambda table: {  # noqa: E731 - short
        (table[KEY][row].as_py(), name): digest_table(table.select([name]).slice(row, 1)).digest
        for row, name in itertools.product(range(table.num_rows), table.column_names)
    }
    before, after = digests(left), digests(right)
    differing = [one for one in after if one in before and before[one] != after[one]]
    assert (found.added, found.removed, found.rows) == (7, 5, (60, 62))
    assert found.changed == len({key for key, _ in differing})
    assert found.values == {name: count for name in SCHEMA.names if (count := sum(one == name for _, one in differing))}
    assert all(one["key"][KEY] in rows and one["column"] in SCHEMA.names for one in found.examples["changed"])
    assert len({one["row"] for one in found.examples["changed"]}) <= 5


def test_a_difference_without_a_key_aligns_rows(tmp_path):
    left = pa.table({"a": range(1000), "b": ["x"] * 1000})
    right = pa.table({"a": [*range(5), 5000, *range(6, 500), *range(510, 1000), 7000], "b": ["x"] * 991})
    found = difference(tmp_path, left, right)
    assert (found.added, found.removed, found.changed, dict(found.values)) == (1, 10, 1, {"a": 1})
    assert found.examples["added"] == [{"a": 7000, "b": "x"}]
    assert [row["a"] for row in found.examples["removed"]] == [500, 501, 502, 503, 504]
    assert found.examples["changed"] == [{"row": 6, "key": {}, "column": "a", "old": 5, "new": 5000}]


def test_a_difference_tells_of_columns_and_compares_those_that_stayed(tmp_path):
    left = pa.table({"a": [1, 2], "gone": [1, 2], "typed": pa.array([1, 2], pa.int32())})
    right = pa.table({"a": [1, 3], "typed": [1, 2], "come": ["x", "y"]})
    found = difference(tmp_path, left, right)
    assert (found.added_columns, found.removed_columns) == ((("come", "utf8"),), (("gone", "int64"),))
    assert found.retyped_columns == (("typed", "int32", "int64"),)
    assert (found.changed, found.values) == (1, {"a": 1})


def test_equal_tables_do_not_differ(tmp_path):
    table = History(1).rows(50)
    found = difference(tmp_path, table, table)
    assert (found.added, found.removed, found.changed, found.values) == (0, 0, 0, {})


def test_tables_without_a_common_column_share_no_row(tmp_path):
    found = difference(tmp_path, pa.table({"a": [1, 2]}), pa.table({"b": [1]}))
    assert (found.added, found.removed, found.changed) == (1, 2, 0)
