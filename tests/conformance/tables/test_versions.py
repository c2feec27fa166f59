"""Versions of a table: whatever was changed, and however it is stored, what is read is the table."""

import os

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from remint.adapters.tables.edits import Edit, Joined, read_edit, write_edit
from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import Segments, write_segment
from remint.adapters.tables.plain import plain_table
from remint.adapters.tables.reader import ParquetTables
from remint.adapters.tables.versions import apply, changed, compacted, rows_of
from remint.errors import BlobMissing, Corrupt
from tests.conformance.tables.histories import History

HISTORIES = 1000 if os.environ.get("REMINT_TEST_FULL") == "1" else 25
CHANGES = 14


class Stored:
    """Versions of a table in a folder, as a list of files."""

    def __init__(self, folder, table):
        self.folder = folder
        self.made = 0
        self.paths = [self.file(table)]

    def place(self):
        self.made += 1
        place = self.folder / f"{self.made:04}"
        place.mkdir()
        return place

    def file(self, table):
        path = self.place() / "table.parquet"
        write_segment(table, path)
        return path

    def take(self, files):
        self.paths = [self.paths[file] if isinstance(file, int) else file for file in files]

    def change(self, table):
        """Store a table after the version there is."""
        new = self.file(table)
        found = changed(Segments(self.paths), Segments([new]), self.place())
        if found is None:
            self.paths = [new]
        else:
            self.take(found.files)

    def compact(self):
        self.take(compacted(Segments(self.paths), self.place()))


