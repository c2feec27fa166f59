"""The fast way to read JSON says what the strict one says."""

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remint.core.inference import read_json
from remint.errors import Invalid
from remint.server.protocols.jsontext import read_fast

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([":", '"', "\\:", "[["])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=25
)


def outcome(read, body):
    try:
        return read(body)
    except Invalid:
        return "refused"


def same(one, other):
    """Whether two values are equal in kind as well: 1 is not 1.0 here, and not true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


@given(VALUES)
def test_what_is_json_is_read_alike(value):
    body = json.dumps(value).encode()
    assert same(outcome(read_fast, body), outcome(read_json, body))


@given(VALUES)
def test_so_it_is_in_utf_8(value):
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert same(outcome(read_fast, body), outcome(read_json, body))


@given(st.binary(max_size=40))
@example(b'"\xed\xa0\x80"')
@example(b'"\xff"')
@example(b'{"a":1,"a":2}')
@example(b'{"a":1,"\\u0061":2}')
@example(b'{"a":":","a":2}')
@example(b"1e999")
@example(b"-0")
@example(b"01")
@example(b"NaN")
@example(b"1" + b"0" * 30)
@example(b"9" * 5000)
@example(b"[" * 17 + b"]" * 17)
@example(b"[" * 100_000)
@example(b"\xef\xbb\xbf{}")
def test_what_is_no_json_is_refused_alike(body):
    assert same(outcome(read_fast, body), outcome(read_json, body))


@pytest.mark.parametrize(
    "text", ["-0", "1E5", "1.0", "18446744073709551616", "0.1", "1e22", "123456789012345678901234567890.5"]
)
def test_numbers_keep_their_kind_and_bits(text):
    assert same(read_fast(f"[{text}]".encode()), json.loads(f"[{text}]"))
