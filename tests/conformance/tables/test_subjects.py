"""Rows of a subject in Parquet files: what is found, and what is left when they are gone."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remint.adapters.tables.following import ParquetVersions
from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import read_segments, write_segment
from remint.adapters.tables.subjects import ParquetSubjects
from remint.errors import Corrupt

ROWS = ParquetSubjects()
TABLE = pa.table(
    {
        "id": pa.array([None, *range(300_000)], pa.int64()),
        "name": pa.array([None, *(f"n{n % 1000}" for n in range(300_000))]),
        "x": np.arange(300_001) / 7,
    }
)


@pytest.fixture(scope="module")
def segment(tmp_path_factory):
    path = tmp_path_factory.mktemp("subjects") / "segment.parquet"
    write_segment(TABLE, path)
    return path


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({"id": 5}, 1),
        ({"id": 299_999}, 1),
        ({"id": 300_000}, 0),
        ({"id": -1}, 0),
        ({"name": "n7"}, 300),
        ({"name": "N7"}, 0),
        ({"name": "zzz"}, 0),
        ({"id": 7, "name": "n7"}, 300),
        ({"id": 8, "name": "n7"}, 301),
        ({"x": 1 / 7}, 1),
    ],
)
def test_rows_are_counted_and_go_and_no_other(segment, tmp_path, wanted, rows):
    assert ROWS.held(segment, wanted) == ROWS.count([segment], wanted) == rows
    assert ROWS.without([segment], wanted, tmp_path / "rest.parquet") == TABLE.num_rows - rows
    rest = read_segments([tmp_path / "rest.parquet"])
    same = [pc.fill_null(pc.equal(TABLE[name], value), False) for name, value in wanted.items()]
    gone = same[0] if len(same) == 1 else pc.or_(*same)
    assert rest.equals(TABLE.filter(pc.invert(gone)))
    assert ROWS.held(tmp_path / "rest.parquet", wanted) == 0


def test_a_row_group_that_cannot_hold_the_value_is_not_read(segment, tmp_path):
    damaged = bytearray(segment.read_bytes())
    last = pq.ParquetFile(segment).metadata.row_group(2).column(0)
    damaged[last.data_page_offset + last.total_compressed_size // 2] ^= 0xFF
    (tmp_path / "damaged.parquet").write_bytes(damaged)
    assert ROWS.held(tmp_path / "damaged.parquet", {"id": 5}) == 1
    with pytest.raises(Corrupt):
        ROWS.held(tmp_path / "damaged.parquet", {"id": 299_999})


def test_the_limits_that_a_foreign_writer_says_are_not_believed(tmp_path):
    # Parquet lets a writer cut the greatest text short.
    path = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"id": ["b", "a"]}), path)
    content = path.read_bytes()
    footer = content.rindex(b"PAR1") - 4
    place = content.index(b"\x01b", footer - int.from_bytes(content[footer : footer + 4], "little"))
    path.write_bytes(content[: place + 1] + b"a" + content[place + 2 :])
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).statistics.max == "a"
    assert ROWS.held(path, {"id": "b"}) == 1


def test_the_same_rows_make_the_same_bytes(segment, tmp_path):
    for name in ("one", "two"):
        ROWS.without([segment], {"id": 5}, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_edit_holds_the_rows_that_it_brings_and_not_those_that_it_removes(tmp_path):
    base, gone = tmp_path / "base.parquet", tmp_path / "gone.parquet"
    write_segment(pa.table({"id": np.arange(1000), "x": np.arange(1000)}), base)
    write_segment(pa.table({"id": [5]}), gone)
    (tmp_path / "a").mkdir()
    without = ParquetVersions().deleted([base], [gone], ["id"], tmp_path / "a").files
    edit = without[1]
    assert [ROWS.held(base, {"id": 5}), ROWS.held(edit, {"id": 5})] == [1, 0]
    assert ROWS.count([base, edit], {"id": 5}) == 0
    come = tmp_path / "come.parquet"
    write_segment(pa.table({"id": [6], "x": [-1]}), come)
    (tmp_path / "b").mkdir()
    changed = ParquetVersions().upserted([base], [come], ["id"], tmp_path / "b").files
    assert ROWS.held(changed[1], {"id": 6}) == ROWS.count([base, changed[1]], {"id": 6}) == 1
    ROWS.without([base, changed[1]], {"id": 6}, tmp_path / "rest.parquet")
    assert ROWS.held(tmp_path / "rest.parquet", {"id": 6}) == 0


@settings(max_examples=60)
@given(st.lists(st.sampled_from([None, "a", "b", "é", ""]), max_size=40), st.sampled_from(["a", "é", "", "c"]))
def test_what_is_left_is_what_a_plain_filter_leaves(tmp_path_factory, values, wanted):
    folder = tmp_path_factory.mktemp("filtered")
    table = pa.table({"who": pa.array(values, pa.string()), "n": pa.array(range(len(values)), pa.int64())})
    write_segment(table, folder / "all.parquet")
    ROWS.without([folder / "all.parquet"], {"who": wanted}, folder / "rest.parquet")
    kept = [(who, n) for n, who in enumerate(values) if who != wanted]
    expected = pa.table(
        {"who": pa.array([who for who, _ in kept], pa.string()), "n": pa.array([n for _, n in kept], pa.int64())}
    )
    assert digest_table(read_segments([folder / "rest.parquet"])) == digest_table(expected)
