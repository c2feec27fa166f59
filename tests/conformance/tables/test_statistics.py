"""Statistics of columns: what DuckDB tells is what Arrow and numpy count over the plain table."""

import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from remint.adapters.tables import statistics
from remint.adapters.tables.parquet import Segments, write_segment
from remint.adapters.tables.statistics import BARS, TOP, DuckStatistics
from remint.adapters.tables.versions import changed
from tests.conformance.tables.histories import History

WAYS = ["exact", "close"]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Whether the table is held, or read in batches and estimated."""
    if request.param == "close":
        monkeypatch.setattr(statistics, "EXACT_VALUES", -1)
    return request.param


@pytest.fixture
def summary(tmp_path):
    def told(table, **options):
        path = tmp_path / "table.parquet"
        write_segment(table, path)
        return DuckStatistics().summary([path], **options)

    return told


def column(summary, table):
    """Return what is told of a table's only column."""
    found = summary(table)
    assert len(found.columns) == 1
    return found.columns[0]


@pytest.fixture(scope="module")
def numbers():
    draw = np.random.default_rng(3)
    values = draw.normal(50, 12, 20_000)
    return pa.table({"x": pa.array(values, mask=draw.random(20_000) < 0.1)})


def test_numbers_have_the_moments_that_numpy_finds(summary, numbers, way):
    found = column(summary, numbers)
    known = numbers["x"].drop_null().to_numpy()
    assert (found.kind, found.nulls) == ("number", numbers["x"].null_count)
    assert (found.minimum, found.maximum) == (known.min(), known.max())
    assert found.mean == pytest.approx(known.mean(), rel=1e-12)
    assert found.deviation == pytest.approx(known.std(ddof=1), rel=1e-9)
    close = {"exact": {"rel": 1e-12}, "close": {"rel": 0.02}}[way]
    assert found.quartiles == pytest.approx(list(np.quantile(known, [0.25, 0.5, 0.75])), **close)
    assert found.distinct == pytest.approx(len(np.unique(known)), rel=1e-12 if way == "exact" else 0.1)


def test_bars_count_every_value_once(summary, numbers, way):
    found = column(summary, numbers)
    known = numbers["x"].drop_null().to_numpy()
    assert list(found.bars) == list(np.histogram(known, bins=BARS, range=(known.min(), known.max()))[0])


