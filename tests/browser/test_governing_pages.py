"""Emergencies, roll-back, alarms and costs in a browser: clicked through, in light and dark, on small windows."""

import pytest

from remint.app import App
from remint.config import load
from remint.core.ids import PrincipalId
from remint.core.pipeline import StepSpec
from remint.ports.usecases.context import Context
from tests.support import paid
from tests.support.browser import ABSENT, BROWSER, FAULTS, Tab, chromium
from tests.support.pages import pages_of, project_with_changes, token_of

PAGES = ["/", "/changes/4", "/changes/5", "/emergencies", "/rollback?ref=model%2Fdelay", "/cost", "/cost?by=month"]
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
EVIL = "<img src=x onerror=\"document.body.id='evil'\">"
OTHER = StepSpec("pipeline", "a-step-with-quite-a-long-name-that-has-to-fit-somewhere", {"out": "value"}, {"seed": 7}, cpu_s=10)
GUS, HAL = Context(PrincipalId("gus"), "main"), Context(PrincipalId("hal"), "main")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if BROWSER is None:
        pytest.skip(ABSENT)
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def opened(browser):
    """Return a function that opens a window; none of them may have had anything to complain of."""
    tabs = []

    def open_tab(**wishes):
        tabs.append(Tab(browser, **wishes))
        return tabs[-1]

    yield open_tab
    complaints = [tab.close() for tab in tabs]
    assert [words for of_tab in complaints for words in of_tab] == []


def with_glass(root):
    """Return a project with a change that waits, in which gus and hal may break glass."""
    project = project_with_changes(root)
    for name in ("gus", "hal"):
        project.app.principals.create(project.ana, name, roles=("member", "glass"))
    return project


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project in which something of everything happened.

    Settings were recorded, and others are in force. The ref model/delay has two versions. Change 4 was merged in emergency 1;
    change 5 could be in emergency 2; nobody confirmed emergency 3, whose reason is markup. Runs were charged, and one goes on.
    """
    project = with_glass(tmp_path_factory.mktemp("pages") / "flights")
    app, ana, bo = project.app, project.ana, project.bo
    app.changes.approve(bo, "2")
    app.changes.merge(bo, "2")
    first, second = (move.new for move in app.refs.log(ana, "model/delay"))
    recorded = app.configuration.propose(ana).change.id
    app.changes.approve(bo, recorded)
    app.changes.merge(ana, recorded)
    for name, digest in (("carriers", first), ("weather", second)):
        number = app.glasses.open(GUS, [f"model/{name}"], reason="every answer for new carriers is wrong", ttl="2h").number
        app.glasses.confirm(HAL, number)
        app.changes.propose(ana, [f"model/{name}={digest}"], title=f"{name}, made again")
    app.changes.merge(GUS, "4", glass=1)
    app.glasses.open(HAL, ["model/tip"], reason=EVIL, ttl="30m")
    project.close()
    (project.root / "remint.toml").write_text(f"{paid.SETTINGS}\n[approvals]\napprover = 2\n", encoding="utf-8")
    project.app = App(load(project.root, environment={}))
    spend(project.app)
    yield project
    project.close()


def spend(app):
    for name, parent in (("company", ""), ("team", "company"), ("lab", "team"), ("ops", "company")):
        app.budgets.create(paid.ANA, name, limit="40.00", parent=parent)
    paid.end(app, paid.start(app), cpu_s=7)
    paid.end(app, paid.start(app, OTHER), cpu_s=2.25)
    paid.start(app)
    app.budgets.set_limit(paid.ANA, "ops", "0")
    app.budgets.close(paid.ANA, "ops")


@pytest.fixture(scope="module")
def url(made):
    with pages_of(made.app) as address:
        yield address


@pytest.fixture
def signed_in(opened, made, url):
    def open_tab(who=GUS, **wishes):
        tab = opened(**wishes)
        tab.sign_in(url, token_of(made.app, who))
        return tab

    return open_tab


def test_an_emergency_is_clicked_through_by_two_persons_and_reviewed_by_a_third(opened, tmp_path):
    project = with_glass(tmp_path / "flights")
    with pages_of(project.app) as address:
        gus, hal, bo = opened(scripts=False), opened(), opened()
        for tab, who in ((gus, GUS), (hal, HAL), (bo, project.bo)):
            tab.sign_in(address, token_of(project.app, who))
        gus.click("a[href='/emergencies']")
        for field, words in (("#refs", "model/delay"), ("#reason", "every answer for new carriers is wrong")):
            gus.tab_to(field)
            gus.type(words)
        gus.click("form[action='/emergencies'] button")
        assert "It allows nothing before a second person confirms it" in gus.text()
        hal.follow("a[href='/emergencies']")
        hal.follow("form[action='/emergencies/1/confirm'] button")
        assert "In force" in hal.text()
        hal.follow("a[href='/changes/2']")
        hal.follow("form[aria-label='Merge in emergency 1'] button")
        assert "every ref of this change has moved" in hal.text()
        bo.goto(f"{address}/changes/2")
        bo.tab_to("#review-note")
        bo.type("the carriers were new, and it was right")
        bo.click("form[action='/changes/2/review'] button")
        assert "the carriers were new, and it was right" in bo.text()
        assert "Record the review" not in bo.text()
    project.close()


def test_a_model_is_rolled_back_by_keyboard_alone_after_it_was_said_why(opened, tmp_path):
    project = project_with_changes(tmp_path / "flights")
    project.app.changes.approve(project.bo, "2")
    project.app.changes.merge(project.bo, "2")
    before = project.app.refs.log(project.ana, "model/delay")
    with pages_of(project.app) as address:
        tab = opened(scripts=False)
        tab.sign_in(address, token_of(project.app, project.bo))
        tab.follow("a[aria-label='Roll back delay']")
        tab.tab_to("#reason")
        tab.type("it fails on new carriers")
        tab.follow("form[action='/rollback'] button")
        assert "the version of before is in production again" in tab.text()
    assert project.app.refs.get(project.ana, "model/delay").artifact == before[1].new
    project.close()


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_its_window(signed_in, url, path, width):
    tab = signed_in(width=width)
    tab.goto(url + path)
    assert tab.value(WIDER) <= 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_read_and_used_by_everyone(signed_in, url, path, dark):
    tab = signed_in(dark=dark)
    tab.goto(url + path)
    assert tab.value(FAULTS) == []


def test_markup_in_the_reason_of_an_emergency_is_only_text(signed_in, url):
    tab = signed_in()
    tab.goto(f"{url}/emergencies")
    assert EVIL in tab.text()
    assert tab.value("[document.body.id, document.scripts.length]") == ["", 0]


def test_the_control_room_begins_with_its_alarms_and_the_cost_page_draws_its_bars(signed_in, url):
    tab = signed_in()
    tab.goto(f"{url}/")
    assert "The settings in force are not those recorded" in tab.text()
    tab.goto(f"{url}/cost")
    bars = "[...document.querySelectorAll('.bar')].map(e => [...e.children].map(r => Math.round(r.getBBox().width)))"
    assert tab.value(bars) == [[1000, 231, 250], [1000, 0, 0], [1000, 231, 250], [1000, 231, 250]]
    fills = "[...document.querySelector('.bar').children].map(r => getComputedStyle(r).fill)"
    assert len(set(tab.value(fills))) == 3
