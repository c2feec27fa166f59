"""Templates: every page has one that agrees with it, text is only text, and every icon is there."""

import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError

from remint.errors import NotFound
from remint.server.pages.changes import ChangesPage, Filter
from remint.server.pages.control import ControlPage, Figure
from remint.server.pages.login import LoginPage
from remint.server.pages.problem import problem_page
from remint.server.pages.rendering import Frame, Rendering
from remint.server.pages.shown import chip_of

EVIL = '<img src=x onerror="alert(1)">'
FRAME = Frame("flights", "/changes", "ana", "owner", "0a", "")
TEMPLATES = files("remint.server") / "templates"


def texts(folder: str = "") -> str:
    place = TEMPLATES / folder if folder else TEMPLATES
    return "".join(one.read_text(encoding="utf-8") for one in place.iterdir() if one.name.endswith((".html", ".svg")))


def test_a_list_without_changes_says_how_the_first_one_is_made() -> None:
    page = ChangesPage((Filter("All", "/changes", 0, True),), (), "", "", False)
    assert "remint propose" in Rendering().html("changes.html", page, FRAME)


def test_a_control_room_without_models_says_how_the_first_one_gets_there() -> None:
    page = ControlPage((Figure("Production models in control", "0", "of 0", ""),), ())
    html = Rendering().html("control.html", page, FRAME)
    assert "No model is in production yet" in html
    assert "<meter" not in html


def test_a_problem_says_what_and_why_and_what_next_as_text() -> None:
    html = Rendering().html("problem.html", problem_page(NotFound(EVIL, why="w", next_step="n")), FRAME)
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in html
    assert "<img src=x" not in html


def test_letters_that_turn_the_direction_of_a_text_are_replaced() -> None:
    html = Rendering().html("problem.html", problem_page(NotFound("a\u202eb", why="w", next_step="n")), FRAME)
    assert "a\ufffdb" in html


def test_nobody_signed_in_gets_no_navigation() -> None:
    html = Rendering().html("login.html", LoginPage("/"), Frame("flights", "/login", "", "", "0a", ""))
    assert "/signout" not in html
    assert 'aria-label="Main"' not in html


def test_a_name_that_a_page_does_not_have_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        Rendering().html("changes.html", LoginPage("/"), FRAME)


def test_a_chosen_theme_stands_at_the_root_of_the_page() -> None:
    frame = Frame("flights", "/login", "", "", "0a", "dark")
    assert 'data-theme="dark"' in Rendering().html("login.html", LoginPage("/"), frame)


def test_no_template_holds_a_script_or_a_style_of_its_own() -> None:
    assert re.findall(r"<script|<style|\sstyle=|\son[a-z]+=|\|\s*safe", texts() + texts("parts")) == []


def test_every_icon_that_is_named_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-([a-z]+)"', texts("parts")))
    named = set(re.findall(r'icon\("([a-z]+)"\)', texts() + texts("parts")))
    states = {chip_of(state).icon for state in ("draft", "open", "approved", "merged", "rejected", "stale", "drifting", "new")}
    assert named | states | {"contrast", "sun", "moon", "broken", "back"} <= drawn
