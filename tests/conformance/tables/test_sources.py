"""Files that people bring as tables."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import Segments
from remint.adapters.tables.sources import segments_of
from remint.errors import Invalid, WrongRows

TABLE = pa.table({"id": [1, 2, 3], "name": ["a", None, "c"], "x": [0.5, None, 2.0]})
CSV = "id,name,x\n1,a,0.5\n2,,\n3,c,2\n"
JSON = '{"id": 1, "name": "a", "x": 0.5}\n{"id": 2}\n{"id": 3, "name": "c", "x": 2.0}\n'
WRITERS = {
    "t.parquet": lambda path: pq.write_table(TABLE, path),
    "t.arrow": lambda path: feather.write_feather(TABLE, path, compression="zstd"),
    "t.feather": lambda path: feather.write_feather(TABLE, path, compression="uncompressed"),
    "t.csv": lambda path: path.write_text(CSV),
    "t.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "t.jsonl": lambda path: path.write_text(JSON),
}
LIKE = [{"name": "id", "type": "int64"}, {"name": "name", "type": "utf8"}, {"name": "x", "type": "float64"}]


def read(folder, *paths, like=None):
    (folder / "made").mkdir(exist_ok=True)
    return Segments(segments_of(paths, folder / "made", like=like)).read()


@pytest.mark.parametrize("like", [None, LIKE], ids=["inferred", "as-the-table"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_table_is_the_same_in_every_form(tmp_path, name, like):
    WRITERS[name](tmp_path / name)
    assert digest_table(read(tmp_path, tmp_path / name, like=like)).digest == digest_table(TABLE).digest


def test_an_arrow_stream_is_read_too(tmp_path):
    with pa.ipc.new_stream(tmp_path / "t.arrow", TABLE.schema) as writer:
        writer.write_table(TABLE)
    assert digest_table(read(tmp_path, tmp_path / "t.arrow")).digest == digest_table(TABLE).digest


def test_types_fit_the_values_of_all_files(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n" + "1,\n" * 100_000)
    (tmp_path / "2.csv").write_text("a,b\n" + "1,\n" * 100_000 + "2.5,\n")
    found = read(tmp_path, tmp_path / "1.csv", tmp_path / "2.csv")
    assert found.schema == pa.schema({"a": pa.float64(), "b": pa.string()})
    assert found.num_rows == 200_001


BAD = {
    "a value of another type": ("t.csv", "id,name,x\n1,a,0.5\nb,,\n", LIKE, WrongRows, "row 2, id: 'b' is not int64"),
    "a row too long": ("t.csv", "a,b\n1,2\n1,2,3\n", None, WrongRows, "row 2 has 3 values"),
    "a line that is no object": ("t.jsonl", '{"a": 1}\n{"a": \n', None, WrongRows, "row 2 does not fit"),
    "a type that changes": ("t.jsonl", '{"a": 1}\n{"a": 2}\n{"a": "x"}\n', None, WrongRows, 'row 3 does not fit: {"a": "x"}'),
    "a name more": ("t.jsonl", JSON + '{"id": 4, "other": 1}\n', LIKE, WrongRows, "row 4 does not fit"),
    "another kind of file": ("t.txt", "x", None, Invalid, "files of tables end in"),
    "no Arrow": ("t.arrow", "x" * 100, None, Invalid, "cannot be read as Arrow"),
    "an empty CSV file": ("t.csv", "", None, Invalid, "t.csv"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_refused_with_its_row(tmp_path, case):
    name, text, like, kind, words = BAD[case]
    (tmp_path / name).write_text(text)
    with pytest.raises(kind) as refused:
        read(tmp_path, tmp_path / name, like=like)
    assert words in str(refused.value)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.arrow"])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(Invalid, match=f"{name} cannot be read"):
        read(tmp_path, tmp_path / name)


def test_files_of_several_tables_are_refused(tmp_path):
    WRITERS["t.parquet"](tmp_path / "t.parquet")
    pq.write_table(TABLE.rename_columns(["id", "name", "y"]), tmp_path / "other.parquet")
    with pytest.raises(Invalid, match="they differ in x, y"):
        read(tmp_path, tmp_path / "t.parquet", tmp_path / "other.parquet")
