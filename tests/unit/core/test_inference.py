"""The rules of the inference protocol."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.inference import arrange, flat, parse_request, read_json, wanted_outputs
from remint.errors import Invalid, LimitReached

FEATURES = ("distance", "wind")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def column(name, *values, **more):
    return {"name": name, "datatype": "FP64", "shape": [len(values)], "data": list(values), **more}


def request(*inputs, **more):
    return {"inputs": list(inputs), **more}


WHOLE = request(column("distance", 1.0, 2.0), column("wind", 3.0, 4.0))


@given(JSON.filter(lambda value: json.dumps(value).count("[") + json.dumps(value).count("{") <= 16))
def test_json_is_read_as_the_standard_library_reads_it(value):
    assert read_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_refused_and_never_crash(content):
    try:
        read_json(content)
    except Invalid:
        return
    json.loads(content.decode())


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"x": {"a": 1, "b": 2, "a": 1}}',
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[" * 17 + "]" * 17,
        "[" * 100_000,
        '{"a":' * 50_000,
        "",
        "{",
        "[1] [2]",
        '"\x00"',
        "9" * 5000,
        "\ufeff{}",
    ],
)
def test_json_is_read_strictly(text):
    with pytest.raises(Invalid):
        read_json(text.encode())


def test_json_in_another_encoding_is_refused():
    with pytest.raises(Invalid):
        read_json('{"a": 1}'.encode("utf-16"))


def test_brackets_in_texts_do_not_nest():
    assert read_json(b'{"a": "[[[[[[[[[[[[[[[[[[[[\\"[[["}') == {"a": '[[[[[[[[[[[[[[[[[[[["[[['}


@given(JSON)
def test_no_json_value_breaks_the_parser(value):
    try:
        parse_request(value)
    except Invalid:
        return
    assert isinstance(value, dict)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": []},
        {"inputs": {}},
        {"inputs": None},
        {"inputs": [3]},
        {"inputs": [column("a", 1.0), column("a", 1.0)]},
        {"inputs": [column("a", 1.0, datatype="FP128")]},
        {"inputs": [column("a", 1.0, datatype="FP16")]},
        {"inputs": [column("a", 1.0, datatype=["FP64"])]},
        {"inputs": [column("a", 1.0, shape=[-1])]},
        {"inputs": [column("a", 1.0, shape=[True])]},
        {"inputs": [column("a", 1.0, shape=[1.0])]},
        {"inputs": [column("a", 1.0, shape=[])]},
        {"inputs": [column("a", 1.0, shape=[1, 1, 1])]},
        {"inputs": [column("a", 1.0, shape=3)]},
        {"inputs": [column("", 1.0)]},
        {"inputs": [column("\ud800", 1.0)]},
        {"inputs": [column("a", 1.0, data="1")]},
        {"inputs": [column("a", 1.0, data=None)]},
        {"inputs": [column("a", 1.0, parameters={"binary_data_size": 8})]},
        {"inputs": [column("a", 1.0, data=None, parameters={"binary_data_size": 7})]},
        {"inputs": [column("a", 1.0, data=None, parameters={"binary_data_size": -8})]},
        {"inputs": [column("a", 1.0, data=None, parameters={"binary_data_size": 8.0})]},
        {"inputs": [column("a", 1.0, parameters=[])]},
        {"id": 3},
        {"id": "\ud800"},
        {"id": "x" * 257},
        {"parameters": []},
        {"parameters": {"key": 3}},
        {"parameters": {"allow_missing": 1}},
        {"parameters": {"binary_data_output": "yes"}},
        {"outputs": {}},
        {"outputs": [{}]},
        {"outputs": [{"name": "score"}, {"name": "score"}]},
        {"outputs": [{"name": "score", "parameters": {"binary_data": 1}}]},
    ],
)
def test_a_request_that_breaks_a_rule_is_refused(change):
    parse_request(WHOLE)
    with pytest.raises(Invalid):
        parse_request({**WHOLE, **change})


def test_unknown_members_and_parameters_are_ignored():
    given = request(column("distance", 1.0), extra=1, parameters={"priority": 3}, id="q")
    assert parse_request(given).id == "q"


def arranged(*inputs, most_rows=10, **more):
    return arrange(parse_request(request(*inputs, **more)), FEATURES, most_rows=most_rows)


def test_features_may_come_in_any_order():
    layout = arranged(column("wind", 1.0), column("distance", 2.0))
    assert (layout.rows, set(layout.columns), layout.matrix) == (1, {"wind", "distance"}, None)


def test_all_features_may_come_in_one_tensor():
    layout = arranged({"name": "input", "datatype": "FP64", "shape": [3, 2], "data": [[1, 2]] * 3})
    assert (layout.rows, layout.matrix.name) == (3, "input")


def test_a_feature_may_be_called_like_the_one_tensor():
    layout = arrange(parse_request(request(column("input", 1.0))), ("input",), most_rows=1)
    assert (layout.matrix, set(layout.columns)) == (None, {"input"})


@pytest.mark.parametrize(
    "inputs",
    [
        [column("distance", 1.0)],
        [column("distance", 1.0), column("wind", 1.0), column("rain", 1.0)],
        [column("distance", 1.0), column("wind", 1.0, 2.0)],
        [column("distance", 1.0, 2.0, shape=[1, 2]), column("wind", 1.0)],
        [column("distance"), column("wind")],
        [column("distance", "a", datatype="BYTES"), column("wind", 1.0)],
        [column("distance", 1.0), column("wind", 1.0), column("key", 1.0)],
        [column("input", 1.0)],
        [column("input", 1.0, 2.0, 3.0, shape=[1, 3])],
        [column("input", 1.0, 2.0, shape=[1, 2]), column("wind", 1.0)],
        [column("key", "a", datatype="BYTES")],
    ],
)
def test_inputs_that_do_not_fit_the_model_are_refused(inputs):
    with pytest.raises(Invalid):
        arranged(*inputs)


def test_a_feature_may_be_left_out_only_by_saying_so():
    assert arranged(column("wind", 1.0), parameters={"allow_missing": True}).rows == 1


def test_too_many_rows_are_a_limit():
    with pytest.raises(LimitReached):
        arranged(column("distance", 1.0, 2.0), column("wind", 1.0, 2.0), most_rows=1)


@pytest.mark.parametrize(("shape", "data"), [([2], [1]), ([2, 1], [[1], 2]), ([2, 2], [[1, 2], [3]]), ([2], [[1], [2]][:1])])
def test_data_of_another_shape_is_refused(shape, data):
    with pytest.raises(Invalid):
        flat(parse_request(request(column("a", shape=shape, data=data))).inputs[0])


def test_every_output_is_sent_if_none_is_named():
    held = parse_request(request(column("a", 1.0), parameters={"binary_data_output": True}))
    assert wanted_outputs(held, ("score", "label")) == {"score": True, "label": True}


def test_an_output_may_be_binary_alone():
    named = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "score"}]
    assert wanted_outputs(parse_request(request(column("a", 1.0), outputs=named)), ("score", "label")) == {
        "label": True,
        "score": False,
    }


def test_an_unknown_output_is_refused():
    with pytest.raises(Invalid):
        wanted_outputs(parse_request(request(column("a", 1.0), outputs=[{"name": "odds"}])), ("score",))
