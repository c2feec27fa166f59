"""Files come in piece by piece, over connections that break, and count only when they are whole."""

import http.client
import os
import time

import pytest

from remint.core.digest import digest_bytes
from remint.core.upload import DAY_US
from tests.support.api import PREFIX

CONTENT = os.urandom(3_000_000)


def begin(api, content, token=None):
    body = {"digest": digest_bytes(content), "size_bytes": len(content)}
    return api.ask("POST", "/uploads", token, json=body).json()["id"]


def put(api, upload, content, first, token=None):
    headers = {"Content-Range": f"bytes {first}-{first + len(content) - 1}/*"}
    return api.ask("PUT", f"/uploads/{upload}", token, content=content, headers=headers)


def whole(api, content, token=None):
    upload = begin(api, content, token)
    assert put(api, upload, content, 0, token).status_code == 200
    assert api.ask("POST", f"/uploads/{upload}/complete", token).json()["complete"]
    return upload


def test_a_file_of_two_pieces_becomes_an_artifact_to_which_a_ref_points(api):
    upload = begin(api, CONTENT)
    assert put(api, upload, CONTENT[:1_500_000], 0).json()["offset"] == 1_500_000
    assert put(api, upload, CONTENT[1_500_000:], 1_500_000).json()["offset"] == len(CONTENT)
    assert api.ask("POST", f"/uploads/{upload}/complete").json()["complete"]
    body = {"files": [{"path": "in/random.bin", "upload": upload}], "ref": {"name": "data/random"}}
    made = api.ask("POST", "/artifacts", json=body)
    digest = made.json()["artifact"]["digest"]
    assert (made.status_code, api.ask("GET", "/refs/data/random").json()["artifact"]) == (201, digest)
    assert api.ask("GET", f"/artifacts/{digest}/files/in/random.bin").content == CONTENT
    assert f"artifact {digest}" in {entry["resource"] for entry in api.entries("artifact:add")}


def test_what_is_uploaded_is_the_same_artifact_as_what_is_added(api):
    added = api.add("same.txt", b"the same", "data/same")
    body = {"files": [{"path": "same.txt", "upload": whole(api, b"the same")}]}
    assert api.ask("POST", "/artifacts", json=body).json()["artifact"]["digest"] == added


def test_an_upload_goes_on_where_the_connection_broke(api):
    upload = begin(api, CONTENT)
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"))
    connection.putrequest("PUT", f"{PREFIX}/uploads/{upload}")
    connection.putheader("Authorization", f"Bearer {api.ana}")
    connection.putheader("Content-Range", f"bytes 0-{len(CONTENT) - 1}/*")
    connection.putheader("Content-Length", str(len(CONTENT)))
    connection.endheaders()
    connection.send(CONTENT[:2_000_000])
    connection.close()
    until_s = time.monotonic() + 20
    while (offset := api.ask("GET", f"/uploads/{upload}").json()["offset"]) < 2_000_000 and time.monotonic() < until_s:
        time.sleep(0.05)
    assert offset == 2_000_000
    assert put(api, upload, CONTENT[offset:], offset).status_code == 200
    assert api.ask("POST", f"/uploads/{upload}/complete").json()["complete"]


def test_bytes_that_begin_elsewhere_are_refused_with_where_to_go_on(api):
    upload = begin(api, b"0123456789")
    assert put(api, upload, b"0123", 0).status_code == 200
    again = put(api, upload, b"0123", 0)
    assert (again.status_code, again.json()["facts"]["offset"]) == (409, 4)
    assert put(api, upload, b"89", 8).status_code == 409


def test_more_bytes_than_were_said_are_refused(api):
    upload = begin(api, b"0123")
    assert put(api, upload, b"01234", 0).status_code == 422
    assert api.ask("GET", f"/uploads/{upload}").json()["offset"] == 0


def test_bytes_without_their_place_are_refused(api):
    upload = begin(api, b"0123")
    assert api.ask("PUT", f"/uploads/{upload}", content=b"0123").status_code == 428


def test_other_bytes_than_the_digest_says_never_count(api):
    upload = begin(api, b"right")
    assert put(api, upload, b"wrong", 0).status_code == 200
    assert api.ask("POST", f"/uploads/{upload}/complete").status_code == 422
    assert api.ask("GET", f"/uploads/{upload}").status_code == 404


def test_an_upload_that_is_not_complete_is_in_no_artifact(api):
    upload = begin(api, b"0123")
    assert put(api, upload, b"01", 0).status_code == 200
    assert api.ask("POST", f"/uploads/{upload}/complete").status_code == 409
    answer = api.ask("POST", "/artifacts", json={"files": [{"path": "a", "upload": upload}]})
    assert (answer.status_code, answer.json()["facts"]["offset"]) == (409, 2)


def test_knowing_a_digest_is_not_having_its_bytes(api):
    api.add("secret.txt", b"secret", "data/secret")
    upload = begin(api, b"secret", api.bo)
    assert api.ask("POST", f"/uploads/{upload}/complete", api.bo).status_code == 409
    assert api.ask("POST", "/artifacts", api.bo, json={"files": [{"path": "a", "upload": upload}]}).status_code == 409


def test_an_upload_of_somebody_else_is_as_if_it_were_not_there(api):
    upload = whole(api, b"mine")
    assert api.ask("GET", f"/uploads/{upload}", api.bo).status_code == 404
    assert put(api, upload, b"", 4, api.bo).status_code == 404
    assert api.ask("POST", "/artifacts", api.bo, json={"files": [{"path": "a", "upload": upload}]}).status_code == 404


def test_a_complete_upload_takes_no_more_bytes(api):
    upload = whole(api, b"mine")
    assert put(api, upload, b"x", 4).status_code == 409
    assert api.ask("POST", f"/uploads/{upload}/complete").json()["complete"]


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a/./b", "x\0", ""])
def test_a_path_that_leaves_the_artifact_is_refused(api, path):
    body = {"files": [{"path": path, "upload": whole(api, b"mine")}]}
    assert api.ask("POST", "/artifacts", json=body).status_code == 422


def test_an_upload_to_a_protected_ref_does_not_move_it(api):
    body = {"files": [{"path": "a", "upload": whole(api, b"mine")}], "ref": {"name": "model/x"}}
    assert api.ask("POST", "/artifacts", json=body).status_code == 403
    assert api.ask("GET", "/refs/model/x").status_code == 404


def test_an_upload_is_removed_by_hand_or_after_a_day(api):
    first, second = begin(api, b"first"), begin(api, b"second")
    assert api.ask("DELETE", f"/uploads/{first}").status_code == 200
    api.app.incoming.sweep(before_us=api.app.clock.now_us() + 1)
    third = begin(api, b"third")
    api.app.incoming.sweep(before_us=api.app.clock.now_us() - DAY_US)
    assert [api.ask("GET", f"/uploads/{one}").status_code for one in (first, second, third)] == [404, 404, 200]


@pytest.mark.parametrize("upload", ["..", "0" * 31, "g" * 32, "%2e%2e%2fkeys"])
def test_an_id_that_is_none_is_not_found(api, upload):
    assert api.ask("DELETE", f"/uploads/{upload}").status_code in {404, 405}
