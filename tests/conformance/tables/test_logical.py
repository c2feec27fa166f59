"""The digest of Arrow tables: one for all encodings, another after any change."""

import datetime as dt
import io
import itertools
import random
import subprocess
import sys

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remint.adapters.tables.logical import TableHasher, digest_table
from remint.core.tabledigest import BLOCK_ROWS
from remint.errors import Invalid


def table_of(vector, builder):
    rows = vector["rows"]
    arrays = []
    for column in vector["columns"]:
        held = column["values"]
        slots = [held[place % len(held)] for place in range(rows)]
        arrays.append(builder.build(column["type"], slots))
    return pa.Table.from_arrays(arrays, names=[column["name"] for column in vector["columns"]])


def digest_of(column):
    return digest_table(pa.table({"c": column})).digest


def test_every_vector_comes_out(vector, clean):
    found = digest_table(table_of(vector, clean))
    assert (found.digest, [block.hex() for block in found.blocks]) == (vector["digest"], vector["blocks"])


def test_what_lies_under_nulls_is_never_hashed(vector, dirty):
    assert digest_table(table_of(vector, dirty)).digest == vector["digest"]


def test_slices_with_offsets_have_the_digest_of_their_rows(vector, dirty):
    table = table_of(vector, dirty)
    padded = pa.concat_tables([table.slice(0, 3), table, table.slice(0, 5)]).combine_chunks()
    start = min(3, vector["rows"])
    assert digest_table(padded.slice(start, vector["rows"])).digest == vector["digest"]


def test_batches_of_any_size_give_one_digest(vector, clean):
    table = table_of(vector, clean)
    size = max(1, vector["rows"] // 7)
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=size))
    assert digest_table(reader).digest == vector["digest"]


INTEGERS = {f"{sign}int{bits}": (sign, bits) for sign in ("", "u") for bits in (8, 16, 32, 64)}


def integers(name):
    sign, bits = INTEGERS[name]
    return st.integers(0, 2**bits - 1) if sign else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


LEAVES = {
    **{name: integers(name) for name in INTEGERS},
    "null": st.none(),
    "bool": st.booleans(),
    "utf8": st.text(st.characters(codec="utf-8"), max_size=6),
    "binary": st.binary(max_size=6).map(bytes.hex),
    "float32": st.binary(min_size=4, max_size=4).map(bytes.hex),
    "float64": st.binary(min_size=8, max_size=8).map(bytes.hex),
    "date32": integers("int32"),
    "time64[us]": st.integers(0, 86_399_999_999),
    "timestamp[ns,UTC]": integers("int64"),
    "duration[ms]": integers("int64"),
    "decimal128(20,3)": st.integers(-(10**20) + 1, 10**20 - 1),
    "decimal256(50,0)": st.integers(-(10**50) + 1, 10**50 - 1),
}
NAMES = ["a", "b c", "é", "d"]
tags = st.recursive(
    st.sampled_from(sorted(LEAVES)).map(lambda name: (name, None)),
    lambda inner: st.one_of(
        inner.map(lambda child: ("list", [child])),
        st.lists(inner, min_size=1, max_size=3).map(lambda children: ("struct", children)),
    ),
    max_leaves=5,
)


def text_of(tag):
    name, children = tag
    if name == "list":
        return f"list<{text_of(children[0])}>"
    if name == "struct":
        shown = [f'"{field}"' if field in ("b c", "é") else field for field in NAMES]
        return "struct<" + ",".join(f"{shown[place]}:{text_of(child)}" for place, child in enumerate(children)) + ">"
    return name


def slots_of(tag):
    name, children = tag
    if name == "list":
        held = st.lists(slots_of(children[0]), max_size=4)
    elif name == "struct":
        held = st.tuples(*[slots_of(child) for child in children]).map(list)
    else:
        held = LEAVES[name]
    return st.one_of(st.none(), held, held)


@st.composite
def columns(draw):
    tag = draw(tags)
    return text_of(tag), draw(st.lists(slots_of(tag), max_size=40))


def as_view(array):
    validity, offsets = array.buffers()[:2]
    starts = np.frombuffer(offsets, dtype=np.int32)[: len(array) + 1]
    sizes = pa.py_buffer(np.diff(starts).tobytes())
    held = [validity, pa.py_buffer(starts[:-1].tobytes()), sizes]
    return pa.Array.from_buffers(pa.list_view(array.type.value_type), len(array), held, children=[array.values])


