"""Canonical JSON, and the encoding of parameters in it."""

import datetime as dt
import decimal
import enum
import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core import canonical
from remint.core.canonical import decode_value, dumps, encode_value, float_text, loads
from remint.errors import Invalid, UnhashableParameter
from tests.vectors.records import reference
from tests.vectors.records.frozen import cases

SCOPE = {
    "Decimal": decimal.Decimal,
    "date": dt.date,
    "datetime": dt.datetime,
    "timedelta": dt.timedelta,
    "timezone": dt.timezone,
}

texts = st.text(max_size=6)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
zones = st.none() | st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)).map(dt.timezone)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | texts
    | st.binary(max_size=6)
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes(timezones=zones)
    | st.timedeltas()
)
hashable = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3), max_leaves=6
)
values = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(hashable, max_size=3)
        | st.dictionaries(hashable, inner, max_size=3)
        | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=8,
)


def exact(value):
    """Describe a value with the kinds and the bits that equality in Python forgets."""
    if isinstance(value, float):
        return ("float", struct.pack(">d", value))
    if isinstance(value, list | tuple):
        return (type(value).__name__, *map(exact, value))
    if isinstance(value, set | frozenset):
        return ("set", frozenset(map(exact, value)))
    if isinstance(value, dict):
        return ("dict", frozenset((exact(key), exact(item)) for key, item in value.items()))
    zone = value.utcoffset() if isinstance(value, dt.datetime) else None
    return (type(value).__name__, str(value), zone)


@pytest.mark.parametrize("case", cases("canonical"), ids=lambda case: case["text"][:20])
def test_the_canonical_text_of_a_value_is_frozen(case):
    assert dumps(case["value"]).decode() == reference.canonical(case["value"]) == case["text"]


@pytest.mark.parametrize("case", cases("values"), ids=lambda case: case["python"][:40])
def test_the_encoding_of_a_parameter_is_frozen(case):
    value = eval(case["python"], dict(SCOPE))
    assert dumps(encode_value(value)).decode() == reference.canonical(reference.tagged(value)) == case["text"]


@pytest.mark.parametrize("case", cases("values"), ids=lambda case: case["python"][:40])
def test_an_encoded_parameter_is_the_value_it_was(case):
    value = eval(case["python"], dict(SCOPE))
    assert exact(decode_value(loads(case["text"]))) == exact(value)


@given(plain)
def test_canonical_bytes_read_back_and_agree_with_the_second_implementation(value):
    written = dumps(value)
    assert loads(written) == value
    assert written == reference.canonical(value).encode()


@given(st.dictionaries(texts, plain, max_size=5))
def test_the_order_of_keys_leaves_no_trace(value):
    assert dumps(dict(reversed(value.items()))) == dumps(value)


@given(values)
def test_every_parameter_comes_back_exactly(value):
    assert exact(decode_value(loads(dumps(encode_value(value))))) == exact(value)


@given(values)
def test_both_implementations_encode_a_parameter_alike(value):
    assert dumps(encode_value(value)).decode() == reference.canonical(reference.tagged(value))


@given(values, values)
def test_two_parameters_share_an_encoding_only_if_they_are_the_same(one, other):
    # A set and a frozenset are one kind here, and an aware time is known by its offset.
    assert (dumps(encode_value(one)) == dumps(encode_value(other))) == (exact(one) == exact(other))


def test_spans_of_time_keep_their_last_microsecond():
    # They were once divided as floats, and two spans beyond 285 years shared a key.
    long = dt.timedelta(days=200_000)
    assert encode_value(long) != encode_value(long + dt.timedelta(microseconds=1))


def test_a_set_in_a_set_comes_back():
    # It was once decoded to a set, which no set can hold.
    value = {frozenset({1, frozenset({2})})}
    assert decode_value(encode_value(value)) == value


def test_a_dict_with_sets_in_its_keys_comes_back():
    value = {(frozenset({1}), "a"): {2}}
    assert decode_value(encode_value(value)) == value


def test_nan_keeps_its_payload():
    odd = struct.unpack(">d", bytes.fromhex("7ff8000000000001"))[0]
    assert encode_value(odd) == {"$f64": "7ff8000000000001"}
    assert struct.pack(">d", decode_value(encode_value(odd))).hex() == "7ff8000000000001"


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [object(), Colour.RED, 1j, range(3), bytearray(b"a"), dt.time(1), [{"deep": {1: object()}}], type("Int", (int,), {})(3)],
)
def test_a_parameter_of_any_other_kind_is_refused_by_name(value):
    with pytest.raises(UnhashableParameter, match=r"parameter depth.* has no canonical encoding"):
        encode_value(value, name="depth")


def test_a_parameter_that_holds_itself_is_refused():
    circle = []
    circle.append(circle)
    with pytest.raises(UnhashableParameter, match="holds itself"):
        encode_value(circle)


@pytest.mark.parametrize("value", [1.0, b"", {1: 2}, {"a": {1, 2}}, [math.nan], object()])
def test_what_is_not_plain_is_not_canonical(value):
    with pytest.raises(Invalid):
        dumps(value)


def test_the_place_of_what_is_not_plain_is_named():
    with pytest.raises(Invalid, match=r"\$\.a\[1\]\.b is a float"):
        dumps({"a": [0, {"b": 0.5}]})


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}])
def test_a_lone_surrogate_is_refused(value):
    with pytest.raises(Invalid, match="lone surrogate"):
        dumps(value)


def test_a_record_that_holds_itself_is_refused():
    circle = {}
    circle["again"] = circle
    with pytest.raises(Invalid, match="nests too deep"):
        dumps(circle)


def test_an_integer_too_long_to_be_read_back_is_refused():
    with pytest.raises(Invalid, match="an integer cannot be encoded"):
        dumps([10**4300])


def test_an_integer_of_4300_digits_reads_back():
    assert loads(dumps(10**4299)) == 10**4299


@pytest.mark.parametrize("record", [{"$later": 1}, {"$f64": "3ff0000000000000", "x": 1}])
def test_a_tag_of_a_later_version_is_refused(record):
    with pytest.raises(Invalid, match="unknown tag"):
        decode_value(record)


def test_a_dictionary_that_looks_like_a_tag_comes_back_as_itself():
    assert decode_value(encode_value({"$f64": "3ff0000000000000"})) == {"$f64": "3ff0000000000000"}


@given(st.floats(allow_nan=False))
def test_a_float_for_people_reads_back_equal(value):
    assert float(float_text(value)) == value


def test_canonical_bytes_are_plain_json():
    assert json.loads(canonical.dumps({"b": [1, "é"]})) == {"b": [1, "é"]}


def test_an_offset_of_less_than_a_second_is_kept():
    """The standard parser of ISO times takes such an offset for none."""
    moment = dt.datetime(2000, 1, 1, tzinfo=dt.timezone(-dt.timedelta(microseconds=1)))
    assert decode_value(encode_value(moment)).utcoffset() == -dt.timedelta(microseconds=1)
