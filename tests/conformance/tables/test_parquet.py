"""Parquet segments: what goes in comes out, whatever the type."""

import datetime as dt
import subprocess
import sys

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import ROW_GROUP_ROWS, Segments, read_segments, write_segment
from remint.adapters.tables.plain import plain_table
from remint.errors import BlobMissing, Corrupt, Invalid

NOT_IN_PARQUET = {"bare", "hundreds"}


def storable(vector, builder):
    rows = vector["rows"]
    columns = [column for column in vector["columns"] if column["name"] not in NOT_IN_PARQUET]
    arrays = []
    for column in columns:
        held = column["values"]
        arrays.append(builder.build(column["type"], [held[place % len(held)] for place in range(rows)]))
    return pa.Table.from_arrays(arrays, names=[column["name"] for column in columns])


def test_every_type_keeps_its_digest_in_a_segment(vector, dirty, tmp_path):
    table = storable(vector, dirty)
    assert write_segment(table, tmp_path / "s.parquet") == table.num_rows
    assert digest_table(read_segments([tmp_path / "s.parquet"])) == digest_table(table)


def test_a_plain_table_has_the_digest_of_its_source(vector, dirty):
    table = storable(vector, dirty)
    assert digest_table(plain_table(table.slice(1))) == digest_table(table.slice(1))


def test_a_plain_table_has_one_layout(vector, clean, dirty):
    one, other = plain_table(storable(vector, clean)), plain_table(storable(vector, dirty))
    assert one.schema == other.schema


@pytest.fixture(scope="module")
def table():
    rows = 300_000
    draw = np.random.default_rng(1)
    return pa.table(
        {
            "id": pa.array(np.arange(rows)),
            "carrier": pa.array([("AA", "UA", None)[number % 3] for number in range(rows)]),
            "late": pa.array(draw.normal(size=rows), mask=draw.random(rows) < 0.1),
            "at": pa.array(np.arange(rows), pa.timestamp("s", "UTC")),
        }
    )


def test_equal_tables_of_other_layout_give_equal_files(table, tmp_path):
    other = table.set_column(1, "carrier", table["carrier"].dictionary_encode()).replace_schema_metadata({"pandas": "{}"})
    write_segment(table, tmp_path / "a")
    write_segment(other.to_reader(max_chunksize=7_777), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_row_groups_hold_two_blocks(table, tmp_path):
    write_segment(table, tmp_path / "a")
    metadata = pq.ParquetFile(tmp_path / "a").metadata
    assert [metadata.row_group(place).num_rows for place in range(3)] == [
        ROW_GROUP_ROWS,
        ROW_GROUP_ROWS,
        300_000 % ROW_GROUP_ROWS,
    ]
    assert b"pandas" not in metadata.metadata


@pytest.fixture
def segments(table, tmp_path):
    cuts = [0, 1, 140_000, 140_000, 300_000]
    paths = [tmp_path / f"{place}.parquet" for place in range(4)]
    for path, start, stop in zip(paths, cuts, cuts[1:], strict=False):
        write_segment(table.slice(start, stop - start), path)
    return paths


def test_segments_read_as_one_table(table, segments):
    assert digest_table(read_segments(segments)) == digest_table(table)


def test_segments_stream_as_one_table(table, segments):
    assert digest_table(Segments(segments).stream()) == digest_table(table)


def test_columns_come_in_the_order_asked(table, segments):
    assert read_segments(segments, ["late", "id"]).equals(table.select(["late", "id"]))


@pytest.mark.parametrize(("start", "count"), [(0, 0), (0, 1), (139_999, 2), (131_000, 20_000), (299_999, 1), (300_000, 0)])
def test_any_range_of_rows_can_be_read(table, segments, start, count):
    assert Segments(segments).read_rows(start, count).equals(plain_table(table.slice(start, count)))


def test_rows_beyond_the_end_are_refused(segments):
    with pytest.raises(Invalid, match="300000 rows"):
        Segments(segments).read_rows(299_999, 2)


def test_a_column_that_is_not_there_is_named(segments):
    with pytest.raises(Invalid, match="no column 'delay'"):
        read_segments(segments, ["id", "delay"])


def test_a_segment_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BlobMissing, match="segment gone"):
        read_segments([tmp_path / "gone.parquet"])


