"""The pages of emergencies: who may open, confirm, merge and review, and what others are told."""

import pytest

from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.pages import Person, pages_of, project_with_changes, token_of

EVIL = "<script>alert(1)</script>"
PRINCIPALS = {"gus": ("member", "glass"), "hal": ("member", "glass"), "cy": ("approver",), "vi": ("viewer",)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project in which gus and hal may break glass, cy approves, and vi looks."""
    project = project_with_changes(tmp_path_factory.mktemp("pages") / "flights")
    for name, roles in PRINCIPALS.items():
        project.app.principals.create(project.ana, name, roles=roles)
    yield project
    project.close()


@pytest.fixture(scope="module")
def url(made):
    with pages_of(made.app) as address:
        yield address


@pytest.fixture
def person(made, url):
    """Return a function that signs somebody in."""
    return lambda name, **limits: Person(url).sign_in(token_of(made.app, Context(PrincipalId(name), "main"), **limits))


@pytest.fixture
def concerned(made):
    """A change by ana of a ref of its own; return the ref and the number of the change."""
    digest = made.app.changes.review("2").change.moves[0].new
    ref = f"model/ref-{len(made.app.changes.list(limit=500))}"
    return ref, made.app.changes.propose(made.ana, [f"{ref}={digest}"]).change.id


def newest(made):
    return made.app.glasses.list(limit=1)[0]


def declare(made, gus, ref, reason="production fails"):
    """Open an emergency about a ref; return its number."""
    assert gus.post("/emergencies", refs=ref, reason=reason, ttl="30m").headers["location"] == "/emergencies?done=open"
    return newest(made).number


def test_two_persons_open_confirm_and_merge_on_the_pages_and_a_third_reviews(made, person, concerned):
    ref, change = concerned
    gus, hal, cy = person("gus"), person("hal"), person("cy")
    here = f"/emergencies?refs={ref.replace('/', '%2F')}"
    assert f'href="{here}"' in gus.get(f"/changes/{change}").text
    assert here not in cy.get(f"/changes/{change}").text
    assert f">{ref}</textarea>" in gus.get(here).text
    number = declare(made, gus, ref)
    assert "no second principal confirmed it" in gus.get(f"/changes/{change}").text
    assert hal.post(f"/emergencies/{number}/confirm").headers["location"] == "/emergencies?done=confirm"
    assert f'name="glass" value="{number}"' in gus.get(f"/changes/{change}").text
    assert gus.post(f"/changes/{change}/merge", glass=str(number)).headers["location"] == f"/changes/{change}?done=merge"
    assert made.app.changes.review(change).state == "merged"
    assert f"merged in emergency {number}" in cy.get(f"/changes/{change}").text
    assert "merged in it; to be reviewed by" in cy.get("/emergencies").text
    assert cy.post(f"/changes/{change}/review", note="it was right").headers["location"] == f"/changes/{change}?done=review"
    assert made.app.changes.review(change).review_due_us is None
    assert "it was right" in cy.get(f"/changes/{change}").text
    assert "merged in it, and reviewed" in cy.get("/emergencies").text


def test_who_merged_in_an_emergency_reads_why_they_do_not_review_it_and_is_refused(made, person, concerned):
    ref, change = concerned
    made.app.principals.grant(made.ana, "gus", "approver")
    gus, hal = person("gus"), person("hal")
    number = declare(made, gus, ref)
    hal.post(f"/emergencies/{number}/confirm")
    hal.post(f"/changes/{change}/merge", glass=str(number))
    assert "no one reviews what they made, merged or allowed" in gus.get(f"/changes/{change}").text
    refused = gus.post(f"/changes/{change}/review", note="fine")
    made.app.principals.revoke(made.ana, "gus", "approver")
    assert refused.status == 403
    assert "four-eyes" in refused.text
    assert made.app.changes.review(change).review_due_us is not None


def test_a_review_without_words_is_refused(made, person, concerned):
    _, change = concerned
    assert person("cy").post(f"/changes/{change}/review", note=" ").status == 422
    assert person("cy").post(f"/changes/{change}/review", note="x" * 2001).status == 422


@pytest.mark.parametrize("name", ["cy", "vi"])
def test_who_has_not_the_role_sees_no_form_and_is_refused(made, person, concerned, name):
    ref, _ = concerned
    someone = person(name)
    number = declare(made, person("gus"), ref)
    page = someone.get("/emergencies").text
    assert 'action="/emergencies"' not in page
    assert "rule role" in page
    before = len(made.app.glasses.list(limit=500))
    assert someone.post("/emergencies", refs=ref, reason="why not", ttl="30m").status == 403
    assert someone.post(f"/emergencies/{number}/confirm").status == 403
    assert len(made.app.glasses.list(limit=500)) == before
    assert made.app.glasses.get(number).confirmed is None


def test_who_opened_an_emergency_does_not_confirm_it(made, person, concerned):
    gus = person("gus")
    number = declare(made, gus, concerned[0])
    assert "who opened it does not confirm it" in gus.get("/emergencies").text
    assert "four-eyes" in gus.post(f"/emergencies/{number}/confirm").text
    assert made.app.glasses.get(number).confirmed is None


def test_a_token_without_the_scope_opens_nothing(made, person, concerned):
    gus = person("gus", scopes=["read", "write"])
    assert "rule token-scope" in gus.get("/emergencies").text
    assert gus.post("/emergencies", refs=concerned[0], reason="it fails", ttl="30m").status == 403


def test_only_the_two_persons_are_offered_the_merge_and_only_they_may(made, person, concerned):
    ref, change = concerned
    number = declare(made, person("gus"), ref)
    person("hal").post(f"/emergencies/{number}/confirm")
    ana = person("ana")
    assert "only gus and hal" in ana.get(f"/changes/{change}").text
    assert ana.post(f"/changes/{change}/merge", glass=str(number)).status == 403
    assert made.app.changes.review(change).state == "open"


def test_an_emergency_about_other_refs_is_not_offered(made, person, concerned):
    _, change = concerned
    gus = person("gus")
    number = declare(made, gus, "model/something-else")
    person("hal").post(f"/emergencies/{number}/confirm")
    assert f'value="{number}"' not in gus.get(f"/changes/{change}").text
    assert "it is not about" in gus.post(f"/changes/{change}/merge", glass=str(number)).text


@pytest.mark.parametrize(
    "fields",
    [
        {"refs": "model/x", "reason": " ", "ttl": "30m"},
        {"refs": "model/x", "reason": "x" * 2001, "ttl": "30m"},
        {"refs": " , ", "reason": "it fails", "ttl": "30m"},
        {"refs": "data/rows", "reason": "it fails", "ttl": "30m"},
        {"refs": " ".join(f"model/x{number}" for number in range(101)), "reason": "it fails", "ttl": "30m"},
        {"refs": "model/x", "reason": "it fails", "ttl": "25h"},
        {"refs": "model/x", "reason": "it fails", "ttl": ""},
        {"refs": "no ref at all!", "reason": "it fails", "ttl": "30m"},
    ],
)
def test_a_form_that_says_no_emergency_is_refused_with_what_to_do(made, person, fields):
    before = len(made.app.glasses.list(limit=500))
    answer = person("gus").post("/emergencies", **fields)
    assert answer.status == 422
    assert "<dt>Next</dt>" in answer.text
    assert len(made.app.glasses.list(limit=500)) == before


@pytest.mark.parametrize("number", ["0", "99999", "x", "%3Cimg%20src=x%3E", "9" * 20])
def test_an_emergency_that_is_not_there_is_not_found(person, number):
    answer = person("gus").post(f"/emergencies/{number}/confirm")
    assert answer.status == 404
    assert "<img src=x" not in answer.text


@pytest.mark.parametrize("number", ["99999", "x", "-1"])
def test_a_merge_in_an_emergency_that_is_not_there_moves_nothing(made, person, concerned, number):
    assert person("gus").post(f"/changes/{concerned[1]}/merge", glass=number).status == 404
    assert made.app.changes.review(concerned[1]).state == "open"


def test_a_form_that_another_site_sent_opens_nothing(made, person, concerned):
    before = len(made.app.glasses.list(limit=500))
    answer = person("gus").post(
        "/emergencies", headers={"Origin": "http://evil.example"}, refs=concerned[0], reason="x", ttl="1h"
    )
    assert "own-origin" in answer.text
    assert len(made.app.glasses.list(limit=500)) == before


def test_markup_in_a_reason_and_in_an_address_is_only_text(made, person, concerned):
    gus = person("gus")
    declare(made, gus, concerned[0], reason=EVIL)
    for path in ("/emergencies", f"/changes/{concerned[1]}", f"/emergencies?refs={EVIL.replace('<', '%3C')}"):
        page = gus.get(path).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script" not in page


def test_a_draft_in_an_emergency_says_that_it_is_one(made, person):
    digest = made.app.changes.review("2").change.moves[0].new
    change = made.app.changes.propose(made.ana, [f"model/drafted={digest}"], draft=True).change.id
    gus = person("gus")
    number = declare(made, gus, "model/drafted")
    person("hal").post(f"/emergencies/{number}/confirm")
    assert "it is a draft" in gus.get(f"/changes/{change}").text
    assert gus.post(f"/changes/{change}/merge", glass=str(number)).status == 409


def test_the_page_of_a_change_says_who_answers_for_its_refs_and_who_is_gone(made, person, concerned):
    ref, change = concerned
    ana = person("ana")
    assert "nobody" in ana.get(f"/changes/{change}").text
    made.app.principals.create(made.ana, "leaver", roles=("member",))
    made.app.inventory.set(made.ana, ref, owner="leaver")
    assert "leaver</span>" in ana.get(f"/changes/{change}").text
    made.app.principals.leave(made.ana, "leaver")
    page = ana.get(f"/changes/{change}").text
    assert "leaver (gone)" in page
    assert f"an owner (leaver, who answered for {ref}, has left)" in page
