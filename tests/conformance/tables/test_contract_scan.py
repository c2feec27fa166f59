"""The scan of a contract: every broken rule with its rows, from Arrow and from segments alike."""

import datetime as dt
import decimal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from remint.adapters.tables.contract_scan import keys_already_stored, scan
from remint.adapters.tables.edits import Edit, write_edit
from remint.adapters.tables.parquet import Segments, write_segment
from remint.core.contract import Check, Column, Contract
from remint.errors import BlobMissing, Corrupt, Invalid


@pytest.fixture(params=["arrow", "one segment", "three segments", "an edit"])
def stored(request, tmp_path):
    """Return a function that puts a table where the scan reads it."""
    made = iter(range(100))

    def put(table):
        if request.param == "arrow":
            return table
        if request.param == "an edit":
            paths = [tmp_path / f"{next(made)}.parquet" for _ in range(2)]
            write_segment(pa.concat_tables([table, table.slice(0, 1)]), paths[0])
            fields, rows = Segments(paths[:1]).fields, Segments(paths[:1]).rows
            last = Edit(np.arange(table.num_rows, rows), np.arange(0), Segments(paths[:1]).read_rows(0, 0))
            write_edit(last, paths[1], fields=fields, before=rows)
            return paths
        parts = 1 if request.param == "one segment" else 3
        size = max(1, -(-table.num_rows // parts))
        paths = []
        for part in range(parts):
            paths.append(tmp_path / f"it's {next(made)}.parquet")
            write_segment(table.slice(part * size, size), paths[-1])
        return paths

    return put


def rows_of(violation):
    return [sample.rows for sample in violation.samples]


def only(contract, table):
    (violation,) = scan(contract, table).violations
    return violation


def of(column, **parts):
    return Contract((column,), **parts)


def test_a_kept_contract_has_no_violation(stored):
    columns = (
        Column("id", "int64", nullable=False, minimum=1),
        Column("carrier", "utf8", allowed=("UA", "O'H"), pattern="[A-Z']+"),
        Column("late", "float64", minimum=-1.5, maximum=1e300),
        Column("at", "timestamp[us,UTC]", minimum=dt.datetime(2013, 1, 1, tzinfo=dt.UTC)),
        Column("day", "date32", maximum=dt.date(2013, 12, 31)),
        Column("price", "decimal128(9,2)", maximum=decimal.Decimal("10.50")),
        Column("stops", "list<int8>"),
    )
    at = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
    price = pa.array([decimal.Decimal("10.50"), None, decimal.Decimal("-3.00")], pa.decimal128(9, 2))
    table = pa.table(
        {
            "id": [1, 2, 3],
            "carrier": pa.array(["UA", None, "O'H"]).dictionary_encode(),
            "late": [1.0, None, -1.5],
            "at": pa.array([at, at, at], pa.timestamp("us", "UTC")),
            "day": [dt.date(2013, 12, 31), None, dt.date(1900, 1, 1)],
            "price": price,
            "stops": pa.array([[1], None, []], pa.list_(pa.int8())),
        }
    )
    contract = Contract(columns, key=("id",), time="at", min_rows=3, checks=(Check("late", "late > -2 or id = 9"),))
    found = scan(contract, stored(table))
    assert (found.rows, found.violations) == (3, ())


def test_nulls_are_named(stored):
    found = only(of(Column("a", "int8", nullable=False)), stored(pa.table({"a": pa.array([1, None, 3, None], pa.int8())})))
    assert (found.check, found.count, rows_of(found)) == ("null", 2, [(2,), (4,)])


@pytest.mark.parametrize(
    ("kind", "column", "values", "bad"),
    [
        (pa.int8(), Column("a", "int8", minimum=0, maximum=5), [0, 5, -1, None, 6], [3, 5]),
        (pa.uint64(), Column("a", "uint64", maximum=2**63), [0, 2**63, 2**63 + 1, None, 2**64 - 1], [3, 5]),
        (pa.float64(), Column("a", "float64", minimum=0.0), [0.0, -0.0, float("nan"), None, -5e-324], [3, 5]),
        (pa.float16(), Column("a", "float16", maximum=2), [2.0, 1.0, 2.5, None, float("inf")], [3, 5]),
        (pa.float32(), Column("a", "float32", maximum=1), [1.0, 0.5, 1.0000001, None, 2.0], [3, 5]),
        (
            pa.date32(),
            Column("a", "date32", minimum=dt.date(2013, 1, 1)),
            [dt.date(2013, 1, 1), dt.date(9999, 1, 1), dt.date(2012, 12, 31), None, dt.date(1, 1, 1)],
            [3, 5],
        ),
        (
            pa.timestamp("ns"),
            Column("a", "timestamp[ns]", maximum=dt.datetime(2013, 1, 1)),
            [
                dt.datetime(2013, 1, 1),
                dt.datetime(2012, 1, 1),
                dt.datetime(2013, 1, 1, 0, 0, 0, 1),
                None,
                dt.datetime(2014, 1, 1),
            ],
            [3, 5],
        ),
        (
            pa.timestamp("s", "Europe/Paris"),
            Column("a", "timestamp[s,Europe/Paris]", maximum=dt.datetime(2013, 1, 1, tzinfo=dt.UTC)),
            [dt.datetime(2013, 1, 1, second=second, tzinfo=dt.UTC) for second in (0, 0, 1, 0, 2)],
            [3, 5],
        ),
        (
            pa.decimal128(38, 10),
            Column("a", "decimal128(38,10)", maximum=decimal.Decimal("0.1")),
            [decimal.Decimal(text) for text in ("0.1", "-5", "0.1000000001", "0", "9")],
            [3, 5],
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else "",
)
def test_values_outside_their_range_are_named(stored, kind, column, values, bad):
    found = only(of(column), stored(pa.table({"a": pa.array(values, kind)})))
    assert (found.check, found.count, rows_of(found)) == ("range", 2, [(row,) for row in bad])


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (Column("a", "utf8", allowed=("JFK", "L'A", 'E"R')), ["JFK", "L'A", "jfk", None, 'E"R']),
        (Column("a", "int64", allowed=(1, -2)), [1, -2, 0, None, 1]),
        (Column("a", "bool", allowed=(True,)), [True, True, False, None, True]),
        (Column("a", "date32", allowed=(dt.date(2013, 1, 1),)), [dt.date(2013, 1, 1)] * 2 + [dt.date(2013, 1, 2), None, None]),
    ],
    ids=["text", "integers", "booleans", "dates"],
)
def test_values_that_are_not_allowed_are_named(stored, column, values):
    found = only(of(column), stored(pa.table({"a": values})))
    assert (found.check, found.count, rows_of(found)) == ("allowed", 1, [(3,)])


def test_a_pattern_matches_the_whole_text(stored):
    found = only(of(Column("a", "utf8", pattern="N[0-9]+")), stored(pa.table({"a": ["N1", "N12", "xN1", None, "N1x"]})))
    assert (found.check, rows_of(found), found.samples[1].value) == ("pattern", [(3,), (5,)], "N1x")


def test_a_doubled_key_is_named_with_all_its_rows(stored):
    contract = of(Column("id", "int64"), key=("id",))
    found = only(contract, stored(pa.table({"id": [7, 8, 7, 9, 9, 7]})))
    assert (found.check, found.count, rows_of(found)) == ("key", 3, [(1, 3, 6), (4, 5)])


def test_a_key_of_two_columns_is_doubled_only_in_both(stored):
    columns = (Column("a", "int64"), Column("b", "utf8"))
    table = pa.table({"a": [1, 1, 2, 1], "b": ["x", "y", "x", "y"]})
    found = only(Contract(columns, key=("a", "b")), stored(table))
    assert (found.count, rows_of(found), found.samples[0].key) == (1, [(2, 4)], ("1", "y"))


def test_nulls_in_a_key_are_nulls_and_not_doubled(stored):
    found = only(of(Column("id", "int64"), key=("id",)), stored(pa.table({"id": pa.array([None, 1, None], pa.int64())})))
    assert (found.check, found.count) == ("null", 2)


def test_samples_carry_the_key(stored):
    contract = Contract((Column("id", "int64"), Column("x", "float64", maximum=1)), key=("id",))
    found = only(contract, stored(pa.table({"id": [5, 6, 7], "x": [0.0, 2.5, 0.0]})))
    assert (found.samples[0].rows, found.samples[0].key, found.samples[0].value) == ((2,), ("6",), "2.5")


def test_at_most_ten_rows_are_shown_and_all_are_counted(stored):
    found = only(of(Column("a", "int64", maximum=0)), stored(pa.table({"a": range(1, 1_001)})))
    assert (found.count, rows_of(found)) == (1_000, [(row,) for row in range(1, 11)])


def test_a_check_over_a_row_lets_null_pass(stored):
    contract = Contract((Column("a", "int64"), Column("b", "int64")), checks=(Check("order", "a <= b"),))
    found = only(contract, stored(pa.table({"a": [1, 2, 3], "b": pa.array([1, None, 2])})))
    assert (found.check, found.expected, rows_of(found)) == ("check:order", "a <= b", [(3,)])


def test_columns_that_are_missing_or_of_another_type_are_reported_and_the_rest_is_scanned(stored):
    columns = (Column("a", "int64", maximum=0), Column("b", "utf8"), Column("c", "int8", maximum=0))
    found = scan(Contract(columns, key=("b",)), stored(pa.table({"a": [1], "c": [5]})))
    assert [(violation.check, violation.column) for violation in found.violations] == [
        ("missing", "b"),
        ("type", "c"),
        ("range", "a"),
    ]


def test_too_few_rows_are_reported(stored):
    assert only(of(Column("a", "int64"), min_rows=3), stored(pa.table({"a": [1, 2]}))).check == "rows"


def test_an_empty_table_is_scanned(stored):
    contract = of(Column("a", "int64", nullable=False, maximum=1), key=("a",), checks=(Check("x", "a > 0"),))
    assert scan(contract, stored(pa.table({"a": pa.array([], pa.int64())}))).violations == ()


def test_odd_column_names_are_scanned(stored):
    name = 'row number "x" ’'
    table = pa.table({name: [1, 2], "row number": [1, 1], "file_row_number": [5, 5]})
    contract = Contract((Column(name, "int64", maximum=1), Column("row number", "int64"), Column("file_row_number", "int64")))
    assert rows_of(only(contract, table)) == [(2,)]


def test_every_type_can_be_checked_for_nulls(vector, dirty, stored):
    columns = [column for column in vector["columns"] if column["name"] not in ("bare", "hundreds")]
    table = pa.table(
        {
            column["name"] or "none": dirty.build(
                column["type"], [column["values"][row % len(column["values"])] for row in range(vector["rows"])]
            )
            for column in columns
        }
    )
    contract = Contract(tuple(Column(column["name"] or "none", column["type"], nullable=False) for column in columns))
    nulls = {name: table[name].null_count for name in table.column_names if table[name].null_count}
    assert {found.column: found.count for found in scan(contract, stored(table)).violations} == nulls


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("a >", "syntax error"),
        ("a > 1, true", "more than one"),
        ("a > 1) or (true", "syntax error"),
        ("true) from t; select (1", "syntax error"),
        ("a > (select max(a) from range(3))", "query of its own"),
        ("exists (from read_text('/etc/hostname'))", "query of its own"),
        ("a > 1 --", ""),
        ("a > 1 order by 1", "more than one"),
        ("", "without selection"),
        ("delay > 1", "Binder Error"),
        ("sum(a) > 1", "Binder Error"),
        ("a = 'text'", "Conversion Error"),
    ],
)
def test_a_check_that_is_not_one_expression_over_the_row_is_refused(sql, why):
    with pytest.raises(Invalid) as caught:
        scan(of(Column("a", "int64"), checks=(Check("odd", sql),)), pa.table({"a": [1]}))
    assert why in caught.value.why


