"""A person serves a model, asks it, and traces the answer, all in the terminal."""

import json

import pytest

from tests.support.projects import ModelProject, alter
from tests.support.remint_cli import Project
from tests.support.serving import LiveServer

CSV = "key,distance,hour,wind,comment\nAA1,100,5,10,x\nAA2,1000,20,15,y\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("served") / "project"
    root.mkdir()
    project = ModelProject(root)
    project.first = project.release(1)
    yield project
    project.close()


@pytest.fixture(scope="module")
def server(made):
    live = LiveServer(made.root, "x", "--durability", "disk").ready()
    yield live
    assert live.stop() == 0


def test_rows_of_a_file_are_predicted_and_each_is_traced(made, server):
    cli = Project(made.root).cli
    file = made.root / "rows.csv"
    file.write_text(CSV)
    said = cli("predict", "model/x", "--url", server.url, "--input", str(file))
    assert "AA1" in said.out
    assert "comment" in said.err
    answer = cli("--json", "predict", "x", "--url", server.url, "--input", str(file)).json
    assert (answer["model_digest"], [row["key"] for row in answer["predictions"]]) == (made.first, ["AA1", "AA2"])
    one = answer["predictions"][1]
    found = cli("--json", "trace", one["prediction_id"]).json
    assert (found["prediction"]["score"], found["prediction"]["key"]) == (one["score"], "AA2")
    assert (found["model"]["digest"], found["model"]["version"]) == (made.first, "main:model/x@1")
    assert found["change"]["approvals"][0] | {"at_us": 0} == {"by": "bo", "role": "approver", "at_us": 0, "verified": True}
    assert found["data"][0]["refs"] == ["main:data/rows@1"]
    text = cli("trace", one["prediction_id"]).out
    for words in ("AA2", "main:model/x@1", "by bo as approver", "signature verified", "commit 1f2e3d4c", "main:data/rows@1"):
        assert words in text


def test_rows_may_be_json_with_missing_features_named(made, server):
    cli = Project(made.root).cli
    file = made.root / "rows.json"
    file.write_text(json.dumps([{"distance": 100, "hour": 5, "wind": 10}]))
    assert len(cli("--json", "predict", "x", "--url", server.url, "--input", str(file)).json["predictions"]) == 1
    file.write_text(json.dumps({"distance": 100, "hour": 5}))
    assert "has no wind" in cli("predict", "x", "--url", server.url, "--input", str(file), expect=2).err
    file.write_text(json.dumps({"distance": "far", "hour": 5, "wind": 1}))
    assert "str is not FP64" in cli("predict", "x", "--url", server.url, "--input", str(file), expect=2).err


def test_a_model_that_is_not_served_is_not_found(made, server):
    (made.root / "rows.csv").write_text(CSV)
    Project(made.root).cli("predict", "y", "--url", server.url, "--input", str(made.root / "rows.csv"), expect=4)


def test_a_server_that_is_not_there_is_unavailable(made):
    (made.root / "rows.csv").write_text(CSV)
    Project(made.root).cli("predict", "x", "--url", "http://127.0.0.1:9", "--input", str(made.root / "rows.csv"), expect=9)


def test_an_id_that_nobody_gave_is_not_found_and_none_at_all_is_invalid(made):
    Project(made.root).cli("trace", "018bcfe5680070008000000000000000", expect=4)
    Project(made.root).cli("trace", "AA1", expect=2)


def test_a_trace_fails_as_corrupt_when_the_model_was_altered(made, server):
    cli = Project(made.root).cli
    (made.root / "rows.csv").write_text(CSV)
    answer = cli("--json", "predict", "x", "--url", server.url, "--input", str(made.root / "rows.csv")).json
    place = made.blob_of(made.first, "model.skops")
    whole = place.read_bytes()
    alter(place)
    assert "altered" in cli("trace", answer["predictions"][0]["prediction_id"], expect=8).err
    place.write_bytes(whole)
    cli("trace", answer["predictions"][0]["prediction_id"])
