"""Stories of looking back: production as it was, and everything that changed since."""

import datetime as dt

import pytest


def now():
    return dt.datetime.now(dt.UTC).isoformat()


@pytest.fixture
def two_releases(merged):
    """A project with two models in production one after the other, and the time between them."""
    between = now()
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    merged.cli("propose", "ana:model/late", "--title", "a weaker penalty")
    merged.cli("changes", "approve", "2", "--as", "bo")
    merged.cli("changes", "merge", "2")
    return merged, between


def test_production_is_shown_as_it_was(two_releases):
    project, between = two_releases
    log = project.cli("log", "model/late", "--json").json["moves"]
    then = project.cli("at", between, "--kind", "model", "--json").json["moves"]
    later = project.cli("at", now(), "--kind", "model", "--json").json["moves"]
    assert [move["new"] for move in then] == [log[1]["new"]]
    assert [(move["new"], move["change"]) for move in later] == [(log[0]["new"], "2")]


def test_before_anything_nothing_was_there(merged):
    assert merged.cli("at", "2001-01-01").out.strip() == "nothing was there yet"


def test_every_version_shown_can_be_read(two_releases):
    project, between = two_releases
    then = project.cli("at", between, "--kind", "model", "--json").json["moves"][0]["new"]
    assert project.cli("show", f"model/late@{between}", "--json").json["artifact"]["digest"] == then


def test_what_changed_since_is_shown_with_its_change(two_releases):
    project, between = two_releases
    found = project.cli("diff", f"main@{between}", "main", "--json").json["refs"]
    assert [one["ref"] for one in found] == ["model/late"]
    assert [move["change"] for move in found[0]["moves"]] == ["2"]
    assert "change 2: a weaker penalty" in project.cli("diff", f"main@{between}", "main").out


def test_a_sandbox_is_compared_with_production(two_releases):
    project, _ = two_releases
    project.cli("run", "model/late", "-w", "ana", "-p", "c=0.1")
    found = project.cli("diff", "main", "ana", "--json").json["refs"]
    assert "model/late" in {one["ref"] for one in found}
    assert [one["moves"] for one in found] == [[]] * len(found)


def test_the_same_view_twice_differs_in_nothing(merged):
    assert merged.cli("diff", "main", "main").out.strip() == "all refs are the same"


@pytest.mark.parametrize("words", [("at", "soon"), ("diff", "main@soon", "main"), ("diff", "Main", "main")])
def test_what_is_no_time_and_no_workspace_is_refused(merged, words):
    merged.cli(*words, expect=2)


def test_a_workspace_that_nobody_made_is_not_found(merged):
    merged.cli("diff", "main", "nowhere", expect=4)
