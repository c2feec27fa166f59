"""Attacks by requests (cases 1, 2, 16, 18, 22 to 24, 32, 33): who is known, what is known of, and what a request may hold."""

import gzip
import re

import pytest

from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from remint.server.api.table import ROWS
from remint.server.routes import SAFE
from tests.support.pages import Person

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def hidden(fort):
    """An artifact of a sandbox, and a token that is bound to another one."""
    for name in ("one", "two"):
        fort.ask("POST", "/workspaces", json={"name": name})
    place = fort.project.root / "hidden.txt"
    place.write_text("what only one knows")
    digest = fort.app.artifacts.add(fort.project.ana, "one:data/hidden", place).artifact.digest
    return digest, fort.secret(fort.project.ana, sandbox="two"), fort.secret(fort.project.ana, sandbox="one")


def test_01_an_artifact_of_another_sandbox_is_answered_like_none(fort, hidden):
    digest, elsewhere, there = hidden
    with fort.repelled("sandbox-sight", action="artifact:read"):
        answer = fort.ask("GET", f"/artifacts/{digest}/files/hidden.txt", elsewhere)
        none = fort.ask("GET", f"/artifacts/b3:{'0' * 64}/files/hidden.txt", elsewhere)
    said = [{**one.json(), "request": ""} for one in (answer, none)]
    assert (answer.status_code, str(said[0]).replace(digest, f"b3:{'0' * 64}")) == (404, str(said[1]))
    assert fort.ask("GET", f"/artifacts/{digest}/files/hidden.txt", there).text == "what only one knows"


def test_02_who_knows_a_digest_has_not_the_bytes(fort, hidden):
    content = b"what only one knows"
    _, elsewhere, _ = hidden
    body = {"digest": digest_bytes(content), "size_bytes": len(content)}
    with fort.repelled():
        upload = fort.ask("POST", "/uploads", elsewhere, json=body).json()["id"]
        assert fort.ask("POST", f"/uploads/{upload}/complete", elsewhere).status_code == 409
        named = {"files": [{"path": "hidden.txt", "upload": upload}]}
        assert fort.ask("POST", "/artifacts", elsewhere, json=named).status_code in {404, 409}
    sent = {"Content-Range": f"bytes 0-{len(content) - 1}/*"}
    assert fort.ask("PUT", f"/uploads/{upload}", elsewhere, content=content, headers=sent).status_code == 200
    assert fort.ask("POST", f"/uploads/{upload}/complete", elsewhere).json()["complete"]


