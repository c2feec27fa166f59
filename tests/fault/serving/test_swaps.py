"""A new model takes over without a failed request; one that is not what was approved never does."""

import signal
import time

import numpy as np

from remint.core.prediction import model_ref
from remint.core.ref import Move
from tests.support.load import Load
from tests.support.projects import alter
from tests.support.serving import PATIENCE_S, columns

ROW = [[100.0, 5.0, 10.0]]


def wait_until(holds):
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def digest_served(client):
    return client.json("GET", "/v2/health")[1]["models"]["x"]["model_digest"]


def test_no_request_fails_while_models_are_swapped_and_each_answer_is_of_one_model(project, serve):
    estimators = {project.first: project.fit(1)}
    server = serve().ready()
    client = server.client()
    load = Load(server)
    for seed in (2, 3, 4):
        fitted = project.fit(seed)
        digest = project.keep(fitted, seed)
        estimators[digest] = fitted
        project.promote(digest)
        wait_until(lambda wanted=digest: digest_served(client) == wanted)
        time.sleep(0.3)
    load.stop()
    client.close()
    assert server.stop() == 0, server.log()
    assert load.failed == []
    assert {one.model for one in load.answered} == set(estimators)
    for digest, fitted in estimators.items():
        mine = [one for one in load.answered if one.model == digest]
        made = fitted.predict_proba(np.array([one.row for one in mine]))[:, 1]
        # How many rows are multiplied at once may change the last bits of a linear model; another model is far away.
        np.testing.assert_allclose(made, [one.score for one in mine], rtol=1e-9)


def replaced_while_stopped(project, server, change):
    """Let `change` happen between two looks of the server."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        change()
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_a_model_altered_after_its_approval_is_not_loaded_and_the_old_one_answers(project, serve):
    server = serve().ready()
    client = server.client()

    def release_and_alter():
        alter(project.blob_of(project.release(2), "model.skops"))

    replaced_while_stopped(project, server, release_and_alter)
    wait_until(lambda: "problem" in client.json("GET", "/v2/health")[1]["models"]["x"])
    health = client.json("GET", "/readyz")
    assert (health[0], health[1]["models"]["x"]["model_digest"]) == (200, project.first)
    assert "altered" in health[1]["models"]["x"]["problem"]
    assert client.json("POST", "/v2/models/x/infer", columns(ROW))[1]["parameters"]["model_digest"] == project.first
    client.close()
    server.stop()
    assert "goes on answering" in server.log()


def test_a_model_moved_past_the_approvals_is_not_loaded_and_the_old_one_answers(project, serve):
    server = serve().ready()
    client = server.client()
    other = project.keep(project.fit(2), 2)
    with project.app.catalog.begin() as tx:
        assert tx.refs.move(Move(model_ref("x"), 0, project.first, other, project.ana.principal, 1, "by hand"))
    wait_until(lambda: "problem" in client.json("GET", "/v2/health")[1]["models"]["x"])
    detail = client.json("GET", "/v2/health")[1]["models"]["x"]
    assert ("rule merged-change" in detail["problem"], detail["model_digest"]) == (True, project.first)
    client.close()


def test_a_served_model_whose_bytes_are_altered_on_disk_is_reported(project, serve):
    server = serve().ready()
    client = server.client()
    alter(project.blob_of(project.first, "model.skops"))
    wait_until(lambda: "problem" in client.json("GET", "/v2/health")[1]["models"]["x"])
    assert client.json("POST", "/v2/models/x/infer", columns(ROW))[0] == 200
    client.close()


def test_a_server_does_not_start_with_an_altered_model(project, serve):
    alter(project.blob_of(project.first, "model.skops"))
    server = serve()
    assert server.process.wait(PATIENCE_S) == 8


def test_a_server_does_not_start_with_a_model_nobody_approved(project, serve):
    other = project.keep(project.fit(2), 2)
    with project.app.catalog.begin() as tx:
        assert tx.refs.move(Move(model_ref("x"), 0, project.first, other, project.ana.principal, 1, "by hand"))
    server = serve("x")
    assert server.process.wait(PATIENCE_S) == 3


def test_a_server_does_not_start_without_a_model_it_was_asked_for(serve):
    server = serve("x", "y")
    assert server.process.wait(PATIENCE_S) == 4


def test_a_model_approved_later_is_served_too(project, serve):
    server = serve().ready()
    client = server.client()
    digest = project.release(2, "y")
    wait_until(lambda: client.json("GET", "/v2/models/y/ready")[0] == 200)
    assert client.json("POST", "/v2/models/y/infer", columns(ROW))[1]["parameters"]["model_digest"] == digest
    assert client.json("POST", "/v2/models/x/infer", columns(ROW))[1]["parameters"]["model_digest"] == project.first
    client.close()
