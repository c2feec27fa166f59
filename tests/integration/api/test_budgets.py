"""Budgets and costs over HTTP."""

import pytest

from tests.support.remint_cli import Project


@pytest.fixture(scope="module")
def team(api):
    return api.ask("POST", "/budgets", json={"name": "team", "limit": "10.00"}).json()


def test_a_budget_is_made_and_shown_as_the_terminal_shows_it(api, team):
    made = api.ask("POST", "/budgets", json={"name": "lab", "limit": "0.048", "parent": "team", "owner": "bo"})
    assert (made.status_code, made.json()["path"], made.json()["balance"]["ceiling"]) == (201, "team/lab", 48_000)
    shown = api.ask("GET", "/budgets/lab").json()
    assert (shown["standing"], shown["below"], shown["open"], shown["last"]) == (made.json(), [], [], [])
    printed = Project(api.project.root).cli("budgets", "list", "--json", "--as", "ana").json
    assert api.ask("GET", "/budgets").json()["budgets"] == printed["budgets"]


def test_the_limit_of_a_budget_is_set_by_an_owner_alone(api, team):
    api.ask("POST", "/budgets", json={"name": "set", "limit": "1"})
    refused = api.ask("POST", "/budgets/set/limits", api.bo, json={"limit": "5"})
    assert (refused.status_code, refused.json()["facts"]["rule"]) == (403, "owners-only")
    assert api.ask("GET", "/budgets/set").json()["standing"]["balance"]["ceiling"] == 1_000_000
    assert api.entries("budget:change")[-1]["decision"] == "deny"
    assert api.ask("POST", "/budgets/set/limits", json={"limit": "5"}).json()["balance"]["ceiling"] == 5_000_000


def test_a_budget_is_closed_once(api):
    api.ask("POST", "/budgets", json={"name": "over", "limit": "1"})
    assert api.ask("POST", "/budgets/over/closing").json()["closed"]["by"] == "ana"
    assert api.ask("POST", "/budgets/over/closing").status_code == 409


@pytest.mark.parametrize("limit", ["-1", "1e3", "nan", "1.0000001", "", "1" * 13])
def test_an_amount_that_is_not_exact_is_refused(api, limit):
    answer = api.ask("POST", "/budgets", json={"name": "odd", "limit": limit})
    assert answer.status_code == 422
    assert api.ask("GET", "/budgets/odd").status_code == 404


def test_an_amount_that_is_a_number_is_refused(api):
    assert api.ask("POST", "/budgets", json={"name": "odd", "limit": 1.5}).status_code == 422


def test_nothing_was_charged_here(api):
    assert api.ask("GET", "/cost").json() == {"by": "budget", "rows": [], "totals": []}
    assert api.ask("GET", "/cost/lines").json() == {"lines": [], "next": None}
    assert api.ask("GET", "/cost?by=weather").json()["code"] == "invalid"
    assert api.ask("GET", "/cost?since=yesterday").json()["code"] == "invalid"
    assert api.ask("GET", "/cost?model=model/none").json()["code"] == "ref-not-found"
