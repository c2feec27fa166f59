"""Clients of others work unmodified."""

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

ROWS = np.array([[100.0, 5.0, 10.0], [1000.0, 20.0, 15.0]])


@pytest.fixture
def client(server):
    host, port = server.address
    made = triton.InferenceServerClient(f"{host}:{port}")
    yield made
    made.close()


def inputs(binary, rows=ROWS):
    made = []
    for place, name in enumerate(("distance", "hour", "wind")):
        one = triton.InferInput(name, [len(rows)], "FP64")
        one.set_data_from_numpy(np.ascontiguousarray(rows[:, place]), binary_data=binary)
        made.append(one)
    return made


def test_triton_sees_server_and_model(client, project):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("x")
    assert client.get_server_metadata()["name"] == "remint"
    assert client.get_model_metadata("x")["versions"] == [project.first.short]
    assert [one["name"] for one in client.get_model_repository_index()] == ["x"]


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("received", [True, False])
def test_triton_infers_in_json_and_in_binary(client, project, sent, received):
    asked = [triton.InferRequestedOutput(name, binary_data=received) for name in ("score", "label")]
    result = client.infer("x", inputs(sent), outputs=asked, request_id="q7")
    fitted = project.fit(1)
    assert result.as_numpy("score").tolist() == fitted.predict_proba(ROWS)[:, 1].tolist()
    assert result.as_numpy("label").tolist() == fitted.predict(ROWS).tolist()
    assert (result.get_response()["id"], result.get_response()["parameters"]["model_digest"]) == ("q7", project.first)


def test_triton_infers_with_its_defaults(client, project):
    matrix = triton.InferInput("input", list(ROWS.shape), "FP64")
    matrix.set_data_from_numpy(ROWS)
    keys = triton.InferInput("key", [2], "BYTES")
    keys.set_data_from_numpy(np.array([b"AA1", b"AA2"], object))
    result = client.infer("x", [matrix, keys], model_version=project.first.short)
    assert result.as_numpy("score").tolist() == project.fit(1).predict_proba(ROWS)[:, 1].tolist()
    made = result.get_response()["parameters"]["prediction_ids"][1]
    assert project.app.traces.trace(made).prediction.key == "AA2"


def test_triton_says_what_was_wrong(client):
    with pytest.raises(InferenceServerException, match="'wind' is missing"):
        client.infer("x", inputs(binary=True)[:2])
    with pytest.raises(InferenceServerException, match="not served"):
        client.get_model_metadata("nothing")
