"""SQL over tables (ports.tables.Tables.query): what comes back, whatever the types."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.adapters.tables.reader import ParquetTables

TIMES = [dt.datetime(2013, 7, 1, hour, tzinfo=dt.UTC) for hour in range(24)]


@pytest.fixture
def table(tmp_path):
    held = pa.table({"n": range(24), "moment": pa.array([*TIMES[:23], None], pa.timestamp("us", "America/New_York"))})
    pq.write_table(held, tmp_path / "t.parquet")
    return {"t": [tmp_path / "t.parquet"]}


def query(text, table, limit=100):
    return ParquetTables().query(text, table, limit=limit)


def test_times_in_a_zone_come_back_as_moments(table):
    names, rows = query("select moment, n from t order by n", table)
    assert names == ["moment", "n"]
    assert [at for at, _ in rows] == [*TIMES[:23], None]
    assert all(at.utcoffset() == dt.timedelta() for at, _ in rows if at is not None)


def test_beside_them_every_other_value_is_what_it_is_without_them(table):
    plain = "sum(n) as total, count(*) as n, 1.50::decimal(4, 2) as price, null::hugeint as none, 'a' as same, 'b' as same"
    names, rows = query(f"select {plain} from t", table)
    assert query(f"select {plain}, max(moment) from t", table) == ([*names, "max(moment)"], [(*rows[0], TIMES[22])])


def test_no_more_rows_than_asked_for_and_none_of_an_empty_answer(table):
    assert [n for _, n in query("select moment, n from t order by n desc", table, limit=3)[1]] == [23, 22, 21]
    assert query("select moment from t where n < 0", table) == (["moment"], [])
