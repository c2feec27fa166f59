"""What the routes of each noun answer."""

import json

import pytest

from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.api import ProjectApi
from tests.support.remint_cli import Project


@pytest.fixture(scope="module")
def words(api):
    """The digest of a set of one file, to which two refs point."""
    return api.add("words.txt", b"0123456789", "data/words")


@pytest.fixture(scope="module")
def other(api):
    return api.add("other.txt", b"other", "data/other")


def move(api, ref, to, seen, token=None):
    headers = {"If-Match": f'"{seen}"'} if seen else {"If-None-Match": "*"}
    return api.ask("PUT", f"/refs/{ref}", token, json={"to": to, "reason": "a test"}, headers=headers)


def test_whoami_says_what_the_token_is_limited_to(api):
    token = api.secret(api.project.bo, scopes=["read"])
    said = api.ask("GET", "/whoami", token).json()
    assert (said["principal"], said["workspace"], said["scopes"]) == ("bo", "main", ["read"])


def test_an_answer_has_the_fields_that_the_terminal_prints(api, words):
    printed = Project(api.project.root).cli("--json", "--as", "ana", "principals", "list").json
    assert api.ask("GET", "/principals").json()["principals"] == printed["principals"]


def test_a_ref_has_its_digest_as_tag(api, words):
    first = api.ask("GET", "/refs/data/words")
    again = api.ask("GET", "/refs/data/words", headers={"If-None-Match": first.headers["etag"]})
    assert (first.json()["artifact"], first.headers["etag"]) == (words, f'"{words}"')
    assert (again.status_code, again.content) == (304, b"")


def test_a_ref_moves_only_from_where_the_caller_saw_it(api, words, other):
    assert move(api, "data/moved", words, None).json()["serial"] == 1
    refused = move(api, "data/moved", other, other)
    assert (refused.status_code, refused.json()["code"], refused.json()["facts"]["found"]) == (412, "ref-moved", words)
    assert move(api, "data/moved", other, words).json()["new"] == other
    assert move(api, "data/moved", words, None).status_code == 412


def test_a_move_without_a_precondition_is_refused(api, words):
    answer = api.ask("PUT", "/refs/data/unseen", json={"to": words})
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (428, "precondition")


def test_a_protected_ref_does_not_move(api, words):
    answer = move(api, "model/fraud", words, None)
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (403, "protected-ref")


def test_the_moves_of_a_ref_come_in_pages(api, words, other):
    assert [move(api, "data/often", *pair).status_code for pair in ((words, None), (other, words), (words, other))] == [200] * 3
    first = api.ask("GET", "/moves/data/often?limit=2").json()
    second = api.ask("GET", f"/moves/data/often?limit=2&after={first['next']}").json()
    assert [one["serial"] for one in (*first["moves"], *second["moves"])] == [3, 2, 1]
    assert second["next"] is None


def test_refs_come_in_pages_by_name(api, words):
    assert [move(api, ref, words, None).status_code for ref in ("data/p1", "data/p2", "value/p3")] == [200] * 3
    everything = [ref["name"]["name"] for ref in api.ask("GET", "/refs").json()["refs"]]
    page, found = {"next": ""}, []
    while page["next"] is not None:
        page = api.ask("GET", f"/refs?limit=2&after={page['next']}").json()
        found += [ref["name"]["name"] for ref in page["refs"]]
    assert found == everything
    assert found[-1] == "p3"


@pytest.mark.parametrize(
    "name",
    ["..", "%2e%2e%2fx", "x%00", "x%E2%80%AE", "%5C%5C", "a" * 5000, "x;y", "%252e", "X", "x/", "x%0A", "%C3%A9", "x@0", ""],
)
def test_a_name_outside_the_grammar_is_refused(api, words, name):
    assert move(api, f"data/{name}", words, None).status_code in {404, 405, 422}


def test_the_address_of_a_ref_does_not_leave_the_workspace(api, words):
    assert api.ask("POST", "/workspaces", json={"name": "walled"}).status_code == 201
    token = api.secret(Context(PrincipalId("ana"), "main"), sandbox="walled")
    assert move(api, "main:data/walled", words, None, token).status_code == 422
    assert move(api, "data/walled", words, None, token).json()["name"]["workspace"] == "walled"
    assert api.ask("GET", "/refs/data/walled").status_code == 404


