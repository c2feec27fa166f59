"""A table that grows: its digest is that of the whole, from its last block alone."""

import pyarrow as pa
import pytest

from remint.adapters.tables.growing import growing_table
from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import write_segment
from remint.core.tabledigest import BLOCK_ROWS
from remint.errors import BlobAltered, Invalid

TABLE = pa.table({"a": range(3 * BLOCK_ROWS), "b": [("x", None, "é")[n % 3] for n in range(3 * BLOCK_ROWS)]})


@pytest.fixture
def file(tmp_path):
    made = iter(range(10_000))

    def write(table):
        path = tmp_path / f"{next(made)}"
        write_segment(table, path)
        return path

    return write


def growing(file, rows, *, read_from=0):
    table = TABLE.slice(0, rows)
    found = digest_table(table)
    return growing_table([file(table.slice(read_from))], found.blocks, rows=rows, digest=found.digest)


@pytest.mark.parametrize("rows", [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 90_000])
def test_rows_appended_give_the_digest_of_the_whole(file, rows):
    last = rows // BLOCK_ROWS * BLOCK_ROWS
    now = growing(file, rows, read_from=last)
    for count in (0, 1, 500, BLOCK_ROWS - 1, BLOCK_ROWS, 7):
        now = now.with_rows([file(TABLE.slice(rows, count))])
        rows += min(count, TABLE.num_rows - rows)
        expected = digest_table(TABLE.slice(0, rows))
        assert (now.digest, now.rows, now.blocks) == (expected.digest, rows, b"".join(expected.blocks))


def test_several_files_are_appended_in_order(file):
    now = growing(file, 70_000).with_rows([file(TABLE.slice(70_000, 5)), file(TABLE.slice(70_005, 80_000))])
    assert now.digest == digest_table(TABLE.slice(0, 150_005)).digest


def test_many_small_appends_hold_few_pieces(file):
    now = growing(file, 10)
    for place in range(10, 300, 2):
        now = now.with_rows([file(TABLE.slice(place, 2))])
    assert now.digest == digest_table(TABLE.slice(0, 300)).digest
    assert now._tail.column(0).num_chunks < 20


def test_what_a_table_was_stays_as_it_is(file):
    now = growing(file, 70_000)
    now.with_rows([file(TABLE.slice(0, 100_000))])
    assert now.with_rows([file(TABLE.slice(70_000, 1))]).digest == digest_table(TABLE.slice(0, 70_001)).digest


def test_last_rows_of_another_table_are_found_out(file):
    found = digest_table(TABLE.slice(0, 70_000))
    with pytest.raises(BlobAltered, match="last block"):
        growing_table([file(TABLE.slice(1, 70_000))], found.blocks, rows=70_000, digest=found.digest)


@pytest.mark.parametrize("rows", [{"a": [1]}, {"a": [1], "b": [2]}, {"a": [1], "b": ["x"], "c": [1]}, {"b": ["x"], "a": [1]}])
def test_rows_of_other_columns_are_refused(file, rows):
    with pytest.raises(Invalid, match="do not fit the table"):
        growing(file, 5).with_rows([file(pa.table(rows))])
