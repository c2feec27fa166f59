"""The Open Inference Protocol over HTTP, as its specification has it."""

import json
import socket
import struct

import numpy as np
import pytest

from tests.support.serving import columns

INFER = "/v2/models/x/infer"
ROWS = [[100.0, 5.0, 10.0], [1000.0, 20.0, 15.0]]


def expected(project, rows=ROWS):
    return project.fit(1).predict_proba(np.array(rows, np.float64))[:, 1].tolist()


def tensor(name, datatype, shape, data, **parameters):
    return {
        "name": name,
        "datatype": datatype,
        "shape": shape,
        "data": data,
        **({"parameters": parameters} if parameters else {}),
    }


def binary(head, *parts):
    content = json.dumps(head).encode()
    return content + b"".join(parts), {"Inference-Header-Content-Length": str(len(content))}


def test_the_server_describes_itself(client):
    status, body = client.json("GET", "/v2")
    assert (status, body["name"]) == (200, "remint")
    assert isinstance(body["version"], str)
    assert "binary_tensor_data" in body["extensions"]


@pytest.mark.parametrize("path", ["/v2/health/live", "/healthz"])
def test_it_is_live(client, path):
    assert client.json("GET", path) == (200, {"live": True})


@pytest.mark.parametrize("path", ["/v2/health/ready", "/v2/health", "/readyz"])
def test_it_is_ready_and_says_what_with(client, project, path):
    status, body = client.json("GET", path)
    assert (status, body["live"], body["ready"]) == (200, True, True)
    assert body["models"]["x"]["model_digest"] == project.first


def test_a_model_describes_itself(client, project):
    status, body = client.json("GET", "/v2/models/x")
    assert (status, body["name"], body["versions"]) == (200, "x", [project.first.short])
    assert body["platform"]
    assert body["inputs"] == [{"name": name, "datatype": "FP64", "shape": [-1]} for name in ("distance", "hour", "wind")]
    assert body["outputs"] == [
        {"name": "score", "datatype": "FP64", "shape": [-1]},
        {"name": "label", "datatype": "INT64", "shape": [-1]},
    ]


def test_a_version_describes_itself_by_its_short_digest(client, project):
    for version in (project.first.short, project.first.short.removeprefix("b3:"), project.first):
        assert client.json("GET", f"/v2/models/x/versions/{version}")[0] == 200
        assert client.json("GET", f"/v2/models/x/versions/{version}/ready") == (200, {"name": "x", "ready": True})
        assert client.json("POST", f"/v2/models/x/versions/{version}/infer", columns(ROWS))[0] == 200


def test_a_model_is_ready(client):
    assert client.json("GET", "/v2/models/x/ready") == (200, {"name": "x", "ready": True})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/models/y"),
        ("GET", "/v2/models/y/ready"),
        ("POST", "/v2/models/y/infer"),
        ("GET", "/v2/models/x/versions/b3:000000000000"),
        ("POST", "/v2/models/x/versions/1/infer"),
        ("GET", "/v2/models"),
        ("GET", "/v2/models/"),
        ("GET", "/"),
        ("GET", "/v3"),
    ],
)
def test_what_is_not_here_is_not_found(client, method, path):
    status, body = client.json(method, path, columns(ROWS) if method == "POST" else None)
    assert (status, list(body)) == (404, ["error"])
    assert isinstance(body["error"], str)


@pytest.mark.parametrize(("method", "path"), [("GET", INFER), ("POST", "/v2"), ("DELETE", "/v2/models/x"), ("PUT", INFER)])
def test_another_method_is_not_allowed(client, method, path):
    status, headers, body = client.ask(method, path)
    assert (status, headers["allow"]) == (405, "POST" if path == INFER else "GET")
    assert "error" in json.loads(body)


def test_rows_are_scored_one_tensor_a_feature(client, project):
    status, body = client.json("POST", INFER, columns(ROWS, id="q1"))
    assert (status, body["model_name"], body["model_version"], body["id"]) == (200, "x", project.first.short, "q1")
    assert body["outputs"][0] == {"name": "score", "datatype": "FP64", "shape": [2], "data": expected(project)}
    assert body["outputs"][1] == {"name": "label", "datatype": "INT64", "shape": [2], "data": [0, 1]}


