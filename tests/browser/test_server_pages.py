"""The pages of the server in a browser: by keyboard, without scripts, in light and dark, on small windows."""

import pytest

from tests.support.browser import ABSENT, BROWSER, FAULTS, Tab, chromium
from tests.support.pages import pages_of, project_with_changes, token_of

EVIL = "<img src=x onerror=\"document.body.id='evil'\"><script>document.body.id='evil'</script>"
PAGES = ["/", "/changes", "/changes/1", "/changes/2", "/changes/3"]
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
GROUND = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(246, 247, 245)", "rgb(14, 19, 18)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if BROWSER is None:
        pytest.skip(ABSENT)
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with a change in production, one that waits, and one that was rejected and whose words are markup."""
    project = project_with_changes(tmp_path_factory.mktemp("pages") / "flights")
    digest = project.app.changes.review("2").change.moves[0].new
    number = project.app.changes.propose(project.ana, [f"model/tip={digest}"], title=EVIL).change.id
    project.app.changes.reject(project.bo, number, note=EVIL)
    yield project
    project.close()


@pytest.fixture(scope="module")
def url(made):
    with pages_of(made.app) as address:
        yield address


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


@pytest.fixture
def signed_in(opened, made, url):
    def open_tab(**wishes):
        tab = opened(**wishes)
        tab.sign_in(url, token_of(made.app, made.bo))
        return tab

    return open_tab


def test_a_change_is_read_approved_and_merged_by_keyboard_alone(opened, tmp_path):
    project = project_with_changes(tmp_path / "flights")
    with pages_of(project.app) as address:
        tab = opened()
        tab.sign_in(address, token_of(project.app, project.bo))
        tab.follow("a[href='/changes']")
        tab.follow("a[href='/changes/2']")
        assert "What differs" in tab.text()
        tab.tab_to("#approve-note")
        tab.type("compared with July")
        tab.follow("form[action$='/approve'] button")
        assert "You approved this change." in tab.text()
        assert "compared with July" in tab.text()
        tab.follow("form[action$='/merge'] button")
        assert "every ref of this change has moved" in tab.text()
        tab.follow("a[href='/']")
        assert "version 2" in tab.text()
        assert "by change 2" in tab.text()
    project.close()


def test_all_of_it_works_without_scripts(opened, tmp_path):
    project = project_with_changes(tmp_path / "flights")
    with pages_of(project.app) as address:
        tab = opened(scripts=False)
        tab.sign_in(address, token_of(project.app, project.bo))
        tab.goto(f"{address}/changes/2")
        tab.click("form[action$='/approve'] button")
        tab.click("form[action$='/merge'] button")
        tab.click("button[value=dark]")
        assert tab.value(GROUND) == DARK
        tab.click("form[action='/signout'] button")
        assert "Sign in" in tab.text()
    assert project.app.changes.review("2").state == "merged"
    project.close()


def test_the_first_key_leads_past_the_navigation(signed_in, url):
    tab = signed_in()
    tab.goto(f"{url}/changes")
    tab.press("Tab")
    assert tab.value("document.activeElement.textContent") == "Skip to content"
    tab.press("Enter")
    assert tab.value("document.activeElement.id") == "main"


def test_markup_in_a_title_a_note_and_an_address_is_only_text(signed_in, url):
    tab = signed_in()
    tab.goto(f"{url}/changes?state={EVIL}")
    assert EVIL in tab.text()
    tab.goto(f"{url}/changes/3")
    assert tab.text().count(EVIL) == 2
    assert tab.value("[document.body.id, document.images.length, document.scripts.length]") == ["", 1, 0]


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_its_window(signed_in, url, path, width):
    tab = signed_in(width=width)
    tab.goto(url + path)
    assert tab.value(WIDER) <= 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_read_and_used_by_everyone(signed_in, url, path, dark):
    """Contrast, labels, names, headings, headers of tables: what can be measured without a person."""
    tab = signed_in(dark=dark)
    tab.goto(url + path)
    assert tab.value(FAULTS) == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_to_sign_in_can_be_used_by_everyone(opened, url, dark):
    tab = opened(width=390, dark=dark)
    tab.goto(f"{url}/login")
    assert tab.value(FAULTS) == []
    assert tab.value(WIDER) <= 0


def test_the_colours_follow_the_machine_until_others_are_chosen(signed_in):
    tab = signed_in(dark=True)
    assert tab.value(GROUND) == DARK
    tab.click("button[value=light]")
    assert tab.value(GROUND) == LIGHT
    tab.click("button[value='']")
    assert tab.value(GROUND) == DARK
