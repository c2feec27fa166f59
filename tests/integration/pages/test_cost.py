"""The page of costs: budgets in a tree, and what was spent and saved."""

import re

import pytest

from remint.app import initialise
from remint.core.ids import PrincipalId
from remint.core.pipeline import StepSpec
from remint.ports.usecases.context import Context
from tests.support import paid
from tests.support.pages import Person, pages_of, token_of

EVIL = StepSpec("pipeline", "<b>bold</b>", {"out": "value"}, {"seed": 7}, cpu_s=10)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A project in which a run was charged 3, another goes on and holds 10, and two budgets hold them."""
    root = tmp_path_factory.mktemp("cost") / "project"
    paid.prepare(root, limit="20.00", parent_limit="40.00")
    opened = paid.opened(root)
    paid.end(opened, paid.start(opened), cpu_s=3)
    paid.end(opened, paid.start(opened, EVIL), cpu_s=1)
    paid.start(opened, StepSpec("pipeline", "other", {"out": "value"}, {"seed": 7}, cpu_s=10))
    opened.principals.create(paid.ANA, "vi", roles=("viewer",))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(app):
    with pages_of(app) as url:
        person = Person(url).sign_in(token_of(app, Context(PrincipalId("vi"), "main")))
        yield lambda path="/cost": person.get(path).text


def bars(text):
    return re.findall(r'class="spent" width="(\d+)" height="10"/><rect class="reserved" x="(\d+)" width="(\d+)"', text)


def test_budgets_stand_in_a_tree_with_what_is_spent_reserved_and_free(page):
    text = page()
    assert text.index("in-0") < text.index(">team<") < text.index("in-1") < text.index(">lab<")
    assert bars(text) == [("100", "100", "250"), ("200", "200", "500")]
    assert re.findall(r"<dd>([\d.]+) EUR</dd>", text) == ["4.00", "10.00", "26.00", "40.00", "4.00", "10.00", "6.00", "20.00"]


@pytest.mark.parametrize(("by", "key"), [("step", "pipeline:train"), ("principal", "ana"), ("budget", "team/lab")])
def test_sums_are_by_what_was_chosen(page, by, key):
    text = page(f"/cost?by={by}")
    assert re.search(rf'<th scope="row">{key}</th><td class="num">[34].00 EUR</td>', text)
    assert f'href="/cost?by={by}" aria-current="true"' in text


def test_sums_by_month_hold_all_of_it(page):
    assert re.search(r'<th scope="row">20\d\d-\d\d</th><td class="num">4.00 EUR</td>', page("/cost?by=month"))


@pytest.mark.parametrize("by", ["", "nonsense", "%3Cscript%3E"])
def test_what_sums_cannot_be_by_is_by_step(page, by):
    text = page(f"/cost?by={by}")
    assert 'href="/cost?by=step" aria-current="true"' in text
    assert "<script" not in text


def test_the_name_of_a_step_is_only_text(page):
    assert "&lt;b&gt;bold" in page()
    assert "<b>bold" not in page()


def test_a_budget_over_its_limit_and_a_closed_one_say_so(tmp_path):
    paid.prepare(tmp_path / "project", limit="20.00")
    app = paid.opened(tmp_path / "project")
    paid.end(app, paid.start(app), cpu_s=3)
    app.budgets.set_limit(paid.ANA, "lab", "1.00")
    app.budgets.create(paid.ANA, "old", limit="0")
    app.budgets.close(paid.ANA, "old")
    with pages_of(app) as url:
        text = Person(url).sign_in(token_of(app, paid.ANA)).get("/cost").text
    app.close()
    assert "Over its limit" in text
    assert "-2.00 EUR" in text
    assert "Closed" in text
    assert ("1000", "1000", "0") in bars(text)


def test_where_nothing_has_a_price_the_page_says_how_to_set_one(tmp_path):
    initialise(tmp_path, owner="ana")
    app = paid.opened(tmp_path)
    with pages_of(app) as url:
        text = Person(url).sign_in(token_of(app, paid.ANA)).get("/cost").text
    app.close()
    assert "Nothing has a price yet" in text
    assert "[prices]" in text
    assert "<h2 id" not in text


def test_who_is_not_signed_in_is_sent_to_the_form(app):
    with pages_of(app) as url:
        assert Person(url).get("/cost").headers["location"] == "/login?next=/cost"