NAMES = [
    "../x", "/etc/passwd", "%2e%2e%2fx", "%252e%252e%252fx", "a;b", "a\\b", "a%00b", "a%E2%80%AEb", "%C3%A9", "e%CC%81",
    "x" * 5000, "CON", "x.", "X", " x", "x%0A",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_16_a_name_is_of_an_allow_list(fort, hidden, name):
    body = {"to": hidden[0], "reason": "x"}
    with fort.repelled():
        answer = fort.ask("PUT", f"/refs/data/{name}", json=body, headers={"If-None-Match": "*"})
        assert answer.status_code in {404, 405, 422}, answer.text
    with fort.repelled():
        assert fort.ask("POST", "/workspaces", json={"name": name}).status_code == 422


def test_16_a_name_of_the_list_is_taken(fort):
    body = {"to": fort.model(), "reason": "x"}
    assert fort.ask("PUT", "/refs/data/in/order-1.0_x", json=body, headers={"If-None-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"name": "' + b"a" * (2 << 20) + b'"}', 413),
        (b"[" * 100_000 + b"]" * 100_000, 422),
        (b'{"name": NaN}', 422),
        (b'{"name": 1e999}', 422),
        (b'{"name": "a", "name": "b"}', 422),
        (b'{"name": ' + b"9" * 100_000 + b"}", 422),
    ],
    ids=["large", "deep", "nan", "infinite", "twice", "digits"],
)
def test_18_a_bomb_is_refused_before_it_goes_off(fort, content, status):
    with fort.repelled():
        assert fort.ask("POST", "/workspaces", content=content, headers=JSON).status_code == status


def test_18_a_compressed_bomb_is_not_unpacked(fort):
    bomb = gzip.compress(bytes(64 << 20))
    with fort.repelled():
        answer = fort.ask("POST", "/workspaces", content=bomb, headers={**JSON, "Content-Encoding": "gzip"})
        assert answer.status_code == 415
    assert fort.ask("POST", "/workspaces", json={"name": "small"}).status_code == 201


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_22_a_page_of_another_site_changes_nothing(fort, method, sent, status):
    with fort.repelled():
        answer = fort.ask(method, "/tokens/1", headers=sent)
        assert answer.status_code == status
        assert "access-control-allow-origin" not in answer.headers


def test_22_a_page_of_this_site_does(fort):
    number = fort.ask("POST", "/tokens", json={"about": "x", "days": 1}, headers={"Origin": fort.url}).json()["token"]["number"]
    assert fort.ask("DELETE", f"/tokens/{number}", headers={"Origin": fort.url}).status_code == 200


SCRIPTS = ["<img src=x onerror=alert(1)>", "</title><script>alert(1)</script>", '"><svg onload=alert(1)>', "{{ 7 * 7 }}"]


@pytest.mark.parametrize("text", SCRIPTS, ids=range(len(SCRIPTS)))
def test_23_what_people_write_is_shown_as_text(fort, text):
    change = fort.ask("POST", "/changes", json={"refs": [f"model/x23={fort.model()}"], "title": text}).json()["change"]["id"]
    bo = Person(fort.url).sign_in(fort.bo)
    for path in ("/changes", f"/changes/{change}"):
        page = bo.get(path)
        assert text not in page.text or text == "{{ 7 * 7 }}"
        assert re.search("<(img|svg|script)[^>]*(onerror|onload|alert)", page.text) is None
        assert (
            "script-src 'none'" in page.headers["content-security-policy"]
            or "default-src 'none'" in (page.headers["content-security-policy"])
        )
    assert fort.act(change, "withdraw").json()["change"]["title"] == text


def test_23_bytes_are_never_shown_as_a_page(fort):
    page = b"<html><script>alert(1)</script></html>"
    digest = fort.add("page.html", page, "data/page")
    answer = fort.ask("GET", f"/artifacts/{digest}/files/page.html")
    assert (answer.content, answer.headers["content-disposition"]) == (page, "attachment")
    assert answer.headers["content-type"] == "application/octet-stream"


WORDS = ["' OR 1=1 --", "x'; DROP TABLE refs; --", "%' OR '%'='", "\\' UNION SELECT * FROM tokens --", "_" * 200, "(a+)+$"]


@pytest.mark.parametrize("word", WORDS, ids=range(len(WORDS)))
def test_24_what_is_searched_for_is_a_value(fort, word):
    fort.model()
    with fort.repelled():
        for path in ("/refs", "/runs", "/changes", "/principals", "/workspaces"):
            for name in ("after", "step", "ref", "kind"):
                answer = fort.ask("GET", path, params={name: word})
                assert answer.status_code in {200, 404, 422}, answer.text
                found = answer.json()
                assert not any(found.get(key) for key in ("refs", "changes") if name in {"ref", "kind", "step"})
    assert fort.ask("GET", "/runs", params={"step": "pipeline:train"}).json()["runs"]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.method} {row.path}" for row in ROWS])
def test_32_no_route_answers_nobody(fort, row):
    path = re.sub(r"\{\w+(:path)?\}", "1", row.address)
    ways = [
        path,
        f"{path}/",
        path.replace("/api/", "//api/"),
        path.upper(),
        f"{path};x",
        f"{path}%20",
        f"{path}?token={fort.ana}",
    ]
    with fort.repelled():
        for way in ways:
            for method in {row.method, "HEAD"} if row.method in SAFE else {row.method}:
                assert fort.client.request(method, way).status_code in {401, 404, 405}, way


def test_33_guessing_is_slow_and_tells_nothing(own_fort):
    fort = own_fort
    revoked = fort.secret(fort.project.bo)
    fort.ask("DELETE", f"/tokens/{fort.ask('GET', '/whoami', revoked).json()['token']}")
    before = fort.state()
    guesses = [revoked, "rmt_" + "A" * 43, "rmt_", "x", *(f"rmt_{number:043}" for number in range(20))]
    answers = [fort.ask("GET", "/whoami", guess) for guess in guesses]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert len({answer.json()["detail"] for answer in answers if answer.status_code == 401}) == 1
    assert sum(answer.status_code == 401 for answer in answers) <= 11
    assert fort.state() == before
    assert fort.ask("GET", "/whoami").status_code == 200, "who shows a good token is not kept out by others' guesses"


def test_33_there_is_no_first_password(own_fort):
    for secret in ("admin", "remint", "password", ""):
        assert own_fort.ask("GET", "/whoami", secret or "none").status_code == 401
    assert own_fort.ask("GET", "/whoami", own_fort.secret(Context(PrincipalId("eve"), "main"))).status_code == 200