def test_a_check_cannot_read_a_file(tmp_path):
    (tmp_path / "secret").write_text("x")
    sql = f"a < len(getenv('HOME')) or a < (read_text('{tmp_path}/secret')).size"
    with pytest.raises(Invalid):
        scan(of(Column("a", "int64"), checks=(Check("odd", sql),)), pa.table({"a": [1]}))


def test_a_pattern_the_engine_does_not_know_is_refused():
    with pytest.raises(Invalid, match="does not fit the table"):
        scan(of(Column("a", "utf8", pattern="(?=a)a")), pa.table({"a": ["a"]}))


def test_names_that_differ_only_in_case_are_refused():
    with pytest.raises(Invalid, match="differ only in case"):
        scan(of(Column("a", "int64"), extra_columns=True), pa.table({"a": [1], "A": [2]}))


def test_a_missing_segment_is_named(tmp_path):
    with pytest.raises(BlobMissing):
        scan(of(Column("a", "int64")), [tmp_path / "gone.parquet"])


def test_a_damaged_segment_is_corrupt(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 this is no parquet PAR1")
    with pytest.raises(Corrupt):
        scan(of(Column("a", "int64")), [tmp_path / "bad.parquet"])


def test_one_segment_listed_twice_is_two_parts_of_a_table(tmp_path):
    write_segment(pa.table({"a": [1, 2]}), tmp_path / "s.parquet")
    found = only(of(Column("a", "int64"), key=("a",)), [tmp_path / "s.parquet"] * 2)
    assert (found.count, rows_of(found)) == (2, [(1, 3), (2, 4)])


def test_keys_that_are_stored_already_are_named(stored):
    old = pa.table({"a": [1, 2, 3], "b": ["x", "y", None], "v": [0, 0, 0]})
    new = pa.table({"b": ["y", "y", "x", None], "a": [9, 2, 1, 3]})
    (found,) = keys_already_stored(stored(new), stored(old), ("a", "b"))
    assert (found.check, found.column, found.count) == ("key", "a, b", 2)
    assert [(sample.rows, sample.key, sample.value) for sample in found.samples] == [
        ((2,), ("2", "y"), "stored in row 2"),
        ((3,), ("1", "x"), "stored in row 1"),
    ]


def test_new_keys_pass(stored):
    assert keys_already_stored(stored(pa.table({"a": [4]})), stored(pa.table({"a": [1, 4 + 1]})), ("a",)) == ()


def test_keys_of_other_types_cannot_be_compared():
    with pytest.raises(Invalid, match="cannot be compared"):
        keys_already_stored(pa.table({"a": ["1"]}), pa.table({"a": [1]}), ("a",))


def test_a_comparison_without_a_key_is_refused():
    with pytest.raises(Invalid, match="no key column"):
        keys_already_stored(pa.table({"a": [1]}), pa.table({"a": [1]}), ())


def test_a_scan_loads_no_pandas(tmp_path):
    write_segment(pa.table({"a": [1, 2]}), tmp_path / "s.parquet")
    code = (
        "import sys; from pathlib import Path; from remint.adapters.tables.contract_scan import scan\n"
        "from remint.adapters.tables.parquet import read_segments; from remint.core.contract import Column, Contract\n"
        f"path = Path({str(tmp_path / 's.parquet')!r}); contract = Contract((Column('a', 'int64', maximum=1),), key=('a',))\n"
        "assert scan(contract, [path]).violations == scan(contract, read_segments([path])).violations != ()\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