def differing(found, wanted):
    """Return how many rows of one table are not in the other as often; it looks at plain values, not at digests."""
    left, right = ([repr(row) for row in table.to_pylist()] for table in (found, wanted))
    return sum(a != b for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history_of_random_changes_reads_as_the_plain_table_at_every_step(seed, tmp_path):
    history = History(seed)
    stored = Stored(tmp_path, history.table)
    for number in range(CHANGES):
        change = history.change()
        stored.change(history.table)
        if number == CHANGES // 2:
            stored.compact()
        found = Segments(stored.paths)
        assert digest_table(found.stream()) == digest_table(history.table), change
        assert found.rows == history.table.num_rows
    assert max(chain.edits for chain in found.chains) <= 8
    start = history.draw.randint(0, found.rows)
    count = history.draw.randint(0, found.rows - start)
    columns = ["text", "key"]
    assert digest_table(found.read_rows(start, count, columns)) == digest_table(
        history.table.slice(start, count).select(columns)
    )
    assert differing(found.read(), history.table) == 0
    names, rows = ParquetTables().query("select key, text, flag, items, price from this", {"this": stored.paths}, limit=10**6)
    assert [dict(zip(names, row, strict=True)) for row in rows] == history.table.select(names).to_pylist()
    read = pl.from_arrow(found.read().drop_columns(["nothing"]))
    assert read.equals(pl.from_arrow(plain_table(history.table).drop_columns(["nothing"])), null_equal=True)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_any_deletes_and_inserts_are_applied(seed, tmp_path):
    history = History(seed)
    stored = Stored(tmp_path, history.table)
    for _ in range(CHANGES):
        count = history.table.num_rows
        deletes = np.flatnonzero(np.random.default_rng(history.draw.randrange(2**32)).random(count) < 0.04)
        kept = history.table.take(pa.array(np.delete(np.arange(count), deletes)))
        new = history.rows(history.draw.choice([0, 1, 9]))
        total = kept.num_rows + new.num_rows
        inserts = np.array(sorted(history.draw.sample(range(total), new.num_rows)), np.int64)
        order = np.empty(total, np.int64)
        stays = np.ones(total, np.bool_)
        stays[inserts] = False
        order[stays], order[inserts] = np.arange(kept.num_rows), kept.num_rows + np.arange(new.num_rows)
        history.table = pa.concat_tables([kept, new]).take(pa.array(order))
        wanted = stored.file(history.table)
        stored.take(apply(Segments(stored.paths), deletes, inserts, rows_of(Segments([wanted])), stored.place()))
        assert digest_table(Segments(stored.paths).stream()) == digest_table(history.table)


@pytest.fixture(scope="module")
def large():
    rows, draw = 200_000, np.random.default_rng(5)
    return pa.table(
        {
            "id": np.arange(rows),
            "value": draw.normal(size=rows),
            "name": pa.array([f"name {n}" for n in draw.integers(0, 999, rows)]),
        }
    )


def without(table, places):
    return table.take(pa.array(np.delete(np.arange(table.num_rows), places)))


def scattered(rows):
    return np.arange(37, rows, 100)


def edited(table):
    factor = np.ones(table.num_rows)
    factor[scattered(table.num_rows)] = -1
    return table.set_column(1, "value", pc.multiply(table["value"], pa.array(factor)))


def inserted(table):
    order = np.insert(np.arange(table.num_rows), scattered(table.num_rows), 11)
    return table.take(pa.array(order))


CHANGED = {
    "scattered edits": (edited, 0.03),
    "a range": (
        lambda table: pa.concat_tables([table.slice(0, 70_000), edited(table).slice(70_000, 2_000), table.slice(72_000)]),
        0.02,
    ),
    "scattered inserts": (inserted, 0.03),
    "scattered deletes": (lambda table: without(table, scattered(table.num_rows)), 0.01),
    "an append": (lambda table: pa.concat_tables([table, table.slice(5, 2_000)]), 0.03),
    "nothing": (lambda table: table, 0.0),
}
WRITERS = {
    "pyarrow": lambda table, path: pq.write_table(table, path, row_group_size=33_333, compression="snappy"),
    "pandas": lambda table, path: table.to_pandas().to_parquet(path),
    "polars": lambda table, path: pl.from_arrow(table).write_parquet(path),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("change", CHANGED)
def test_a_small_change_by_any_writer_stores_little(large, tmp_path, change, writer):
    change_of, most = CHANGED[change]
    stored = Stored(tmp_path, large)
    first, path = stored.paths[0], tmp_path / "new.parquet"
    WRITERS[writer](change_of(large), path)
    stored.take(changed(Segments(stored.paths), Segments([path]), stored.place()).files)
    assert stored.paths[0] == first
    assert sum(path.stat().st_size for path in stored.paths[1:]) <= most * first.stat().st_size
    assert digest_table(Segments(stored.paths).stream()).digest == digest_table(change_of(large)).digest


def test_rows_that_all_repeat_are_found_by_their_neighbours(tmp_path):
    draw = np.random.default_rng(3)
    table = pa.table({"a": draw.integers(0, 2, 50_000), "b": draw.integers(0, 2, 50_000)})
    changed = without(table, scattered(50_000))
    stored = Stored(tmp_path, table)
    stored.change(changed)
    assert len(stored.paths) == 2
    assert digest_table(Segments(stored.paths).stream()) == digest_table(changed)


def test_a_table_that_was_shuffled_is_stored_whole(large, tmp_path):
    stored = Stored(tmp_path, large)
    stored.change(large.take(pa.array(np.random.default_rng(1).permutation(large.num_rows))))
    assert len(stored.paths) == 1


def test_a_block_that_moved_is_written_once(large, tmp_path):
    moved = pa.concat_tables([large.slice(0, 50_000), large.slice(60_000), large.slice(50_000, 10_000)])
    stored = Stored(tmp_path, large)
    first = stored.paths[0]
    stored.change(moved)
    assert stored.paths[0] == first
    assert digest_table(Segments(stored.paths).stream()) == digest_table(moved)


def test_a_ninth_edit_folds_the_segment(large, tmp_path):
    stored = Stored(tmp_path, large)
    counts = []
    for number in range(10):
        large = without(large, [number * 1000])
        stored.change(large)
        counts.append(len(stored.paths))
    assert counts == [2, 3, 4, 5, 6, 7, 8, 9, 1, 2]


def test_edits_beyond_a_tenth_fold_the_segment_they_are_in_alone(large, tmp_path):
    stored = Stored(tmp_path, large.slice(0, 100_000))
    stored.paths.append(stored.file(large.slice(100_000)))
    first = stored.paths[0]
    changed = pa.concat_tables([large.slice(0, 150_000), large.slice(162_000)])
    stored.change(changed)
    assert stored.paths[0] == first
    assert len(stored.paths) == 2
    assert digest_table(Segments(stored.paths).stream()) == digest_table(changed)


def test_a_table_with_a_column_named_as_those_of_edits_is_stored_whole(tmp_path):
    table = pa.table({"#row": [1, 2, 3], "a": [1, 2, 3]})
    stored = Stored(tmp_path, table)
    stored.change(table.slice(1))
    assert len(stored.paths) == 1


def test_an_edited_table_streams_a_row_group_at_a_time(large, tmp_path):
    stored = Stored(tmp_path, large)
    stored.change(inserted(large))
    assert max(batch.num_rows for batch in Segments(stored.paths).stream()) <= 131_072 * 1.02


# What an edit file may hold


@pytest.fixture
def edit_of_ten(tmp_path):
    """A segment of ten rows, and an edit of it that deletes two and inserts two."""
    table = pa.table({"a": pa.array(range(10)), "b": pa.array(map(str, range(10)))})
    write_segment(table, tmp_path / "segment")
    edit = Edit(np.array([2, 7]), np.array([0, 9]), table.slice(4, 2))
    write_edit(edit, tmp_path / "edit", fields=Segments([tmp_path / "segment"]).fields, before=10)
    return tmp_path


def test_an_edit_reads_as_what_it_does(edit_of_ten):
    found = Segments([edit_of_ten / "segment", edit_of_ten / "edit"])
    assert found.read()["a"].to_pylist() == [4, 0, 1, 3, 4, 5, 6, 8, 9, 5]
    assert found.rows_per_segment == [10]


def rewritten(table, **changes):
    for name, values in changes.items():
        place = table.column_names.index("#" + name)
        table = table.set_column(place, pa.field("#" + name, pa.array(values).type), pa.array(values))
    return table


def told(table, **changes):
    metadata = {**table.schema.metadata, **{name.replace("_", ".").encode(): value for name, value in changes.items()}}
    return table.replace_schema_metadata(metadata)


DAMAGE = {
    "op unknown": lambda table: rewritten(table, op=pa.array([0, 0, 1, 2], pa.int8())),
    "ops out of order": lambda table: rewritten(table, op=pa.array([0, 1, 0, 1], pa.int8())),
    "op missing": lambda table: rewritten(table, op=pa.array([0, 0, 1, None], pa.int8())),
    "op of another type": lambda table: rewritten(table, op=pa.array([0, 0, 1, 1], pa.int64())),
    "row missing": lambda table: rewritten(table, row=pa.array([2, None, 0, 9], pa.int64())),
    "row of another type": lambda table: rewritten(table, row=pa.array([2.0, 7.0, 0.0, 9.0])),
    "delete twice": lambda table: rewritten(table, row=[2, 2, 0, 9]),
    "delete descending": lambda table: rewritten(table, row=[7, 2, 0, 9]),
    "delete beyond the end": lambda table: rewritten(table, row=[2, 10, 0, 9]),
    "delete before the start": lambda table: rewritten(table, row=[-1, 7, 0, 9]),
    "insert twice": lambda table: rewritten(table, row=[2, 7, 9, 9]),
    "insert beyond the end": lambda table: rewritten(table, row=[2, 7, 0, 10]),
    "insert before the start": lambda table: rewritten(table, row=[2, 7, -1, 9]),
    "rows left out": lambda table: table.slice(0, 3),
    "a column left out": lambda table: table.drop_columns(["b"]),
    "a column more": lambda table: table.append_column("c", pa.nulls(4)),
    "columns in another order": lambda table: table.select(["#row", "#op", "a", "b"]),
    "other columns told": lambda table: told(table, remint_table=b'[{"name":"a","type":"int64"}]'),
    "columns told badly": lambda table: told(table, remint_table=b"{"),
    "counts told badly": lambda table: told(table, remint_edit=b"{"),
    "a format to come": lambda table: told(table, remint_edit=b'{"format":2,"from":10,"to":10}'),
    "from another number of rows": lambda table: told(table, remint_edit=b'{"format":1,"from":11,"to":10}'),
    "to another number of rows": lambda table: told(table, remint_edit=b'{"format":1,"from":10,"to":11}'),
    "counts that are none": lambda table: told(table, remint_edit=b'{"format":1,"from":10,"to":true}'),
    "counts left out": lambda table: told(table, remint_edit=b'{"format":1}'),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_edit_with_any_field_altered_is_corrupt(edit_of_ten, damage):
    pq.write_table(DAMAGE[damage](pq.read_table(edit_of_ten / "edit")), edit_of_ten / "bad")
    with pytest.raises(Corrupt, match="segment bad"):
        Segments([edit_of_ten / "segment", edit_of_ten / "bad"]).read()


def test_an_edit_without_a_segment_is_corrupt(edit_of_ten):
    with pytest.raises(Corrupt, match="the segment it changes was not given"):
        Segments([edit_of_ten / "edit"])


def test_an_edit_that_is_gone_is_named(edit_of_ten):
    with pytest.raises(BlobMissing, match="segment gone"):
        Segments([edit_of_ten / "segment", edit_of_ten / "gone"])


def test_more_edits_than_eight_are_corrupt(edit_of_ten):
    with pytest.raises(Corrupt, match="after 8 edits"):
        Segments([edit_of_ten / "segment", *[edit_of_ten / "edit"] * 9])


def test_a_segment_is_no_edit(edit_of_ten):
    fields = Segments([edit_of_ten / "segment"]).fields
    with pytest.raises(Corrupt, match="no edit of 10 rows"):
        read_edit(edit_of_ten / "segment", fields=fields, before=10)


def test_a_cut_edit_is_corrupt(edit_of_ten):
    content = (edit_of_ten / "edit").read_bytes()
    for size in range(0, len(content), 97):
        (edit_of_ten / "bad").write_bytes(content[:size])
        with pytest.raises(Corrupt, match="segment bad"):
            Segments([edit_of_ten / "segment", edit_of_ten / "bad"]).read()


def test_edits_joined_do_what_they_do_one_after_the_other():
    first = Edit(np.array([1, 3]), np.array([0, 2]), pa.table({"a": ["X", "Y"]}))
    second = Edit(np.array([0, 1]), np.array([0]), pa.table({"a": ["Z"]}))
    joined = Joined.of([first, second], before=5)
    # abcde -> X a Y c e -> Z Y c e
    assert (joined.deletes.tolist(), joined.inserts.tolist(), joined.origins.tolist()) == ([0, 1, 3], [0, 1], [2, 1])
    assert joined.after == 4
