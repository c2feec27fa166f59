"""A token bound to a sandbox knows main and its sandbox; what is elsewhere is refused like what is nowhere."""

import pytest

from tests.support.api import ProjectApi

NOWHERE = "b3:" + "0" * 64


@pytest.fixture(scope="module")
def walled(tmp_path_factory):
    """A project with a set in main, one in each of two sandboxes, and a token bound to the first."""
    api = ProjectApi(tmp_path_factory.mktemp("walled"))
    api.in_main = api.add("main.txt", b"in main", "data/main")
    for name in ("mine", "other"):
        api.ask("POST", "/workspaces", json={"name": name})
        place = api.project.root / f"{name}.txt"
        place.write_bytes(f"in {name}".encode())
        context = api.app.context()
        setattr(api, name, api.app.artifacts.add(context, f"{name}:data/{name}", place).artifact.digest)
    api.bound = api.secret(api.project.ana, sandbox="mine")
    yield api
    api.close()


def ask(api, path, token=None):
    return api.ask("GET", path, token or api.bound)


ROUTES = ("", "/files", "/lineage", "/impact", "/evidence", "/card")


@pytest.mark.parametrize("route", ROUTES)
def test_an_artifact_of_another_sandbox_is_not_there(walled, route):
    hidden = ask(walled, f"/artifacts/{walled.other}{route}")
    absent = ask(walled, f"/artifacts/{NOWHERE}{route}")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    told = [{**one.json(), "request": ""} for one in (hidden, absent)]
    assert str(told[0]).replace(walled.other, NOWHERE) == str(told[1])
    last = walled.entries("artifact:read")[0]
    assert (last["resource"], last["decision"], last["facts"]["rule"]) == (f"artifact {walled.other}", "deny", "sandbox-sight")


@pytest.mark.parametrize("route", ROUTES)
def test_an_artifact_of_main_or_of_the_sandbox_is(walled, route):
    for digest in (walled.in_main, walled.mine):
        assert ask(walled, f"/artifacts/{digest}{route}").status_code == 200
    assert ask(walled, f"/artifacts/{walled.other}{route}", walled.ana).status_code == 200


def test_the_bytes_of_another_sandbox_are_not_given_out(walled):
    name = ask(walled, f"/artifacts/{walled.other}/files", walled.ana).json()["files"][0]["path"]
    assert ask(walled, f"/artifacts/{walled.other}/files/{name}").status_code == 404
    assert ask(walled, f"/artifacts/{walled.other}/files/{name}", walled.ana).content == b"in other"


def test_a_ref_is_not_pointed_at_what_is_not_seen(walled):
    for to in (walled.other, walled.other[:20], "other:data/other"):
        headers = {"If-None-Match": "*"}
        moved = walled.ask("PUT", "/refs/data/taken", walled.bound, json={"to": to, "reason": "x"}, headers=headers)
        assert moved.status_code == 404, to
    seen = {"to": walled.in_main, "reason": "x"}
    assert walled.ask("PUT", "/refs/data/copied", walled.bound, json=seen, headers={"If-None-Match": "*"}).status_code == 200


def test_a_change_is_not_proposed_of_what_is_not_seen(walled):
    for ref in (f"model/x={walled.other}", "other:data/other"):
        answer = walled.ask("POST", "/changes", walled.bound, json={"refs": [ref], "title": "x"})
        assert answer.status_code == 404, answer.text


def test_refs_of_another_sandbox_are_not_there(walled):
    elsewhere = {"Remint-Workspace": "other"}
    assert walled.ask("GET", "/refs/data/other", headers=elsewhere).json()["artifact"] == walled.other
    assert walled.ask("GET", "/refs/data/other", walled.bound, headers=elsewhere).status_code == 404
    assert walled.ask("GET", "/refs/data/mine", walled.bound, headers=elsewhere).json()["artifact"] == walled.mine
    assert ask(walled, "/refs/data/main").json()["artifact"] == walled.in_main


def test_a_validation_of_what_is_elsewhere_is_not_there(walled):
    token = walled.secret(walled.project.bo)
    opened = [
        walled.ask("POST", "/validations", token, json={"ref": ref, "scope": "all"}).json()["number"]
        for ref in ("other:data/other", "mine:data/mine", "main:data/main")
    ]
    assert [ask(walled, f"/validations/{number}").status_code for number in opened] == [404, 200, 200]
    assert ask(walled, f"/validations/{opened[0]}", walled.ana).status_code == 200
    hidden, absent = (ask(walled, f"/validations/{number}").json() for number in (opened[0], 999))
    assert hidden["detail"] == absent["detail"]
    assert [one["number"] for one in ask(walled, "/validations").json()["validations"]] == [opened[2], opened[1]]