def as_large(array):
    validity, offsets = array.buffers()[:2]
    starts = np.frombuffer(offsets, dtype=np.int32)[: len(array) + 1].astype(np.int64)
    held = [validity, pa.py_buffer(starts.tobytes())]
    return pa.Array.from_buffers(pa.large_list(array.type.value_type), len(array), held, children=[array.values])


def encodings(array):
    """Every other layout Arrow offers for the same values."""
    kind = array.type
    yield array
    if pa.types.is_string(kind):
        yield from (array.cast(pa.large_string()), array.cast(pa.string_view()))
    if pa.types.is_binary(kind):
        yield from (array.cast(pa.large_binary()), array.cast(pa.binary_view()))
    if not pa.types.is_nested(kind) and not pa.types.is_null(kind) and not pa.types.is_decimal(kind):
        yield array.dictionary_encode()
        yield pc.run_end_encode(array)
    if pa.types.is_list(kind):
        yield as_large(array)
        yield as_view(array)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(column=columns(), cuts=st.lists(st.integers(0, 40), max_size=5), messy=st.booleans())
def test_fast_and_slow_implementation_agree_on_any_column(column, cuts, messy, clean, dirty, reference):
    tag, slots = column
    array = (dirty if messy else clean).build(tag, slots)
    array.validate(full=tag.find("utf8") < 0)
    expected = reference.describe([("c", tag, slots)], len(slots))["digest"]
    borders = sorted({0, len(slots), *(min(cut, len(slots)) for cut in cuts)})
    for encoded in encodings(array):
        batches = [pa.record_batch({"c": encoded.slice(a, b - a)}) for a, b in itertools.pairwise(borders)]
        reader = pa.RecordBatchReader.from_batches(pa.schema([("c", encoded.type)]), batches)
        assert digest_table(reader).digest == expected


def flights(rows=100_000):
    draw = np.random.default_rng(4)
    carriers = np.array(["AA", "UA", "DL", "Ünï"])[draw.integers(0, 4, rows)]
    late = draw.normal(size=rows)
    return pa.table(
        {
            "id": pa.array(np.arange(rows)),
            "carrier": pa.array([None if number % 11 == 0 else str(name) for number, name in enumerate(carriers)]),
            "late": pa.array(late, mask=draw.random(rows) < 0.1),
            "on_time": pa.array(late < 0),
            "at": pa.array(draw.integers(0, 2**50, rows)).cast(pa.timestamp("us", tz="UTC")),
            "day": pa.array(draw.integers(0, 20_000, rows).astype(np.int32)).cast(pa.date32()),
            "stops": pa.array([[number % 3] * (number % 4) if number % 5 else None for number in range(rows)]),
        }
    )


@pytest.fixture(scope="module")
def table():
    return flights()


@pytest.fixture(scope="module")
def digest(table):
    return digest_table(table).digest


def read(path):
    return digest_table(pq.ParquetFile(path).read()).digest


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("group_rows", [1_000, 70_000])
@pytest.mark.parametrize("dictionary", [True, False])
def test_a_parquet_file_by_pyarrow_has_the_digest_of_its_table(table, digest, tmp_path, compression, group_rows, dictionary):
    path = tmp_path / "table.parquet"
    pq.write_table(table, path, compression=compression, row_group_size=group_rows, use_dictionary=dictionary)
    assert read(path) == digest


def test_a_parquet_file_without_the_arrow_schema_has_the_same_digest(table, digest, tmp_path):
    pq.write_table(table, tmp_path / "table.parquet", store_schema=False)
    assert read(tmp_path / "table.parquet") == digest


def test_a_parquet_file_by_polars_has_the_digest_of_its_table(table, digest, tmp_path):
    pl.from_arrow(table).write_parquet(tmp_path / "table.parquet", row_group_size=9_999)
    assert read(tmp_path / "table.parquet") == digest


def test_a_parquet_file_by_duckdb_has_the_digest_of_its_table(table, digest, tmp_path):
    path = tmp_path / "table.parquet"
    with duckdb.connect() as engine:
        engine.execute("set threads to 1; set timezone to 'UTC'")
        engine.register("flights", table)
        engine.execute(f"copy flights to '{path}' (format parquet, row_group_size 5000)")
    assert read(path) == digest


def test_a_stream_out_of_duckdb_has_the_digest_of_its_table(table, digest):
    with duckdb.connect() as engine:
        engine.execute("set threads to 1; set timezone to 'UTC'")
        engine.register("flights", table)
        reader = engine.sql("from flights").to_arrow_reader(4_096)
        assert digest_table(reader).digest == digest


def test_a_polars_frame_has_the_digest_of_its_table(table, digest):
    assert digest_table(pl.from_arrow(table).to_arrow()).digest == digest


