"""The rule of the table digest, against the vectors and against an independent implementation."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core import tabletype
from remint.core.tabledigest import (
    BLOCK_ROWS,
    Field,
    TableDigest,
    column_block_digest,
    fields_from_schema,
    schema_bytes,
    table_digest,
)
from remint.core.tabletype import TypeTag, parse_tag
from remint.errors import Invalid

VECTORS = Path(__file__).parents[2] / "vectors" / "tables"


def load_reference():
    spec = importlib.util.spec_from_file_location("table_reference", VECTORS / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = load_reference()
vectors = [json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))]
by_name = pytest.mark.parametrize("vector", vectors, ids=lambda vector: vector["name"])


def fields_of(vector):
    return [Field(column["name"], parse_tag(column["type"])) for column in vector["columns"]]


@by_name
def test_the_independent_implementation_gives_every_vector(vector):
    columns = [(column["name"], column["type"], column["values"]) for column in vector["columns"]]
    described = reference.describe(columns, vector["rows"])
    assert described == {key: vector[key] for key in ("schema", "blocks", "digest")}


@by_name
def test_the_rule_gives_the_digest_of_every_vector(vector):
    blocks = [bytes.fromhex(block) for block in vector["blocks"]]
    assert schema_bytes(fields_of(vector)).decode() == vector["schema"]
    assert table_digest(fields_of(vector), vector["rows"], blocks) == vector["digest"]


@by_name
def test_a_written_schema_reads_back(vector):
    read = fields_from_schema(vector["schema"].encode())
    assert read == [(column["name"], column["type"]) for column in vector["columns"]]


def test_a_column_block_is_tag_count_validity_and_values():
    digest = column_block_digest(tabletype.plain("int8"), 3, b"\x05", [b"\x01\x00\x03"])
    content = b"int8\0" + (3).to_bytes(8, "little") + b"\x05" + b"\x01\x00\x03"
    assert digest.raw == reference.record("table block v1", content)


def test_full_blocks_are_kept_and_the_tail_is_read_again():
    fields = (Field("a", tabletype.plain("int8")),)
    table = TableDigest(None, BLOCK_ROWS + 7, fields, (b"a" * 32, b"b" * 32))
    assert (table.full_blocks, table.tail_rows) == ((b"a" * 32,), 7)


def test_a_table_without_columns_has_no_digest():
    with pytest.raises(Invalid, match="without columns"):
        schema_bytes([])


def test_two_columns_of_one_name_have_no_digest():
    with pytest.raises(Invalid, match="two columns named 'a'"):
        schema_bytes([Field("a", tabletype.plain("int8")), Field("a", tabletype.plain("utf8"))])


def test_blocks_of_another_table_are_refused():
    with pytest.raises(Invalid, match="do not fit"):
        table_digest([Field("a", tabletype.plain("int8"))], BLOCK_ROWS + 1, [b"x" * 32])


def test_a_block_of_the_wrong_width_is_refused():
    with pytest.raises(Invalid, match="do not fit"):
        table_digest([Field("a", tabletype.plain("int8"))], 1, [b"x" * 64])


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "+00:00", "-00:00", "Z"])
def test_every_spelling_of_utc_is_one_type(zone):
    assert str(parse_tag(f"timestamp[us,{zone}]")) == "timestamp[us,UTC]"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int",
        "int64 ",
        "list<int8",
        "list<>",
        "struct<a>",
        "struct<a:int8,>",
        "struct<,a:int8>",
        "struct<a b:int8>",
        'struct<"a:int8>',
        'struct<"\\q":int8>',
        "struct<a:int8,a:utf8>",
        "timestamp[h]",
        "timestamp[us,No Zone]",
        "time32[us]",
        "decimal128(0,0)",
        "decimal256(77,0)",
        "list<" * 32 + "int8" + ">" * 32,
    ],
)
def test_a_text_that_is_no_type_is_refused(text):
    with pytest.raises(Invalid, match="is not a column type"):
        parse_tag(text)


def test_types_may_nest_32_deep():
    text = "list<" * 31 + "int8" + ">" * 31
    assert str(parse_tag(text)) == text


def test_a_decimal_has_the_width_its_precision_needs():
    assert str(parse_tag("decimal256(10,2)")) == "decimal128(10,2)"


plain_tags = st.sampled_from(sorted(tabletype.PLAIN)).map(tabletype.plain)
leaf_tags = st.one_of(
    plain_tags,
    st.builds(
        tabletype.timestamp,
        st.sampled_from(tabletype.UNITS),
        st.sampled_from([None, "UTC", "Europe/Paris", "-03:30", "Etc/GMT+5"]),
    ),
    st.builds(tabletype.decimal, st.integers(1, 76), st.integers(-99, 99)),
)
field_names = st.text(st.characters(codec="utf-8"), max_size=8)


def structs(children):
    fields = st.lists(st.tuples(field_names, children), max_size=4, unique_by=lambda field: field[0])
    return fields.map(lambda found: tabletype.struct_of(tuple(found)))


any_tag = st.recursive(leaf_tags, lambda children: st.one_of(children.map(tabletype.list_of), structs(children)), max_leaves=8)


@given(any_tag)
def test_every_type_reads_back_from_its_tag(tag: TypeTag):
    assert parse_tag(str(tag)) == tag


@given(st.text(st.sampled_from('liststruc<>:,"\\abint8[](u)'), max_size=30))
def test_any_text_is_a_type_or_refused(text):
    try:
        tag = parse_tag(text)
    except Invalid:
        return
    assert parse_tag(str(tag)) == tag
