"""Whatever is sent, the answer is JSON, and never a failure of the server."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.serving import columns

PATHS = st.sampled_from(["/v2/models/x/infer", "/v2/models/x/versions/1/infer", "/v2/repository/models/x/load"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["distance", "hour", "wind", "input", "key", "FP64", "INT8", "BYTES", "score", "label", [1], [2, 3], -1])
)
NAMES = st.sampled_from(
    ["inputs", "outputs", "name", "shape", "datatype", "data", "parameters", "id", "key", "binary_data_size", "binary_data"]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=25
)
TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["distance", "hour", "wind", "input", "key", "x"]),
        "datatype": st.sampled_from(["FP64", "FP32", "INT64", "UINT8", "BOOL", "BYTES", "FP16"]),
        "shape": st.lists(st.integers(-1, 3), max_size=3),
    },
    optional={
        "data": st.lists(st.none() | st.integers() | st.floats() | st.booleans() | st.text(max_size=3), max_size=9),
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 30)}),
    },
)


@pytest.fixture(scope="module")
def line(server):
    made = server.client()
    yield made
    made.close()


def answered(line, path, body, headers=None):
    status, _, content = line.ask("POST", path, body, headers)
    if status != 200:
        assert 400 <= status < 500, (status, content)
        assert list(json.loads(content)) == ["error"]
    return status


@settings(max_examples=150)
@given(path=PATHS, body=st.binary(max_size=200))
def test_any_bytes(line, path, body):
    answered(line, path, body)


@settings(max_examples=150)
@given(value=st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_json(line, value):
    answered(line, "/v2/models/x/infer", json.dumps(value).encode())


@settings(max_examples=200)
@given(
    tensors=st.lists(TENSORS, max_size=4), rest=st.binary(max_size=60), length=st.none() | st.integers(-1, 400), extra=VALUES
)
def test_any_tensors_with_any_binary_part(line, tensors, rest, length, extra):
    head = json.dumps({"inputs": tensors, "parameters": extra}).encode()
    size = len(head) if length is None else length
    answered(line, "/v2/models/x/infer", head + rest, {"Inference-Header-Content-Length": str(size)})


@settings(max_examples=100)
@given(values=st.lists(st.lists(st.none() | st.integers() | st.floats(), min_size=3, max_size=3), max_size=3))
def test_any_values(line, values):
    answered(line, "/v2/models/x/infer", json.dumps(columns(values)).encode())


@settings(max_examples=100)
@given(path=st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="/%.~:@-_"), max_size=40))
def test_any_path(line, path):
    for method in ("GET", "POST"):
        status, _, _ = line.ask(method, f"/v2/models/{path}")
        assert status in {200, 400, 404, 405}