def test_an_ipc_stream_has_the_digest_of_its_table(table, digest):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=777)
    assert digest_table(pa.ipc.open_stream(sink.getvalue())).digest == digest


def test_dictionaries_that_change_from_batch_to_batch_do_not_matter(table, digest):
    hasher = TableHasher(table.schema)
    for start in range(0, table.num_rows, 30_000):
        part = table.slice(start, 30_000).combine_chunks()
        hasher.add(part.set_column(1, "carrier", part["carrier"].dictionary_encode()))
    assert hasher.finish().digest == digest


def test_metadata_and_nullability_do_not_matter(table, digest):
    fields = [field.with_metadata({"a": "b"}) for field in table.schema]
    marked = table.cast(pa.schema([fields[0].with_nullable(nullable=False), *fields[1:]], metadata={"pandas": "{}"}))
    assert digest_table(marked).digest == digest


FIXED = {"id": 8, "late": 8, "at": 8, "day": 4}


@settings(max_examples=60, deadline=None)
@given(column=st.sampled_from(sorted(FIXED)), place=st.integers(0, 99_999), bit=st.integers(0, 63))
def test_one_changed_bit_is_another_table(table, digest, column, place, bit):
    array = table[column].combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    width = FIXED[column]
    content = bytearray(array.buffers()[1].to_pybytes())
    content[place * width + bit // 8 % width] ^= 1 << bit % 8
    changed = pa.Array.from_buffers(array.type, len(array), [array.buffers()[0], pa.py_buffer(bytes(content))])
    other = digest_table(table.set_column(table.schema.get_field_index(column), column, changed)).digest
    assert (other == digest) is (not array[place].is_valid)


def test_one_null_more_is_another_table():
    assert digest_of(pa.array([0, 1])) != digest_of(pa.array([None, 1], pa.int64()))


def test_text_moved_over_a_border_is_another_table():
    assert digest_of(pa.array(["ab", "c"])) != digest_of(pa.array(["a", "bc"]))


def test_items_moved_to_the_next_list_are_another_table():
    assert digest_of(pa.array([[1, 2], [3]])) != digest_of(pa.array([[1], [2, 3]]))


def test_signed_zeros_are_two_values():
    assert digest_of(pa.array([0.0])) != digest_of(pa.array([-0.0]))


def test_the_same_numbers_of_another_type_are_another_table():
    kinds = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint64(), pa.float32(), pa.float64()]
    assert len({digest_of(pa.array([1], kind)) for kind in kinds}) == len(kinds)


def test_the_order_of_rows_and_of_columns_matters():
    digests = {
        digest_table(pa.table(content)).digest
        for content in (
            {"a": [1, 2], "b": [3, 4]},
            {"b": [3, 4], "a": [1, 2]},
            {"a": [2, 1], "b": [4, 3]},
            {"a": [1, 2], "c": [3, 4]},
        )
    }
    assert len(digests) == 4


def test_instants_in_another_zone_are_another_table():
    instant = pa.array([0], pa.int64())
    assert digest_of(instant.cast(pa.timestamp("us", "UTC"))) != digest_of(instant.cast(pa.timestamp("us", "Europe/Paris")))


def test_the_spelling_of_utc_does_not_matter():
    instant = pa.array([0, None], pa.int64())
    assert len({digest_of(instant.cast(pa.timestamp("us", zone))) for zone in ("UTC", "Etc/UTC", "+00:00")}) == 1


def test_dates_of_both_widths_are_one_type():
    days = [dt.date(2013, 1, 1), None, dt.date(1899, 12, 31)]
    assert digest_of(pa.array(days, pa.date64())) == digest_of(pa.array(days, pa.date32()))


def test_a_date64_within_a_day_is_refused():
    with pytest.raises(Invalid, match="not a whole day"):
        digest_of(pa.array([1, None], pa.int64()).view(pa.date64()))


def test_decimals_of_all_widths_are_one_type():
    values = pa.array([123, -4, None], pa.int64()).cast(pa.decimal128(21, 0)).cast(pa.decimal128(9, 2), safe=False)
    kinds = (pa.decimal32, pa.decimal64, pa.decimal128, pa.decimal256)
    assert len({digest_of(values.cast(kind(9, 2))) for kind in kinds}) == 1


def test_fixed_size_binary_is_binary():
    assert digest_of(pa.array([b"ab", None], pa.binary(2))) == digest_of(pa.array([b"ab", None], pa.binary()))


def test_an_extension_type_is_its_storage():
    storage = pa.array([b"a" * 16, None], pa.binary(16))
    assert digest_of(pa.ExtensionArray.from_storage(pa.uuid(), storage)) == digest_of(storage)


