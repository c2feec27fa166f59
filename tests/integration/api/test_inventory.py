"""The inventory and what is signed about artifacts, over HTTP."""

import base64
import json

import pytest


@pytest.fixture(scope="module")
def words(api):
    return api.add("vouched.txt", b"0123456789", "data/vouched")


def test_who_answers_for_a_ref_is_said_and_shown(api, words):
    made = api.ask("PUT", "/inventory/data/vouched", json={"owner": "ana", "purpose": "tests"})
    assert (made.status_code, made.json()["answer"], made.json()["artifact"]) == (200, "owned", words)
    shown = api.ask("GET", "/inventory/data/vouched").json()
    assert (shown["listed"]["item"]["purpose"], len(shown["items"])) == ("tests", 1)
    listed = api.ask("GET", "/inventory?kind=data&limit=1000").json()["refs"]
    assert {one["ref"]: one["answer"] for one in listed}["data/vouched"] == "owned"
    assert api.ask("GET", "/inventory/data/nowhere").status_code == 404


def test_only_owners_say_who_answers(api, words):
    refused = api.ask("PUT", "/inventory/data/vouched", api.secret(api.project.bo), json={"owner": "bo"})
    assert (refused.status_code, refused.json()["facts"]["rule"]) == (403, "owners-only")


@pytest.mark.parametrize("body", [{"owner": "nobody"}, {"exposure": "all"}, {"colour": "red"}, {"owner": 7}])
def test_what_the_inventory_cannot_say_is_refused(api, words, body):
    assert api.ask("PUT", "/inventory/data/unsaid", json=body).status_code in {404, 422, 400}


def test_an_artifact_is_signed_scanned_and_described(api, words):
    one = f"/artifacts/{words}"
    assert api.ask("POST", f"{one}/evidence", json={"predicate": "read", "note": "all of it"}).status_code == 201
    scan = api.ask("POST", f"{one}/scans")
    assert (scan.status_code, scan.json()["files"], scan.json()["findings"]) == (201, 1, [])
    assert api.ask("PUT", f"{one}/card", json={"text": "# Use\nfor tests"}).json()["by"] == "ana"
    assert api.ask("GET", f"{one}/card").json()["text"] == "# Use\nfor tests"
    said = api.ask("GET", f"{one}/evidence").json()["attested"]
    assert {(one["by"], one["predicate"]) for one in said} == {("ana", "read"), ("remint", "scanned"), ("ana", "described")}


@pytest.mark.parametrize(
    "envelope",
    [
        "",
        "[]",
        "{}",
        json.dumps({"payloadType": "application/vnd.in-toto+json", "payload": "eA==", "signatures": []}),
        json.dumps(
            {
                "payloadType": "application/vnd.in-toto+json",
                "payload": base64.b64encode(b"[" * 100_000).decode(),
                "signatures": [],
            }
        ),
    ],
)
def test_what_is_no_envelope_is_refused(api, words, envelope):
    answer = api.ask("POST", f"/artifacts/{words}/envelopes", json={"envelope": envelope})
    assert (answer.status_code, "no attestation" in answer.text) == (422, True)


def test_a_validation_is_opened_and_concluded(api, words):
    token = api.secret(api.project.bo)
    opened = api.ask("POST", "/validations", token, json={"ref": "data/vouched", "scope": "the digits"})
    number = opened.json()["number"]
    one = f"/validations/{number}"
    assert (opened.status_code, opened.json()["by"]) == (201, "bo")
    found = {"severity": "high", "due": "2999-01-01", "text": "no letters"}
    assert api.ask("POST", f"{one}/findings", token, json=found).json()["findings"][0]["text"] == "no letters"
    assert api.ask("POST", f"{one}/findings/1/answers", json={"note": "there are none"}).status_code == 201
    waiver = {"until": "2999-02-01", "reason": "none needed"}
    assert api.ask("POST", f"{one}/findings/1/waivers", token, json=waiver).status_code == 201
    assert api.ask("POST", f"{one}/findings/1/closing", token).status_code == 201
    assert api.ask("POST", f"{one}/result", json={"result": "fail"}).json()["facts"]["rule"] == "own-validation"
    assert api.ask("POST", f"{one}/result", token, json={"result": "pass"}).status_code == 422
    assert api.ask("POST", f"{one}/tests", token, json={"run": "0" * 32}).status_code == 404
    assert api.ask("POST", f"{one}/result", token, json={"result": "fail"}).json()["result"] == "fail"
    assert api.ask("GET", one).json()["result"] == "fail"
    listed = api.ask("GET", f"/validations?artifact={words}").json()["validations"]
    assert [entry["number"] for entry in listed] == [number]


def test_who_added_something_does_not_validate_it(api, words):
    refused = api.ask("POST", "/validations", json={"ref": "data/vouched", "scope": "my own"})
    assert (refused.status_code, refused.json()["facts"]["rule"]) == (403, "independent")


@pytest.mark.parametrize("number", ["0", "99999", "x", "9" * 30, "-1"])
def test_a_validation_that_is_not_there_is_not_found(api, number):
    assert api.ask("GET", f"/validations/{number}").status_code == 404
