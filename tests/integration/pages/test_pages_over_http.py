"""The pages over HTTP: who may see and do what, sessions, forms, and headers."""

import re

import pytest

from remint.app import App, initialise
from remint.config import load
from remint.errors import Denied
from tests.support.pages import Person, pages_of, project_with_changes, token_of

PAGES = ["/", "/changes", "/changes/2", "/changes/77", "/emergencies", "/rollback?ref=model%2Fdelay", "/cost", "/login"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    project = project_with_changes(tmp_path_factory.mktemp("pages") / "flights")
    yield project
    project.close()


@pytest.fixture(scope="module")
def url(made):
    with pages_of(made.app) as address:
        yield address


@pytest.fixture
def bo(made, url):
    return Person(url).sign_in(token_of(made.app, made.bo))


@pytest.fixture
def ana(made, url):
    return Person(url).sign_in(token_of(made.app, made.ana))


def propose(project, ref, **options):
    """Open a change by ana that moves another ref to what change 2 proposes; return its number."""
    digest = project.app.changes.review("2").change.moves[0].new
    return project.app.changes.propose(project.ana, [f"{ref}={digest}"], **options).change.id


@pytest.mark.parametrize("path", ["/", "/changes", "/changes/2", "/emergencies", "/cost"])
def test_who_is_not_signed_in_is_sent_to_the_form_and_back(url, path):
    answer = Person(url).get(path)
    assert answer.status == 303
    assert answer.headers["location"] in {"/login", f"/login?next={path}"}


def test_every_cause_of_a_refused_sign_in_gets_the_same_words(made, url):
    ended = made.app.identity.issue(made.bo, about="test", days=1)
    made.app.identity.revoke(made.bo, ended.token.number)
    person = Person(url)
    person.get("/login")
    answers = [person.post("/login", token=secret) for secret in ("", "rmt_nobody", "x" * 300, ended.secret)]
    assert {answer.status for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1


def test_the_cookie_of_a_session_is_read_by_no_script_and_sent_to_no_other_site(made, url):
    person = Person(url)
    person.get("/login")
    answer = person.post("/login", token=token_of(made.app, made.bo))
    cookie = next(each for each in answer.set_cookies if each.startswith("remint_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie


def test_a_session_is_a_token_of_its_own_with_the_limits_of_the_one_shown(made, url):
    shown = token_of(made.app, made.bo, scopes=["read"])
    person = Person(url).sign_in(shown)
    held = made.app.identity.identify(person.cookies["remint_session"])
    assert person.cookies["remint_session"] != shown
    assert held.scopes == {"read"}


def test_signing_out_ends_the_session_on_the_server_too(made, url):
    person = Person(url).sign_in(token_of(made.app, made.bo))
    session = person.cookies["remint_session"]
    person.post("/signout")
    person.cookies["remint_session"] = session
    assert person.get("/changes").headers["location"] == "/login?next=/changes"


def test_signing_in_again_ends_the_session_of_before(made, url):
    person = Person(url).sign_in(token_of(made.app, made.bo))
    before = person.cookies["remint_session"]
    person.post("/login", token=token_of(made.app, made.bo))
    with pytest.raises(Denied):
        made.app.identity.identify(before)


def test_after_signing_in_only_a_page_of_this_server_follows(made, url):
    person = Person(url)
    person.get("/login")
    secret = token_of(made.app, made.bo)
    assert person.post("/login", token=secret, next="//evil.example/").headers["location"] == "/"
    person.get("/changes")
    assert person.post("/login", token=secret, next="/changes/2").headers["location"] == "/changes/2"


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, {"key": "0" * 32}),
        ({}, {"key": ""}),
        ({"Origin": "http://evil.example"}, {}),
        ({"Origin": "null"}, {}),
        ({"Sec-Fetch-Site": "cross-site"}, {}),
        ({"Sec-Fetch-Site": "same-site"}, {}),
    ],
)
def test_a_form_that_no_page_of_this_server_sent_does_nothing(made, bo, headers, fields):
    answer = bo.post("/changes/2/reject", headers=headers, note="forged", **fields)
    assert answer.status == 403
    assert "own-origin" in answer.text
    assert made.app.changes.review("2").state == "open"


def test_a_form_key_of_before_signing_in_is_not_taken_afterwards(made, url):
    person = Person(url)
    person.get("/login")
    before = person.key
    person.sign_in(token_of(made.app, made.bo))
    assert person.post("/changes/2/reject", note="old", key=before).status == 403


def test_a_form_that_is_too_large_is_not_read(bo):
    assert bo.post("/changes/2/reject", note="x" * 70_000).status == 413


def test_what_is_no_form_is_refused(bo):
    assert bo.post("/changes/2/reject", headers={"Content-Type": "text/plain"}, note="x").status == 415


@pytest.mark.parametrize("path", PAGES)
def test_every_page_carries_its_headers_and_nothing_inline(bo, path):
    answer = bo.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.findall(r"<script|<style|\sstyle=", answer.text) == []


def test_a_file_that_pages_name_is_kept_for_long_under_its_digest(bo, url):
    place = re.search(r'href="(/static/[0-9a-f]+/style.css)"', bo.get("/changes").text)[1]
    answer = Person(url).get(place)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert Person(url).get("/static/0000000000000000/style.css").status == 404


def test_an_author_sees_the_rule_beside_a_button_that_does_nothing_and_is_refused_by_the_service_too(ana):
    assert "rule four-eyes" in ana.get("/changes/2").text
    answer = ana.post("/changes/2/approve", role="approver")
    assert answer.status == 403
    assert "four-eyes" in answer.text


def test_a_token_that_may_only_read_sees_a_change_and_cannot_decide(made, url):
    person = Person(url).sign_in(token_of(made.app, made.bo, scopes=["read"]))
    assert "rule token-scope" in person.get("/changes/2").text
    assert person.post("/changes/2/reject", note="no").status == 403


def test_a_token_that_may_not_read_does_not_sign_in(made, url):
    person = Person(url)
    person.get("/login")
    assert person.post("/login", token=token_of(made.app, made.bo, scopes=["write"])).status == 403


@pytest.mark.parametrize("path", ["/changes/77", "/changes/x", "/changes/%3Cimg%20src=x%3E"])
def test_a_change_that_is_not_there_has_a_page_that_says_what_next(bo, path):
    answer = bo.get(path)
    assert answer.status == 404
    assert "<dt>Next</dt>" in answer.text
    assert "<img src=x" not in answer.text


def test_the_theme_is_kept_in_a_cookie(bo):
    assert bo.post("/theme", theme="dark", next="/changes/2").headers["location"] == "/changes/2"
    assert 'data-theme="dark"' in bo.get("/changes").text
    bo.post("/theme", theme="nonsense")
    assert "data-theme" not in bo.get("/changes").text


def test_a_rejected_change_says_why_and_is_found_by_its_state(made, ana, bo):
    number = propose(made, "model/rejected", title="Not this one")
    assert bo.post(f"/changes/{number}/reject", note="July is missing").headers["location"] == f"/changes/{number}?done=reject"
    page = ana.get(f"/changes/{number}").text
    assert "July is missing" in page
    assert "This change has ended" in page
    assert "Not this one" in ana.get("/changes?state=rejected").text
    assert "Not this one" not in ana.get("/changes?state=merged").text


def test_who_opened_a_change_takes_it_back(made, ana):
    number = propose(made, "model/taken")
    ana.post(f"/changes/{number}/withdraw")
    assert made.app.changes.review(number).state == "withdrawn"


def test_a_draft_is_opened_for_review_by_who_made_it(made, ana):
    number = propose(made, "model/draft", draft=True)
    assert "Open for review" in ana.get(f"/changes/{number}").text
    ana.post(f"/changes/{number}/open")
    assert made.app.changes.review(number).state == "open"


def propose_many(project, count):
    for number in range(count):
        propose(project, f"model/many-{number}")


def test_a_long_list_has_pages(made, bo):
    propose_many(made, 26)
    assert bo.get("/changes").text.count("model/many-") >= 25
    assert 'rel="next" href="/changes?page=2"' in bo.get("/changes").text
    assert 'rel="prev" href="/changes"' in bo.get("/changes?page=2").text


def test_approving_and_merging_brings_a_model_to_the_control_room(tmp_path):
    project = project_with_changes(tmp_path / "flights")
    with pages_of(project.app) as url:
        bo = Person(url).sign_in(token_of(project.app, project.bo))
        assert "of 1" in bo.get("/").text
        assert bo.post("/changes/2/approve", role="approver", note="I compared").status == 303
        assert "I compared" in bo.get("/changes/2").text
        assert bo.post("/changes/2/merge").headers["location"] == "/changes/2?done=merge"
        room = bo.get("/").text
    project.close()
    assert "version 2" in room
    assert 'by <a href="/changes/2">change 2</a>' in room


def test_a_project_whose_records_cannot_be_read_has_a_page_that_says_so(tmp_path):
    initialise(tmp_path, owner="ana")
    (tmp_path / ".remint/catalog.db").write_bytes(b"not a catalog" * 1000)
    app = App(load(tmp_path, environment={}))
    with pages_of(app) as url:
        answer = Person(url, {"remint_session": "rmt_x"}).get("/changes")
    app.close()
    assert answer.status >= 500
    assert "<dt>Next</dt>" in answer.text
    assert answer.headers["cache-control"] == "no-store"
