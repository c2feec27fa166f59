"""Requests with an Idempotency-Key: one effect and one answer, however often they are sent."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from remint.core.asked import KEPT_US, Asked
from remint.core.ids import PrincipalId
from remint.errors import Unavailable

KEY = "Idempotency-Key"


def post(api, path, key, token=None, **body):
    return api.ask("POST", path, token, json=body, headers={KEY: key})


@pytest.fixture
def key():
    return str(uuid.uuid4())


def test_a_request_sent_again_is_answered_as_before_and_carried_out_once(api, key):
    body = {"name": f"once-{key[:8]}"}
    first, again = post(api, "/workspaces", key, **body), post(api, "/workspaces", key, **body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["content-type"]) == (first.content, first.headers["content-type"])
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert sum(body["name"] in entry["resource"] for entry in api.entries("sandbox:create")) == 1
    assert post(api, "/workspaces", str(uuid.uuid4()), **body).status_code == 409


def test_a_key_names_one_request(api, key):
    post(api, "/workspaces", key, name=f"one-{key[:8]}")
    other = post(api, "/workspaces", key, name=f"two-{key[:8]}")
    assert (other.status_code, other.json()["facts"]["rule"]) == (422, "idempotency-key")
    assert f"two-{key[:8]}" not in {one["name"] for one in api.ask("GET", "/workspaces").json()["workspaces"]}


def test_a_key_names_a_request_of_one_principal(api, key):
    assert post(api, "/workspaces", key, name=f"ana-{key[:8]}").status_code == 201
    assert post(api, "/workspaces", key, api.bo, name=f"bo-{key[:8]}").status_code == 201


def test_a_request_that_was_refused_is_tried_again(api, key):
    weak = api.secret(api.project.bo, scopes=["read"])
    refused = post(api, "/workspaces", key, weak, name=f"later-{key[:8]}")
    assert refused.status_code == 403
    made = post(api, "/workspaces", key, api.bo, name=f"later-{key[:8]}")
    assert (made.status_code, "idempotency-replayed" in made.headers) == (201, False)


def test_who_may_not_ask_any_more_is_not_told_the_answer(api, key):
    post(api, "/workspaces", key, api.bo, name=f"told-{key[:8]}")
    weak = api.secret(api.project.bo, scopes=["read"])
    assert post(api, "/workspaces", key, weak, name=f"told-{key[:8]}").status_code == 403


def test_the_secret_of_a_token_is_not_kept_for_a_second_answer(api, key):
    body = {"about": "once", "days": 1}
    first, again = post(api, "/tokens", key, **body), post(api, "/tokens", key, **body)
    assert (first.status_code, again.status_code) == (201, 409)
    assert "holds a secret" in again.json()["detail"]
    with api.app.catalog.read() as tx:
        assert tx.requests.find(PrincipalId("ana"), key, now_us=api.app.clock.now_us()).answer is None


def test_a_request_whose_answer_was_lost_is_not_carried_out_again(api, key, monkeypatch):
    body = {"name": f"lost-{key[:8]}"}

    def lose(*_given):
        raise Unavailable("the answer was lost", why="a test", next_step="send it again")

    with monkeypatch.context() as patched:
        patched.setattr(type(api.app.requests), "keep", lose)
        assert post(api, "/workspaces", key, **body).status_code == 503
    again = post(api, "/workspaces", key, **body)
    assert (again.status_code, again.json()["facts"]["rule"]) == (409, "idempotency-key")
    assert sum(body["name"] in entry["resource"] for entry in api.entries("sandbox:create")) == 1


def test_of_many_sendings_at_once_one_is_carried_out(api, key):
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(post, api, "/tokens", key, about=f"many {key}", days=1) for _ in range(16)]
        answers = sorted(one.result().status_code for one in sent)
    assert answers == [201] + [409] * 15
    assert sum(one["about"] == f"many {key}" for one in api.ask("GET", "/tokens?limit=1000").json()["tokens"]) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "with space", "caf\u00e9"])
def test_what_is_no_key_is_refused(api, key):
    answer = api.ask("POST", "/workspaces", json={"name": "never"}, headers={KEY: key.encode("latin-1")})
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (422, "idempotency-key")


def test_a_request_is_forgotten_after_a_day(api, key):
    asked, ana = Asked(key, "b3:1", "first"), PrincipalId("ana")
    at_us = api.app.clock.now_us() - KEPT_US - 1
    with api.app.catalog.begin() as tx:
        tx.requests.note(ana, asked, at_us=at_us)
        assert tx.requests.find(ana, key, now_us=at_us + KEPT_US) is not None
        assert tx.requests.find(ana, key, now_us=at_us + KEPT_US + 1) is None
        tx.requests.note(ana, Asked(key, "b3:2", "second"), at_us=api.app.clock.now_us())
        assert tx.requests.find(ana, key, now_us=api.app.clock.now_us()).nonce == "second"