def test_a_map_is_a_list_of_key_and_value():
    entries = [[("a", 1)], None, [], [("b", None), ("c", 3)]]
    as_list = [None if row is None else [{"key": key, "value": value} for key, value in row] for row in entries]
    mapped = pa.array(entries, pa.map_(pa.string(), pa.int32()))
    listed = pa.array(as_list, pa.list_(pa.struct([("key", pa.string()), ("value", pa.int32())])))
    assert digest_of(mapped) == digest_of(listed)
    assert digest_of(mapped.slice(1)) == digest_of(listed.slice(1))


def test_a_fixed_size_list_is_a_list():
    rows = [[1, 2], None, [3, None], [5, 6]]
    assert digest_of(pa.array(rows, pa.list_(pa.int8(), 2)).slice(1)) == digest_of(pa.array(rows, pa.list_(pa.int8())).slice(1))


def test_lists_of_dictionaries_are_lists_of_text():
    text = pa.array(["a", None, "b", "a"])
    offsets = pa.array([0, 2, 2, 4], pa.int32())
    assert digest_of(pa.ListArray.from_arrays(offsets, text.dictionary_encode())) == digest_of(
        pa.ListArray.from_arrays(offsets, text)
    )


def test_a_list_view_in_any_order_is_a_list():
    offsets, sizes = pa.array([2, 0, 1], pa.int32()), pa.array([2, 1, 2], pa.int32())
    view = pa.ListViewArray.from_arrays(offsets, sizes, pa.array([1, 2, 3, 4]))
    assert digest_of(view.slice(1)) == digest_of(pa.array([[1], [2, 3]]))


def test_a_column_of_nulls_keeps_its_type():
    kinds = [pa.null(), pa.int8(), pa.string(), pa.list_(pa.int8()), pa.bool_(), pa.struct([("a", pa.int8())])]
    assert len({digest_of(pa.nulls(5, kind)) for kind in kinds}) == len(kinds)


def test_empty_batches_do_not_matter():
    table = pa.table({"a": ["x", None]})
    hasher = TableHasher(table.schema)
    hasher.add(table.slice(0, 0))
    hasher.add(table)
    hasher.add(pa.RecordBatch.from_arrays([pa.array([], pa.string())], ["a"]))
    assert hasher.finish() == digest_table(table)


@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(1, pa.month_day_nano_interval()),
        pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]),
    ],
    ids=["interval", "union"],
)
def test_a_type_without_a_tag_is_refused_by_column(column):
    with pytest.raises(Invalid, match="column 'c' has the type"):
        digest_of(column)


def test_a_type_of_a_thousand_levels_is_refused():
    kind = pa.int8()
    for _ in range(300):
        kind = pa.list_(kind)
    with pytest.raises(Invalid, match="nests deeper than 32"):
        digest_of(pa.nulls(1, kind))


def test_a_table_without_columns_is_refused():
    with pytest.raises(Invalid, match="without columns"):
        digest_table(pa.table({}))


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(Invalid, match="two columns named 'a'"):
        digest_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


def test_a_batch_of_other_columns_is_refused():
    hasher = TableHasher(pa.schema([("a", pa.int64())]))
    with pytest.raises(Invalid, match="other columns"):
        hasher.add(pa.table({"a": ["text"]}))


def test_a_hasher_goes_on_after_it_was_asked():
    table = pa.table({"a": range(70_000)})
    hasher = TableHasher(table.schema)
    hasher.add(table.slice(0, 10))
    first = hasher.finish()
    hasher.add(table.slice(10))
    assert first == digest_table(table.slice(0, 10))
    assert hasher.finish() == digest_table(table)


def test_blocks_of_other_columns_cannot_be_continued(table):
    with pytest.raises(Invalid, match="do not fit its columns"):
        TableHasher(table.schema, full_blocks=[b"x" * 32])


def test_any_cut_into_batches_gives_one_digest(table, digest):
    draw = random.Random(3)
    hasher = TableHasher(table.schema)
    at = 0
    while at < table.num_rows:
        rows = draw.choice([1, 17, 999, BLOCK_ROWS])
        hasher.add(table.slice(at, rows))
        at += rows
    assert hasher.finish().digest == digest


def test_hashing_a_parquet_file_loads_no_pandas(table, tmp_path):
    path = tmp_path / "table.parquet"
    pq.write_table(table, path)
    code = (
        "import sys; import pyarrow.parquet as pq; from remint.adapters.tables.logical import digest_table\n"
        f"digest_table(pq.ParquetFile({str(path)!r}).read()); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