def test_an_answer_names_the_model_the_run_and_each_prediction(client, project):
    parameters = client.json("POST", INFER, columns(ROWS))[1]["parameters"]
    assert parameters["model_digest"] == project.first
    assert parameters["run"] == project.app.artifacts.makers(project.first)[0].id
    assert len(set(parameters["prediction_ids"])) == 2


def test_without_an_id_none_is_answered(client):
    assert "id" not in client.json("POST", INFER, columns(ROWS))[1]


@pytest.mark.parametrize("shape", [[2], [2, 1]])
@pytest.mark.parametrize("nested", [True, False])
def test_a_feature_may_be_a_column_of_one(client, project, shape, nested):
    values = [[value] for value in (100.0, 1000.0)] if nested and len(shape) == 2 else [100.0, 1000.0]
    request = columns(ROWS)
    request["inputs"][0] = tensor("distance", "FP64", shape, values)
    assert client.json("POST", INFER, request)[1]["outputs"][0]["data"] == expected(project)


@pytest.mark.parametrize("data", [ROWS, [value for row in ROWS for value in row]])
def test_all_features_may_be_one_matrix(client, project, data):
    status, body = client.json("POST", INFER, {"inputs": [tensor("input", "FP64", [2, 3], data)]})
    assert (status, body["outputs"][0]["data"]) == (200, expected(project))


@pytest.mark.parametrize("datatype", ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP32", "FP64"])
def test_every_number_is_taken(client, project, datatype):
    request = columns(ROWS)
    request["inputs"][1] = tensor("hour", datatype, [2], [5, 20])
    assert client.json("POST", INFER, request)[1]["outputs"][0]["data"] == expected(project)


def test_only_the_outputs_asked_for_are_sent(client):
    body = client.json("POST", INFER, columns(ROWS, outputs=[{"name": "label"}]))[1]
    assert [output["name"] for output in body["outputs"]] == ["label"]


def test_what_it_does_not_know_it_ignores(client):
    request = columns(ROWS, parameters={"priority": 5, "sequence_id": "s"}, comment="none")
    assert client.json("POST", INFER, request)[0] == 200


def test_binary_inputs_are_read_in_their_order(client, project):
    inputs = [
        {"name": "wind", "datatype": "FP64", "shape": [2], "parameters": {"binary_data_size": 16}},
        {"name": "hour", "datatype": "INT32", "shape": [2, 1], "parameters": {"binary_data_size": 8}},
        tensor("distance", "FP64", [2], [100.0, 1000.0]),
        {"name": "key", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 11}},
    ]
    keys = b"".join(len(one).to_bytes(4, "little") + one for one in (b"A", "é".encode()))
    content, headers = binary({"inputs": inputs}, struct.pack("<2d", 10, 15), struct.pack("<2i", 5, 20), keys)
    status, body = client.json("POST", INFER, content, headers)
    assert (status, body["outputs"][0]["data"]) == (200, expected(project))


def test_binary_halves_are_numbers_too(client, project):
    inputs = [{"name": "input", "datatype": "FP16", "shape": [1, 3], "parameters": {"binary_data_size": 6}}]
    content, headers = binary({"inputs": inputs}, np.array(ROWS[1], "<f2").tobytes())
    assert client.json("POST", INFER, content, headers)[1]["outputs"][0]["data"] == expected(project, [ROWS[1]])


@pytest.mark.parametrize(
    "ask", [{"parameters": {"binary_data_output": True}}, {"outputs": [{"name": "score", "parameters": {"binary_data": True}}]}]
)
def test_binary_outputs_are_sent_on_request(client, project, ask):
    status, headers, content = client.ask("POST", INFER, columns(ROWS, **ask))
    size = int(headers["inference-header-content-length"])
    output = json.loads(content[:size])["outputs"][0]
    assert (status, output["parameters"], "data" in output) == (200, {"binary_data_size": 16}, False)
    assert struct.unpack("<2d", content[size : size + 16]) == tuple(expected(project))


