"""Erasures: the commitment, the columns of a table, and a text as a value of a column."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.adapters.tables.arrowtypes import arrow_type
from remint.core.digest import Digest
from remint.core.erasure import (
    Erased,
    Subject,
    commitment,
    last_of,
    parse_patterns,
    parse_receipt,
    value_in,
)
from remint.core.tabletype import parse_tag
from remint.errors import Invalid

A, B, C = (Digest("b3:" + letter * 64) for letter in "abc")

FITTING = [
    ("int64", "-7", -7),
    ("int64", "+7", 7),
    ("int8", "127", 127),
    ("uint64", str(2**64 - 1), 2**64 - 1),
    ("utf8", "", ""),
    ("utf8", " 7 ", " 7 "),
    ("binary", "ab", b"ab"),
    ("bool", "true", True),
    ("float64", "0.5", 0.5),
    ("float32", "7", 7.0),
    ("date32", "2013-05-01", dt.date(2013, 5, 1)),
    ("timestamp[us]", "2013-05-01T00:00:01", 1367366401_000000),
    ("timestamp[s,UTC]", "2013-05-01T02:00:01+02:00", 1367366401),
    ("timestamp[ns,UTC]", "1969-12-31T23:59:59.999999", -1000),
    ("decimal128(5,2)", "123.45", Decimal("123.45")),
    ("decimal128(5,2)", "123.450", Decimal("123.45")),
    ("decimal128(5,0)", "12e3", Decimal(12000)),
]
OTHERS = [
    ("int64", "7.0"),
    ("int64", "seven"),
    ("int64", "1_000"),
    ("int64", "٧"),
    ("int64", "9" * 50),
    ("int8", "128"),
    ("uint8", "-1"),
    ("bool", "True"),
    ("float64", "nan"),
    ("float64", "inf"),
    ("float64", "x"),
    ("float16", "1"),
    ("date32", "2013-5-1"),
    ("timestamp[s]", "2013-05-01T00:00:01.5"),
    ("timestamp[us]", "2013-05-01T00:00:01+00:00"),
    ("timestamp[us]", "now"),
    ("decimal128(5,2)", "1234.5"),
    ("decimal128(5,2)", "1.234"),
    ("decimal128(5,2)", "nan"),
    ("decimal128(5,2)", "x"),
    ("list<int64>", "7"),
    ("struct<a:int64>", "7"),
    ("null", ""),
    ("duration[s]", "7"),
    ("time64[us]", "00:00:07"),
]


@pytest.mark.parametrize(("tag", "text", "value"), FITTING)
def test_a_text_is_read_as_the_type_of_the_column(tag, text, value):
    found = value_in(parse_tag(tag), text)
    assert (type(found), found) == (type(value), value)
    pa.scalar(found, arrow_type(parse_tag(tag)))


@pytest.mark.parametrize(("tag", "text"), OTHERS)
def test_a_text_that_is_no_value_of_the_type_is_none(tag, text):
    assert value_in(parse_tag(tag), text) is None


@given(st.text(max_size=30), st.sampled_from([tag for tag, _ in OTHERS] + [tag for tag, _, _ in FITTING]))
def test_whatever_is_typed_is_a_value_that_arrow_takes_or_none(text, tag):
    found = value_in(parse_tag(tag), text)
    assert found is None or pa.scalar(found, arrow_type(parse_tag(tag))).is_valid


def test_the_commitment_depends_on_value_and_receipt():
    kept = {commitment(value, receipt) for value in ("7", "07") for receipt in (bytes(32), bytes([1]) + bytes(31))}
    assert len(kept) == 4


def test_the_commitment_is_frozen():
    assert commitment("7", bytes(range(32))) == FROZEN


FROZEN = "b3:f91e815ebbf8670c4539a0d67a0adb2b5e8642379bb7d00785700d4fbebbc28d"


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64])
def test_a_text_that_is_no_receipt_is_refused(text):
    with pytest.raises(Invalid, match="that is not a receipt"):
        parse_receipt(text)


def test_a_receipt_is_read_back():
    assert parse_receipt(bytes(range(32)).hex()) == bytes(range(32))


def test_a_column_that_is_given_is_looked_at_in_every_table():
    assert Subject("7", "id").columns_of(["data/x"]) == Subject("7", "id").columns_of([]) == {"id"}


def test_the_first_pattern_that_matches_a_ref_counts():
    subject = Subject("7", patterns={"data/orders*": "buyer", "data/*": "id", "log/*": "key"})
    assert subject.columns_of(["data/orders-1"]) == {"buyer"}
    assert subject.columns_of(["data/orders-1", "data/people"]) == {"buyer", "id"}
    assert subject.columns_of(["model/x"]) == frozenset()
    assert subject.columns_of([]) == {"buyer", "id", "key"}


def test_the_value_is_in_no_text_of_the_subject():
    assert "4711" not in repr(Subject("4711", "id"))


@pytest.mark.parametrize("column", [3, "", ["id"], {"column": "id"}])
def test_a_pattern_has_the_name_of_one_column(column):
    with pytest.raises(Invalid, match="are not understood"):
        parse_patterns({"data/*": column})


def test_successors_are_followed_to_the_last():
    assert last_of(A, {A: B, B: C}) == C
    assert last_of(A, {A: B, B: None}) is None
    assert last_of(A, {}) == A


def test_what_happened_is_said_with_its_day():
    assert Erased(3, A, B, 1_700_000_000_000_000).words == "erasure 3 removed rows of it on 2023-11-14"
    assert Erased(3, A, None, 0).words == "erasure 3 gave it up on 1970-01-01"
    assert Erased(3, A, B, 0).words_behind == "erasure 3 removed rows of its inputs on 1970-01-01"
