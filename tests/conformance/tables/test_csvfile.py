"""Typed CSV: right rows are read, wrong rows are named."""

import gzip
import zipfile

import pyarrow as pa
import pytest

from remint.adapters.tables.csvfile import CsvForm, read_csv
from remint.errors import Invalid, WrongRows

FLIGHTS = {"flight": "int32", "carrier": "utf8", "late": "float64", "at": "timestamp[us,UTC]", "on_time": "bool"}
TEXT = """flight,carrier,late,at,on_time
1545,UA,2,2013-01-01T10:00:00Z,true
1714,"NA",NA,2013-01-01T10:00:00Z,false
,NA,-1.5,,
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="flights.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refused(path, columns=FLIGHTS, **options):
    with pytest.raises(Invalid) as caught:
        read_csv(path, columns, **options)
    return caught.value


def test_values_get_their_declared_types(write):
    table = read_csv(write(TEXT), FLIGHTS)
    assert [str(field.type) for field in table.schema] == ["int32", "string", "double", "timestamp[us, tz=UTC]", "bool"]
    assert table["flight"].to_pylist() == [1545, 1714, None]


def test_a_quoted_null_text_is_text(write):
    assert read_csv(write(TEXT), FLIGHTS)["carrier"].to_pylist() == ["UA", "NA", None]


def test_a_gzip_file_is_read(write):
    assert read_csv(write(gzip.compress(TEXT.encode()), "flights.csv.gz"), FLIGHTS).num_rows == 3


def test_a_zip_file_of_one_member_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "flights.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("flights.csv", TEXT)
    assert read_csv(tmp_path / "flights.csv.zip", FLIGHTS).num_rows == 3


def test_a_zip_file_of_two_members_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "flights.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", TEXT)
    assert "holds 2 files" in str(refused(tmp_path / "flights.zip"))


def test_a_cut_gzip_file_is_refused(write):
    assert "cannot be read" in str(refused(write(gzip.compress(TEXT.encode() * 50)[:-20], "flights.csv.gz")))


def test_a_cut_zip_file_is_refused(write, tmp_path):
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
    assert "not a whole zip file" in str(refused(write((tmp_path / "whole.zip").read_bytes()[:-30], "cut.zip")))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "does not exist" in str(refused(tmp_path / "none.csv"))


def test_an_empty_file_is_refused(write):
    assert "it is empty" in str(refused(write("")))


def test_a_byte_order_mark_is_no_part_of_the_first_name(write):
    assert read_csv(write("\ufeff" + TEXT), FLIGHTS).num_rows == 3


def test_columns_come_in_declared_order(write):
    assert read_csv(write("b,a\n1,2\n"), {"a": "int8", "b": "int8"}).to_pydict() == {"a": [2], "b": [1]}


def test_missing_and_undeclared_columns_are_named(write):
    error = refused(write("flight,carier\n1,UA\n"), {"flight": "int32", "carrier": "utf8"})
    assert error.facts == {"missing": ["carrier"], "unknown": ["carier"]}


def test_a_doubled_column_is_refused(write):
    assert "a name appears twice" in str(refused(write("a,a\n1,2\n"), {"a": "int8"}))


def test_a_wrong_value_is_named_by_row_and_column(write):
    error = refused(write("a,b\n1,2\n3,x\n5,6\n"), {"a": "int8", "b": "int8"})
    assert isinstance(error, WrongRows)
    assert error.facts["rows"] == [{"row": 2, "column": "b", "text": "x"}]
    assert "row 2, b: 'x' is not int8" in str(error)


def test_wrong_values_of_all_kinds_are_named_in_row_order(write):
    lines = ["200,a,1,2013-01-01T10:00:00Z", "1,b,1,2013-01-01 10:00:00", "1.0,c,1,", "2,d,one,", "3,e,,2013-13-01T10:00:00Z"]
    columns = {"a": "int8", "b": "utf8", "c": "decimal128(5,2)", "d": "timestamp[us,UTC]"}
    error = refused(write("a,b,c,d\n" + "\n".join(lines) + "\n"), columns)
    assert [(value["row"], value["column"]) for value in error.facts["rows"]] == [
        (1, "a"),
        (2, "d"),
        (3, "a"),
        (4, "c"),
        (5, "d"),
    ]


def test_a_row_of_another_width_is_named(write):
    error = refused(write("a,b\n1,2\n3\n4,5,6\n7,x\n"), {"a": "int8", "b": "int8"})
    assert [value["row"] for value in error.facts["rows"]] == [2, 3, 4]
    assert "row 2 has 1 values instead of 2" in str(error)


def test_at_most_20_wrong_rows_are_named(write):
    text = "a,b\n" + "".join(f"{'x' if row % 2 else row},0\n" for row in range(1, 100_001))
    error = refused(write(text), {"a": "int32", "b": "int8"})
    assert [value["row"] for value in error.facts["rows"]] == list(range(1, 41, 2))
    assert "20 wrong values (and more)" in str(error)


def test_one_wrong_row_among_many_is_found(write):
    text = "a,b\n" + "".join(f"{row},{'?' if row == 77_777 else 1}\n" for row in range(1, 200_001))
    assert refused(write(text), {"a": "int32", "b": "int8"}).facts["rows"] == [{"row": 77_777, "column": "b", "text": "?"}]


def test_a_text_that_stands_for_null_elsewhere_is_wrong(write):
    assert refused(write("a,b\nN/A,1\n"), {"a": "int8", "b": "int8"}).facts["rows"][0]["text"] == "N/A"


def test_bytes_that_are_not_utf8_are_named_by_row(write):
    error = refused(write(b"a,b\n1,ok\n2,\xff\xfe\n"), {"a": "int8", "b": "utf8"})
    assert error.facts["rows"] == [{"row": 2, "column": "b", "text": "\\xff\\xfe"}]


def test_text_over_several_lines_needs_a_word(write):
    path = write('a,b\n1,"x\ny"\n2,z\n')
    columns = {"a": "int8", "b": "utf8"}
    assert read_csv(path, columns, form=CsvForm(newlines_in_values=True))["b"].to_pylist() == ["x\ny", "z"]


def test_another_delimiter_and_other_null_texts_are_read(write):
    form = CsvForm(delimiter=";", nulls=("-",))
    table = read_csv(write("a;b\n1;-\n-;\n"), {"a": "int8", "b": "utf8"}, form=form)
    assert table.to_pydict() == {"a": [1, None], "b": [None, ""]}


@pytest.mark.parametrize("tag", ["list<int8>", "float16", "binary", "decimal256(40,0)"])
def test_a_type_that_is_not_in_csv_is_refused(write, tag):
    assert "cannot be read as" in str(refused(write("a\n1\n"), {"a": tag}))


def test_a_header_without_rows_is_an_empty_table(write):
    assert read_csv(write("a,b\n"), {"a": "int8", "b": "utf8"}).schema == pa.schema([("a", pa.int8()), ("b", pa.string())])
