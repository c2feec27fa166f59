"""Emergencies, drafts and roll-back over HTTP."""

import pytest

from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context


@pytest.fixture(scope="module")
def team(api):
    """Secrets of two persons who may break glass, and of one who reviews."""
    for name in ("gus", "hal"):
        api.app.principals.create(api.project.ana, name, roles=("member", "glass"))
    api.app.principals.create(api.project.ana, "cy", roles=("approver",))
    return {name: api.secret(Context(PrincipalId(name), "main")) for name in ("gus", "hal", "cy")}


def opened(api, team, name, seed):
    """Propose a model and open an emergency about its ref; return the change and the emergency."""
    digest = api.project.keep(api.project.fit(seed), seed)
    change = api.ask("POST", "/changes", json={"refs": [f"model/{name}={digest}"]}).json()["change"]["id"]
    body = {"refs": [f"model/{name}"], "reason": "the model in production fails", "ttl": "30m"}
    return digest, change, api.ask("POST", "/emergencies", team["gus"], json=body).json()["number"]


def test_two_persons_merge_in_an_emergency_and_a_third_reviews_it(api, team):
    digest, change, number = opened(api, team, "x", 11)
    assert api.ask("POST", f"/changes/{change}/merge?glass={number}", team["gus"]).status_code == 403
    assert api.ask("POST", f"/emergencies/{number}/confirm", team["gus"]).status_code == 403
    assert api.ask("POST", f"/emergencies/{number}/confirm", team["hal"]).json()["confirmed"]["by"] == "hal"
    (moved,) = api.ask("POST", f"/changes/{change}/merge?glass={number}", team["gus"]).json()["moves"]
    assert moved["new"] == digest
    note = {"note": "it was right"}
    assert api.ask("POST", f"/changes/{change}/review", team["gus"], json=note).status_code == 403
    assert api.ask("POST", f"/changes/{change}/review", team["cy"], json=note).json()["review_due_us"] is None
    assert api.ask("GET", f"/emergencies/{number}").json()["reason"] == "the model in production fails"
    assert number in {one["number"] for one in api.ask("GET", "/emergencies").json()["emergencies"]}


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "1e3", "9" * 20])
def test_an_emergency_that_is_not_there_is_not_found(api, number):
    assert api.ask("GET", f"/emergencies/{number}").status_code == 404


def test_the_last_merge_is_taken_back(api):
    first, second = (api.project.release(seed, "back") for seed in (12, 13))
    body = {"ref": "model/back", "reason": "it fails"}
    assert api.ask("POST", "/rollbacks", json=body).json()["new"] == first
    assert api.ask("GET", "/refs/model/back").json()["artifact"] == first != second
    again = api.ask("POST", "/rollbacks", json=body)
    assert (again.status_code, again.json()["facts"]["rule"]) == (403, "previous-merged")


def test_a_draft_is_opened_by_who_made_it(api, team):
    digest = api.project.keep(api.project.fit(14), 14)
    body = {"refs": [f"model/draft={digest}"], "draft": True}
    change = api.ask("POST", "/changes", json=body).json()
    number = change["change"]["id"]
    assert change["state"] == "draft"
    assert api.ask("POST", f"/changes/{number}/approve", api.bo, json={}).status_code == 409
    assert api.ask("POST", f"/changes/{number}/open", api.bo).status_code == 403
    assert api.ask("POST", f"/changes/{number}/open").json()["state"] == "open"
    refused = api.ask("POST", f"/changes/{number}/auto")
    assert (refused.status_code, refused.json()["facts"]["rule"]) == (403, "auto-conditions")