def test_no_segment_is_refused():
    with pytest.raises(Invalid, match="no segment"):
        Segments([])


def test_a_segment_of_another_table_is_corrupt(segments, tmp_path):
    write_segment(pa.table({"id": [1]}), tmp_path / "other.parquet")
    with pytest.raises(Corrupt, match="does not belong"):
        Segments([segments[0], tmp_path / "other.parquet"])


def test_a_cut_segment_is_corrupt(segments, tmp_path):
    (tmp_path / "cut.parquet").write_bytes(segments[3].read_bytes()[:-100])
    with pytest.raises(Corrupt, match="segment cut"):
        read_segments([tmp_path / "cut.parquet"])


def test_a_segment_with_damaged_pages_is_corrupt(segments, tmp_path):
    content = bytearray(segments[3].read_bytes())
    content[200:5_000] = bytes(4_800)
    (tmp_path / "bad.parquet").write_bytes(content)
    with pytest.raises(Corrupt, match="segment bad"):
        read_segments([tmp_path / "bad.parquet"])


def test_a_stream_over_a_damaged_segment_is_corrupt(segments, tmp_path):
    content = bytearray(segments[3].read_bytes())
    content[200:5_000] = bytes(4_800)
    (tmp_path / "bad.parquet").write_bytes(content)
    with pytest.raises(Corrupt, match="segment bad"):
        Segments([tmp_path / "bad.parquet"]).stream().read_all()


def test_files_of_other_writers_are_read(table, tmp_path):
    pl.from_arrow(table.slice(0, 1_000)).cast({"at": pl.Datetime("us", "UTC")}).write_parquet(tmp_path / "polars.parquet")
    read = read_segments([tmp_path / "polars.parquet"])
    assert read.drop_columns("at").equals(table.slice(0, 1_000).drop_columns("at").combine_chunks())


def test_duckdb_and_polars_read_a_segment_in_place(table, segments):
    total = sum(row for row in range(1, 140_000))
    assert duckdb.sql(f"select sum(id) from '{segments[1]}'").fetchall() == [(total,)]
    assert pl.scan_parquet(segments[1]).select(pl.col("id").sum()).collect().item() == total


@pytest.mark.parametrize(
    "column",
    [pa.nulls(1, pa.struct([])), pa.nulls(1, pa.decimal128(5, -2))],
    ids=["bare struct", "negative scale"],
)
def test_what_parquet_cannot_hold_is_refused(column, tmp_path):
    with pytest.raises(Invalid, match="cannot be written as Parquet"):
        write_segment(pa.table({"c": column}), tmp_path / "s.parquet")


def test_a_bare_struct_within_a_list_is_refused(tmp_path):
    with pytest.raises(Invalid, match="column 'c' cannot be written as Parquet"):
        write_segment(pa.table({"c": pa.array([[{}]], pa.list_(pa.struct([])))}), tmp_path / "s.parquet")


def test_a_timestamp_beyond_parquet_is_refused(tmp_path):
    far = pa.array([2**62], pa.timestamp("s"))
    with pytest.raises(Invalid, match="cannot be written as Parquet"):
        write_segment(pa.table({"c": far}), tmp_path / "s.parquet")


def test_seconds_come_back_as_seconds(tmp_path):
    table = pa.table(
        {"t": pa.array([dt.time(1, 2, 3)], pa.time32("s")), "at": pa.array([5], pa.timestamp("s", "Europe/Paris"))}
    )
    write_segment(table, tmp_path / "s.parquet")
    assert read_segments([tmp_path / "s.parquet"]).equals(table)


def test_writing_and_reading_loads_no_pandas(table, tmp_path):
    write_segment(table, tmp_path / "a.parquet")
    code = (
        "import sys; from pathlib import Path; from remint.adapters.tables.parquet import read_segments, write_segment\n"
        f"at = Path({str(tmp_path)!r}); write_segment(read_segments([at / 'a.parquet']), at / 'b.parquet')\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
