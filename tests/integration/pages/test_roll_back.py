"""Rolling back on the pages, and the alarms of the control room."""

import pytest

from remint.app import App
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.pages import Person, pages_of, project_with_changes, token_of

VIEWER = Context(PrincipalId("vi"), "main")
FORM = "/rollback?ref=model%2Fdelay"


@pytest.fixture
def made(tmp_path):
    """A project whose model in production has two versions, put there by changes 1 and 2."""
    project = project_with_changes(tmp_path / "flights")
    project.app.changes.approve(project.bo, "2")
    project.app.changes.merge(project.bo, "2")
    project.app.principals.create(project.ana, "vi", roles=("viewer",))
    yield project
    project.close()


@pytest.fixture
def url(made):
    with pages_of(made.app) as address:
        yield address


@pytest.fixture
def bo(made, url):
    return Person(url).sign_in(token_of(made.app, made.bo))


def pointed(made):
    return made.app.refs.get(made.ana, "model/delay").artifact


def versions(made):
    return [move.new for move in made.app.refs.log(made.ana, "model/delay")]


def test_a_model_is_rolled_back_from_the_control_room_by_way_of_a_page_that_says_to_what(made, bo):
    later, earlier = versions(made)
    assert f'href="{FORM}"' in bo.get("/").text
    page = bo.get(FORM).text
    assert earlier.short in page
    assert f'name="seen" value="{later}"' in page
    assert pointed(made) == later
    answer = bo.post("/rollback", ref="model/delay", seen=str(later), reason="it fails on new carriers")
    assert answer.headers["location"] == "/changes/3?done=roll-back"
    assert pointed(made) == earlier
    told = bo.get("/changes/3?done=roll-back").text
    assert "the version of before is in production again" in told
    assert "it fails on new carriers" in told
    assert "rolled back" in told


def test_a_roll_back_of_what_moved_meanwhile_takes_nothing_back(made, bo):
    seen = pointed(made)
    made.release(3, "delay")
    before = versions(made)
    answer = bo.post("/rollback", ref="model/delay", seen=str(seen), reason="it fails")
    assert answer.status == 412
    assert "you saw it at" in answer.text
    assert versions(made) == before


def test_a_roll_back_is_not_rolled_back(made, bo):
    made.app.roll_backs.roll_back(made.ana, "model/delay")
    answer = bo.post("/rollback", ref="model/delay", seen=str(pointed(made)), reason="back again")
    assert answer.status == 403
    assert "previous-merged" in answer.text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"reason": " "}, 422),
        ({"reason": "x" * 2001}, 422),
        ({"seen": ""}, 422),
        ({"seen": "b3:00"}, 422),
        ({"ref": "data/rows"}, 422),
        ({"ref": ""}, 422),
        ({"ref": "model/unheard-of"}, 404),
        ({"key": "0" * 32}, 403),
    ],
)
def test_a_form_that_says_no_roll_back_is_refused_with_what_to_do(made, bo, fields, status):
    before = versions(made)
    given = {"ref": "model/delay", "seen": str(before[0]), "reason": "it fails", **fields}
    answer = bo.post("/rollback", **given)
    assert answer.status == status
    assert "<dt>Next</dt>" in answer.text
    assert versions(made) == before


@pytest.mark.parametrize("ref", ["model%2Funheard-of", "", "%3Cimg%20src=x%3E"])
def test_the_page_of_a_ref_that_is_not_there_says_so(bo, ref):
    answer = bo.get(f"/rollback?ref={ref}")
    assert answer.status in {422, 404}
    assert "<img src=x" not in answer.text


def test_who_only_looks_is_offered_no_roll_back_and_refused(made, url):
    person = Person(url).sign_in(token_of(made.app, VIEWER))
    assert "/rollback" not in person.get("/").text
    assert "rule role" in person.get(FORM).text
    before = versions(made)
    assert person.post("/rollback", ref="model/delay", seen=str(before[0]), reason="it fails").status == 403
    assert versions(made) == before


def test_a_model_with_one_version_has_nothing_to_go_back_to(made, bo):
    made.promote(versions(made)[0], "young")
    assert "model%2Fyoung" not in bo.get("/").text
    assert "no earlier version of it was merged" in bo.get("/rollback?ref=model%2Fyoung").text


def test_the_control_room_begins_with_how_the_settings_depart_from_those_recorded(made):
    change = made.app.configuration.propose(made.ana).change.id
    made.app.changes.approve(made.bo, change)
    made.app.changes.merge(made.ana, change)
    made.close()
    root = made.root
    with (root / "remint.toml").open("a") as settings:
        settings.write("\n[approvals]\napprover = 2\n")
    made.app = App(load(root, environment={}))
    with pages_of(made.app) as url:
        room = Person(url).sign_in(token_of(made.app, VIEWER)).get("/").text
    (words,) = made.app.configuration.compare().departures
    assert "The settings in force are not those recorded" in room
    assert words.split()[0] in room[: room.index("Production models in control")]


def test_settings_that_are_as_recorded_raise_no_alarm(bo):
    assert "not those recorded" not in bo.get("/").text


def test_a_card_says_who_answers_for_a_model_and_that_they_are_gone(made, bo):
    assert "nobody" in bo.get("/").text
    made.app.principals.create(made.ana, "leaver", roles=("member",))
    made.app.inventory.set(made.ana, "model/delay", owner="leaver", materiality="high")
    assert "high materiality" in bo.get("/").text
    made.app.principals.leave(made.ana, "leaver")
    assert "leaver (gone)" in bo.get("/").text


def test_who_follows_a_link_to_a_roll_back_comes_back_to_it_after_signing_in(made, url):
    person = Person(url)
    sent = person.get(FORM).headers["location"]
    assert sent == "/login?next=/rollback%3Fref%3Dmodel%252Fdelay"
    assert f'name="next" value="{FORM}"' in person.get(sent).text
    assert person.post("/login", token=token_of(made.app, made.bo), next=FORM).headers["location"] == FORM