def test_a_sandbox_is_seen_with_its_header(api, words):
    assert api.ask("POST", "/workspaces", json={"name": "try"}).status_code == 201
    seen = api.ask("GET", "/refs/data/words", headers={"Remint-Workspace": "try"}).json()
    assert (seen["name"]["workspace"], seen["artifact"]) == ("try", words)
    assert api.ask("GET", "/refs", headers={"Remint-Workspace": "nowhere"}).status_code == 404
    assert "try" in {one["name"] for one in api.ask("GET", "/workspaces").json()["workspaces"]}


def test_the_files_of_an_artifact_are_listed_and_downloaded(api, words):
    assert api.ask("GET", f"/artifacts/{words}").json()["kind"] == "files"
    (file,) = api.ask("GET", f"/artifacts/{words}/files").json()["files"]
    answer = api.ask("GET", f"/artifacts/{words}/files/words.txt")
    assert (answer.content, answer.headers["etag"]) == (b"0123456789", f'"{file["digest"]}"')
    assert answer.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=0-99", 206, b"0123456789"),
        ("bytes=0-1,4-5", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_a_part_of_a_file_is_downloaded(api, words, asked, status, content):
    answer = api.ask("GET", f"/artifacts/{words}/files/words.txt", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, content)


def test_a_range_after_the_end_is_refused(api, words):
    answer = api.ask("GET", f"/artifacts/{words}/files/words.txt", headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")


def test_a_file_that_the_caller_has_is_not_sent_again(api, words):
    tag = api.ask("HEAD", f"/artifacts/{words}/files/words.txt").headers["etag"]
    answer = api.ask("GET", f"/artifacts/{words}/files/words.txt", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_reading_bytes_is_an_entry_once_in_a_minute(api):
    digest = api.add("read.txt", b"read", "data/read")
    assert [api.ask("GET", f"/artifacts/{digest}/files/read.txt").status_code for _ in range(3)] == [200] * 3
    told = [entry for entry in api.entries("artifact:read") if entry["resource"] == f"artifact {digest}"]
    assert [(entry["by"], entry["decision"]) for entry in told] == [("ana", "allow")]


@pytest.mark.parametrize("path", ["", "/files", "/files/x", "/lineage", "/impact"])
def test_an_artifact_that_is_not_there_is_not_found(api, path):
    answer = api.ask("GET", f"/artifacts/b3:{'0' * 64}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "artifact-not-found")


def test_a_model_goes_into_production_over_http(api):
    digest = api.project.keep(api.project.fit(3), 3)
    change = api.ask("POST", "/changes", json={"refs": [f"model/x={digest}"], "title": "first"}).json()["change"]["id"]
    assert api.ask("POST", f"/changes/{change}/merge").status_code == 403
    assert api.ask("POST", f"/changes/{change}/approve", json={}).status_code == 403
    assert api.ask("POST", f"/changes/{change}/approve", api.bo, json={"note": "good"}).json()["state"] == "approved"
    (moved,) = api.ask("POST", f"/changes/{change}/merge").json()["moves"]
    assert (moved["new"], api.ask("GET", "/refs/model/x").json()["artifact"]) == (digest, digest)
    assert [one["ref"]["name"] for one in api.ask("GET", "/control").json()["models"]] == ["x"]
    run = api.ask("GET", "/runs").json()["runs"][0]
    assert api.ask("GET", f"/runs/{run['id']}").json()["recipe"]["step"] == run["step"] == "pipeline:train"
    assert api.ask("GET", f"/runs/{run['id']}/log").json() == {"text": "fitted\n"}
    lineage = api.ask("GET", f"/artifacts/{digest}/lineage").json()
    data = lineage["nodes"][digest]["maker"]["inputs"]["data"]
    assert [one["start"]["id"] for one in api.ask("GET", f"/artifacts/{data}/impact").json()["runs"]] == [run["id"]]


def test_a_change_is_rejected_or_withdrawn(api):
    digest = api.project.keep(api.project.fit(4), 4)
    first = api.ask("POST", "/changes", json={"refs": [f"model/y={digest}"]}).json()["change"]["id"]
    assert api.ask("POST", f"/changes/{first}/withdraw").json()["state"] == "withdrawn"
    second = api.ask("POST", "/changes", json={"refs": [f"model/z={digest}"]}).json()["change"]["id"]
    assert api.ask("POST", f"/changes/{second}/reject", api.bo, json={"note": "no"}).json()["state"] == "rejected"
    assert second in {one["change"]["id"] for one in api.ask("GET", "/changes").json()["changes"]}


def test_only_an_owner_makes_principals(api):
    assert api.ask("POST", "/principals", api.bo, json={"name": "eve"}).status_code == 403
    assert api.ask("POST", "/principals", json={"name": "eve", "kind": "service"}).status_code == 201
    assert api.ask("POST", "/principals", json={"name": "eve", "kind": "service"}).status_code == 409


def test_the_secret_of_a_token_is_shown_once(api):
    made = api.ask("POST", "/tokens", api.bo, json={"about": "a program", "days": 1, "scopes": ["read"]})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert api.ask("GET", "/whoami", made.json()["secret"]).json()["principal"] == "bo"
    assert made.json()["secret"] not in api.ask("GET", "/tokens", api.bo).text


def test_entries_come_in_pages(api):
    first = api.ask("GET", "/audit/entries?limit=2").json()
    second = api.ask("GET", f"/audit/entries?limit=1&after={first['next']}").json()
    assert [entry["number"] for entry in (*first["entries"], *second["entries"])] == [1, 2, 3]


def test_the_log_is_verified(tmp_path):
    api = ProjectApi(tmp_path)
    told = api.ask("GET", "/audit/verification").json()
    api.close()
    assert (told["first_bad"], told["problems"]) == (None, [])


def test_a_principal_without_the_role_reads_no_entries(api):
    assert api.ask("GET", "/audit/entries", api.bo).status_code == 403


def test_a_problem_says_the_same_three_sentences_as_the_terminal(api):
    printed = Project(api.project.root).cli("--json", "--as", "ana", "changes", "show", "99", expect=None)
    told = api.ask("GET", "/changes/99").json()
    error = json.loads(printed.out)["error"]
    assert (told["title"], told["detail"], told["next_step"]) == (error["what"], error["why"], error["next_step"])
    assert (told["status"], told["type"]) == (404, "urn:remint:error:not-found")


def test_teams_are_made_and_changed_by_an_owner(api):
    assert api.ask("POST", "/teams", json={"name": "risk-board", "about": "looks at risks"}).status_code == 201
    assert api.ask("PUT", "/teams/risk-board/roles/auditor").json()["roles"] == ["auditor"]
    assert api.ask("PUT", "/teams/risk-board/members/bo").json()["members"] == {"bo": [""]}
    assert api.ask("GET", "/audit/entries", api.bo).status_code == 200
    assert [one["name"] for one in api.ask("GET", "/teams", api.bo).json()["teams"]] == ["risk-board"]
    assert api.ask("DELETE", "/teams/risk-board/roles/auditor").json()["roles"] == []
    assert api.ask("DELETE", "/teams/risk-board/members/bo").json() == api.ask("GET", "/teams/risk-board").json()
    assert api.ask("GET", "/audit/entries", api.bo).status_code == 403
    assert api.ask("PUT", "/teams/risk-board/members/nobody").status_code == 404
    assert api.ask("GET", "/teams/nothing").status_code == 404


def test_an_owner_says_whom_an_issuer_means(api):
    said = {"issuer": "https://login.example.org", "subject": "7"}
    assert api.ask("PUT", "/principals/bo/link", json=said).json()["principal"] == "bo"
    assert [one["subject"] for one in api.ask("GET", "/links").json()["links"]] == ["7"]
    assert api.ask("PUT", "/principals/ana/link", json=said).status_code == 409
    assert api.ask("PUT", "/principals/bo/link", json={**said, "issuer": "http://x.org"}).status_code == 422