@pytest.mark.parametrize("low", [1, -7, 2**40])
@pytest.mark.parametrize("count", [1, 2, 12, 23, 24, 31, 366])
def test_bars_of_integers_have_as_many_of_them_each(summary, low, count, way):
    """With one more or less, an even column would look uneven."""
    found = column(summary, pa.table({"x": [low + number for number in range(count)] * 5}))
    each = -(-count // BARS)
    assert list(found.bars) == [5 * min(each, count - start) for start in range(0, count, each)]


def test_values_that_are_not_finite_are_counted_and_left_out(summary, way):
    odd = [1.0, 3.0, float("nan"), float("inf"), float("-inf"), None]
    found = column(summary, pa.table({"x": odd}))
    assert (found.nulls, found.not_finite, found.minimum, found.maximum, found.mean) == (1, 3, 1.0, 3.0, 2.0)


@pytest.mark.parametrize("values", [[1e308, -1e308, 1e308], [5e-324, 0.0], [2**63 - 1, -(2**63)], [7]])
def test_extreme_numbers_break_nothing(summary, values, way):
    found = column(summary, pa.table({"x": values}))
    assert (found.minimum, found.maximum) == (min(values), max(values))


def test_decimals_are_told_exactly(summary, way):
    values = [decimal.Decimal("-0.01"), decimal.Decimal("1234567.25"), None]
    found = column(summary, pa.table({"x": pa.array(values, pa.decimal128(20, 2))}))
    assert (found.minimum, found.maximum, found.nulls) == (values[0], values[1], 1)


def test_texts_have_their_most_frequent_values(summary, way):
    texts = ["ä€"] * 50 + ["b"] * 30 + ["'; drop table"] * 20 + [None] * 5
    found = column(summary, pa.table({"x": texts}))
    assert list(found.top) == [("ä€", 50), ("b", 30), ("'; drop table", 20)]
    assert (found.distinct, found.nulls, found.minimum, found.maximum) == (3, 5, "'; drop table", "ä€")


def test_a_text_of_any_length_is_told_by_its_first_letters(summary, way):
    found = column(summary, pa.table({"x": ["x" * 10_000]}))
    assert [len(value) for value, _ in found.top] == [200]
    assert len(found.minimum) == 200


def test_of_many_texts_the_first_few_are_told(summary, way):
    found = column(summary, pa.table({"x": [f"{number}" for number in range(500)] + ["often"] * 100}))
    assert len(found.top) == TOP
    assert found.top[0] == ("often", 100)


def test_truth_is_counted(summary, way):
    found = column(summary, pa.table({"x": [True, False, True, None]}))
    assert (found.kind, list(found.top), found.nulls) == ("truth", [(True, 2), (False, 1)], 1)


DAY = dt.datetime(2013, 1, 1, 6, 30)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_times_have_a_range(summary, unit, zone, way):
    values = [DAY.replace(tzinfo=dt.UTC if zone else None) + dt.timedelta(hours=hour) for hour in range(5)]
    found = column(summary, pa.table({"x": pa.array(values, pa.timestamp(unit, zone))}))
    tail = "+00" if zone else ""
    assert (found.kind, found.minimum, found.maximum) == ("time", f"2013-01-01 06:30:00{tail}", f"2013-01-01 10:30:00{tail}")
    assert found.quartiles[1] == f"2013-01-01 08:30:00{tail}"
    assert sum(found.bars) == 5


def test_days_and_hours_have_a_range(summary, way):
    table = pa.table({"day": [dt.date(2013, 1, day) for day in (1, 2, 3)], "hour": [dt.time(hour) for hour in (0, 12, 23)]})
    day, hour = summary(table).columns
    assert (day.minimum, day.quartiles[1], day.maximum) == ("2013-01-01", "2013-01-02", "2013-01-03")
    assert (hour.minimum, hour.quartiles[1], hour.maximum) == ("00:00:00", "12:00:00", "23:00:00")


def test_a_day_beyond_the_calendar_of_python_is_told(summary, way):
    found = column(summary, pa.table({"x": pa.array([0, 10_000_000], pa.int32()).cast(pa.date32())}))
    assert found.maximum == "29349-01-26"


@pytest.mark.parametrize("name", ['with "quotes"', "select", "", "c0", "ünï", "a;b"])
def test_a_column_may_have_any_name(summary, name, way):
    found = column(summary, pa.table({name: [1, 2]}))
    assert (found.name, found.maximum) == (name, 2)


def test_names_that_differ_in_case_alone_are_two_columns(summary, way):
    small, large = summary(pa.table({"a": [1], "A": [2]})).columns
    assert (small.maximum, large.maximum) == (1, 2)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"x": pa.array([], pa.int64()), "t": pa.array([], pa.string())}),
        pa.table({"x": pa.array([None, None], pa.float64()), "t": pa.array([None, None], pa.timestamp("us"))}),
        pa.table({"x": pa.nulls(3), "t": pa.array([[1], None, []])}),
    ],
)
def test_a_table_without_values_has_none(summary, table, way):
    for found, values in zip(summary(table).columns, table.columns, strict=True):
        assert (found.nulls, found.minimum, list(found.top), list(found.quartiles)) == (values.null_count, None, [], [])


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.uint64(), pa.int8(), pa.decimal256(40, 2)])
def test_every_type_of_number_is_told(summary, kind, way):
    found = column(summary, pa.table({"x": pa.array([1, 2, 4], pa.int8()).cast(pa.float32()).cast(kind)}))
    assert (float(found.minimum), float(found.maximum), found.mean) == (1.0, 4.0, pytest.approx(7 / 3))


def test_the_edits_of_a_version_are_applied(tmp_path, way):
    old, new = pa.table({"x": list(range(1000))}), pa.table({"x": [*range(500), 10**6, *range(501, 1000)]})
    write_segment(old, tmp_path / "old.parquet")
    write_segment(new, tmp_path / "new.parquet")
    (tmp_path / "edits").mkdir()
    files = changed(Segments([tmp_path / "old.parquet"]), Segments([tmp_path / "new.parquet"]), tmp_path / "edits").files
    paths = [tmp_path / "old.parquet" if isinstance(file, int) else file for file in files]
    assert len(paths) == 2
    found = DuckStatistics().summary(paths)
    assert (found.rows, found.columns[0].maximum) == (1000, 10**6)


@pytest.mark.parametrize("seed", range(10))
def test_random_tables_are_counted_as_arrow_counts(summary, seed, way):
    history = History(seed)
    table = pa.concat_tables([history.table, history.rows(300)])
    for found, values in zip(summary(table).columns, table.columns, strict=True):
        assert found.nulls == values.null_count
        counts = pc.value_counts(values.drop_null()).to_pylist() if found.kind in {"text", "truth"} and way == "exact" else []
        told = {one["values"][:200] if found.kind == "text" else one["values"]: one["counts"] for one in counts}
        assert not told or dict(found.top).items() <= told.items()
        assert found.kind not in {"number", "time"} or sum(found.bars) in {0, len(table) - found.nulls - found.not_finite}


def test_it_says_how_far_it_is(summary, way):
    told = []
    summary(pa.table({"x": list(range(300_000))}), on_rows=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert len(told) > 2


def test_a_large_table_is_not_held(summary, monkeypatch):
    monkeypatch.setattr(statistics, "EXACT_VALUES", 1000)
    assert not summary(pa.table({"x": list(range(1001))})).is_exact
    assert summary(pa.table({"x": list(range(1000))})).is_exact