def test_one_output_may_be_binary_and_another_not(client):
    ask = {"outputs": [{"name": "label"}, {"name": "score", "parameters": {"binary_data": True}}]}
    _, headers, content = client.ask("POST", INFER, columns(ROWS, **ask))
    size = int(headers["inference-header-content-length"])
    label, score = json.loads(content[:size])["outputs"]
    assert (label["data"], "data" in score, len(content) - size) == ([0, 1], False, 16)


BAD = {
    "not json": b"{",
    "a list": b"[]",
    "a number": b"3",
    "empty": b"",
    "no inputs": b"{}",
    "a key twice": b'{"inputs": [], "inputs": []}',
    "too deep": b'{"inputs": ' + b"[" * 50 + b"]" * 50 + b"}",
    "utf-16": json.dumps(columns(ROWS)).encode("utf-16"),
    "not finite": json.dumps(columns([[float("inf"), 1, 1]])).encode(),
    "not a number": json.dumps(columns([[float("nan"), 1, 1]])).encode(),
    "infinite by size": b'{"inputs": [{"name": "input", "datatype": "FP64", "shape": [1, 3], "data": [1e999, 1, 1]}]}',
    "too long an integer": b'{"inputs": [{"name": "input", "datatype": "FP64", "shape": [1, 3], "data": [1'
    + b"0" * 400
    + b", 1, 1]}]}",
    "an integer of another size": json.dumps({"inputs": [tensor("input", "INT8", [1, 3], [300, 1, 1])]}).encode(),
    "an inexact integer": json.dumps({"inputs": [tensor("input", "INT64", [1, 3], [2**53 + 1, 1, 1])]}).encode(),
    "text for a number": json.dumps(columns([["1", 1, 1]])).encode(),
    "truth for a number": json.dumps(columns([[True, 1, 1]])).encode(),
    "a list for a number": json.dumps(columns([[[1], 1, 1]])).encode(),
    "a fraction for an integer": json.dumps({"inputs": [tensor("input", "INT64", [1, 3], [1.5, 1, 1])]}).encode(),
    "another shape": json.dumps({"inputs": [tensor("input", "FP64", [1, 3], [1, 2])]}).encode(),
    "a negative shape": json.dumps({"inputs": [tensor("input", "FP64", [-1, 3], [1, 2, 3])]}).encode(),
    "an unknown input": json.dumps({"inputs": [*columns(ROWS)["inputs"], tensor("rain", "FP64", [2], [1, 2])]}).encode(),
    "a missing feature": json.dumps({"inputs": columns(ROWS)["inputs"][:2]}).encode(),
    "no rows": json.dumps(columns([])).encode(),
    "an unknown output": json.dumps(columns(ROWS, outputs=[{"name": "odds"}])).encode(),
    "a number as id": json.dumps(columns(ROWS, id=3)).encode(),
    "a lone surrogate": json.dumps(columns(ROWS, id="\ud800")).encode(),
    "keys twice": json.dumps(
        {
            **columns(ROWS, parameters={"key": "a"}),
            "inputs": [*columns(ROWS)["inputs"], tensor("key", "BYTES", [2], ["a", "b"])],
        }
    ).encode(),
    "a key that is no text": json.dumps({"inputs": [*columns(ROWS)["inputs"], tensor("key", "BYTES", [2], [1, 2])]}).encode(),
    "a value the model does not take": json.dumps(columns([[None, 1, 1]])).encode(),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_bad_request_is_answered_with_an_error_and_nothing_else(client, body):
    status, answer = client.json("POST", INFER, body)
    assert (status, list(answer)) == (400, ["error"])
    assert isinstance(answer["error"], str)


@pytest.mark.parametrize("length", ["-1", "x", "99999", "1e3", " 5", "\u00b2"])
def test_a_bad_length_of_the_json_is_refused(client, length):
    status, answer = client.json("POST", INFER, columns(ROWS), {"Inference-Header-Content-Length": length})
    assert (status, list(answer)) == (400, ["error"])


@pytest.mark.parametrize("given", [b"", bytes(47), bytes(49)])
def test_binary_parts_of_another_size_are_refused(client, given):
    inputs = [{"name": "input", "datatype": "FP64", "shape": [2, 3], "parameters": {"binary_data_size": 48}}]
    content, headers = binary({"inputs": inputs}, given)
    assert client.json("POST", INFER, content, headers)[0] == 400


@pytest.mark.parametrize("keys", [b"", b"\x01\0\0\0a", b"\xff\xff\xff\xffa", b"\x01\0\0\0\xff\x01\0\0\0b", b"\0\0\0\0\0\0\0\0"])
def test_broken_binary_keys_are_refused(client, keys):
    inputs = [
        *columns(ROWS)["inputs"],
        {"name": "key", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": len(keys)}},
    ]
    content, headers = binary({"inputs": inputs}, keys)
    assert client.json("POST", INFER, content, headers)[0] == 400


def test_a_body_beyond_the_limit_is_refused_and_the_connection_lives(client):
    status, answer = client.json("POST", INFER, b" " * (17 << 20))
    assert (status, list(answer)) == (413, ["error"])
    assert client.json("GET", "/v2/health/live")[0] == 200


def test_rows_beyond_the_limit_are_refused(client):
    rows = 65_537
    inputs = [{"name": "input", "datatype": "FP32", "shape": [rows, 3], "parameters": {"binary_data_size": rows * 12}}]
    content, headers = binary({"inputs": inputs}, bytes(rows * 12))
    assert client.json("POST", INFER, content, headers)[0] == 413


def test_a_compressed_body_is_refused(client):
    assert client.json("POST", INFER, columns(ROWS), {"Content-Encoding": "gzip"})[0] == 400


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]:80"])
def test_another_host_is_not_answered(client, host):
    status, answer = client.json("GET", "/v2", headers={"Host": host})
    assert (status, list(answer)) == (421, ["error"])


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:9", "[::1]:3", "LOCALHOST"])
def test_loopback_hosts_are_answered(client, host):
    assert client.json("GET", "/v2", headers={"Host": host})[0] == 200


@pytest.mark.parametrize("what", ["load", "unload"])
def test_models_are_not_loaded_past_the_approvals(client, what):
    status, answer = client.json("POST", f"/v2/repository/models/x/{what}", {})
    assert status == 403
    assert "rule merged-change" in answer["error"]


def test_the_repository_lists_what_is_served(client, project):
    status, answer = client.json("POST", "/v2/repository/index", {})
    assert (status, [(one["name"], one["state"]) for one in answer]) == (200, [("x", "READY")])


def test_metrics_count_requests_and_name_the_model(client, project):
    client.json("POST", INFER, columns(ROWS))
    status, headers, content = client.ask("GET", "/metrics")
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
    text = content.decode()
    assert f'remint_model_info{{model="x",digest="{project.first}",version="1"}} 1' in text
    assert 'remint_infer_requests_total{model="x",status="200"}' in text
    assert 'remint_infer_seconds_bucket{model="x",le="+Inf"}' in text


def test_every_prediction_is_in_the_log_with_its_key(client, project):
    request = columns(ROWS)
    request["inputs"].append(tensor("key", "BYTES", [2], ["AA1", "AA2"]))
    ids = client.json("POST", INFER, request)[1]["parameters"]["prediction_ids"]
    traces = [project.app.traces.trace(one) for one in ids]
    assert [trace.prediction.key for trace in traces] == ["AA1", "AA2"]
    assert [trace.prediction.score for trace in traces] == expected(project)
    assert traces[1].prediction.features == {"distance": 1000.0, "hour": 20.0, "wind": 15.0}
    [one] = client.json("POST", INFER, columns(ROWS[:1], parameters={"key": "AA3"}))[1]["parameters"]["prediction_ids"]
    assert project.app.traces.trace(one).prediction.key == "AA3"


def test_requests_may_follow_each_other_before_the_answers_come(server, project):
    body = json.dumps(columns(ROWS)).encode()
    one = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (INFER.encode(), len(body), body)
    last = one.replace(b"Host: localhost\r\n", b"Host: localhost\r\nConnection: close\r\n")
    with socket.create_connection(server.address, timeout=30) as connection:
        connection.sendall(one * 4 + last)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == 5
