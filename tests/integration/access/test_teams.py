"""Teams: members have their roles for as long as they are in them, and nobody goes without whom nothing can be approved."""

import sqlite3

import pytest

from remint.app import App
from remint.config import load
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.team import JOIN, TeamChange
from remint.errors import Conflict, Denied, InvalidName, NotFound
from remint.ports.usecases.context import Context


@pytest.fixture
def risk(app, ana):
    """A team of vi that gives the role approver."""
    app.teams.create(ana, "risk", about="looks at risks")
    app.teams.grant(ana, "risk", "approver")
    return app.teams.add(ana, "risk", "vi")


def named(app, name):
    return next(one for one in app.principals.list() if one.id == name)


def settings_of(app, text):
    (app.settings.root / "remint.toml").write_text(text, encoding="utf-8")
    return App(load(app.settings.root, environment={}))


def test_a_member_may_do_what_its_team_may_at_once_and_no_longer_than_it_is_in_it(app, ana, vi, risk):
    app.refs.fork(vi, "trial")
    assert app.rights.can(ana, "change:approve", principal="vi").allowed
    app.teams.remove(ana, "risk", "vi")
    with pytest.raises(Denied, match="rule role"):
        app.refs.fork(vi, "another")


def test_a_role_taken_from_a_team_is_gone_for_who_has_it_by_the_team_alone(app, ana, risk):
    app.teams.add(ana, "risk", "bo")
    app.teams.revoke(ana, "risk", "approver")
    assert (named(app, "vi").roles, named(app, "bo").roles) == ({"viewer"}, {"approver"})


def test_asking_who_may_says_by_which_team(app, ana, risk):
    app.teams.add(ana, "risk", "bo")
    found = {right.principal: right.teams for right in app.rights.who_can(ana, "change:approve")}
    assert found == {"ana": (), "bo": (), "vi": ("risk",)}
    assert app.rights.can(ana, "change:approve", principal="vi").teams == ("risk",)


def test_a_review_of_access_shows_the_teams(app, risk):
    found = next(one.principal for one in app.rights.review() if one.principal.id == "vi")
    assert [(one.team, one.roles) for one in found.teams] == [("risk", {"approver"})]


def test_every_step_is_an_entry_and_the_verification_agrees(app, ana, risk, entries):
    app.teams.remove(ana, "risk", "vi")
    told = [(entry["action"], entry["facts"]) for entry in entries() if entry["resource"] == "team risk"]
    assert told == [
        ("team:create", {"about": "looks at risks"}),
        ("team:change", {"verb": "grant", "role": "approver"}),
        ("team:change", {"verb": "join", "principal": "vi"}),
        ("team:change", {"verb": "part", "principal": "vi"}),
    ]
    assert app.audit.verify().problems == ()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("INSERT INTO team_changes VALUES (9, 'risk', 'join', 'cy', '', '', 'ana', 5)", "no entry tells of the change of team"),
        ("INSERT INTO teams VALUES ('legal', '', 'ana', 5)", "no entry tells of the team legal"),
        ("INSERT INTO identities VALUES ('https://x.org', '7', 'cy', 'ana', 5)", "no entry tells of the link of cy"),
        (
            "DROP TRIGGER team_changes_no_update; UPDATE team_changes SET principal = 'cy' WHERE number = 2",
            "the change of team",
        ),
        ("DROP TRIGGER team_changes_no_delete; DELETE FROM team_changes", "the record of team risk is not as its entry"),
    ],
)
def test_what_was_written_past_the_audit_log_is_found(app, risk, tmp_path, statement, problem):
    opened = sqlite3.connect(tmp_path / ".remint" / "catalog.db")
    opened.executescript(statement)
    opened.close()
    assert any(problem in one for one in app.audit.verify().problems)


def test_the_database_refuses_to_forget_a_member(app, risk, tmp_path):
    opened = sqlite3.connect(tmp_path / ".remint" / "catalog.db")
    with pytest.raises(sqlite3.IntegrityError, match="team_changes is insert-only"):
        opened.execute("DELETE FROM team_changes")
    opened.close()


def test_only_an_owner_makes_or_changes_teams_and_a_refusal_is_an_entry(app, vi, risk, entries):
    with pytest.raises(Denied, match="rule owners-only"):
        app.teams.create(vi, "mine")
    with pytest.raises(Denied, match="rule owners-only"):
        app.teams.grant(vi, "risk", "owner")
    refused = [(one["action"], one["resource"], one["by"]) for one in entries() if one["decision"] == "deny"]
    assert refused == [("team:create", "team mine", "vi"), ("team:change", "team risk", "vi")]


def test_what_is_so_already_writes_nothing(app, ana, risk, entries):
    before = len(entries())
    app.teams.add(ana, "risk", "vi")
    app.teams.grant(ana, "risk", "approver")
    app.teams.remove(ana, "risk", "cy")
    assert len(entries()) == before


def test_names_that_are_none_taken_or_unknown_are_refused(app, ana, risk):
    with pytest.raises(InvalidName, match="is not a team"):
        app.teams.create(ana, "Risk Board")
    with pytest.raises(Conflict, match="the name is taken"):
        app.teams.create(ana, "risk")
    with pytest.raises(NotFound, match="no such team"):
        app.teams.add(ana, "legal", "vi")
    with pytest.raises(NotFound, match="no such principal"):
        app.teams.add(ana, "risk", "nobody")
    with pytest.raises(NotFound, match="no such principal"):
        app.teams.add(ana, "risk", "remint")
    with pytest.raises(InvalidName, match="is not a role"):
        app.teams.grant(ana, "risk", "Owner!")


def test_one_who_leaves_leaves_all_teams(app, ana, risk, entries):
    app.principals.leave(ana, "vi")
    assert app.teams.get("risk").members == {}
    assert named(app, "vi").roles == frozenset()
    assert [(one["action"], one["facts"]) for one in entries()][-2:] == [
        ("team:change", {"verb": "part", "principal": "vi"}),
        ("principal:change", {"verb": "leave"}),
    ]


def test_to_take_a_role_that_a_team_gives_from_a_principal_changes_nothing(app, ana, risk, entries):
    before = len(entries())
    assert app.principals.revoke(ana, "vi", "approver").roles == {"viewer", "approver"}
    assert len(entries()) == before


def test_the_last_owner_is_kept_in_a_team_that_makes_her_one(app, ana, entries):
    app.teams.create(ana, "owners")
    app.teams.grant(ana, "owners", "owner")
    app.teams.add(ana, "owners", "ana")
    app.principals.revoke(ana, "ana", "owner")
    for lose in (lambda: app.teams.remove(ana, "owners", "ana"), lambda: app.teams.revoke(ana, "owners", "owner")):
        with pytest.raises(Denied, match="rule last-owner"):
            lose()
    assert app.teams.get("owners").members == {"ana": ("",)}
    assert entries()[-1]["facts"] == {"rule": "last-owner"}


def test_the_only_team_that_can_approve_is_not_emptied(app, ana, risk, entries):
    opened = settings_of(app, "[approvals]\napprover = 1\nrisk = 1\n")
    opened.teams.grant(ana, "risk", "risk")
    for lose in (
        lambda: opened.teams.remove(ana, "risk", "vi"),
        lambda: opened.teams.revoke(ana, "risk", "risk"),
        lambda: opened.principals.leave(ana, "vi"),
    ):
        with pytest.raises(Denied, match=r"rule orphaned-quorum: nobody would be left to give 1 approval\(s\) as risk"):
            lose()
        assert entries()[-1]["facts"] == {"rule": "orphaned-quorum"}
    assert opened.teams.get("risk").members == {"vi": ("",)}
    opened.principals.grant(ana, "bo", "risk")
    assert opened.teams.remove(ana, "risk", "vi").members == {}
    opened.close()


def test_the_last_reviewer_of_a_list_is_kept(app, ana, risk):
    opened = settings_of(app, '[reviews."model/*"]\nreviewers = ["team:risk"]\n')
    with pytest.raises(Denied, match="nobody would be left to give an approval by team:risk"):
        opened.teams.remove(ana, "risk", "vi")
    opened.teams.add(ana, "risk", "bo")
    assert list(opened.teams.remove(ana, "risk", "vi").members) == ["bo"]
    opened.close()


def test_who_is_in_by_the_word_of_an_issuer_is_not_taken_out_here(app, ana, risk):
    with app.catalog.begin() as tx:
        tx.teams.change(TeamChange("risk", JOIN, PrincipalId("cy"), "", "https://x.org", PrincipalId("remint"), 5))
        facts = {"verb": JOIN, "principal": "cy", "source": "https://x.org"}
        tx.entries.append(Entry("team:change", "team risk", PrincipalId("remint"), 5, facts))
    with pytest.raises(Conflict, match=r"https://x\.org says that it is in it"):
        app.teams.remove(ana, "risk", "cy")
    assert app.audit.verify().problems == ()


def test_a_policy_is_tried_with_the_roles_that_teams_gave_then(app, ana, vi, risk):
    app.refs.fork(vi, "trial")
    app.teams.remove(ana, "risk", "vi")
    needs_approver = '@id("a") permit (principal, action, resource) when { context.roles.contains("approver") };'
    found = app.policies.what_if(needs_approver + '@id("b") permit (principal == Principal::"ana", action, resource);')
    assert [one.action for one in found.changed if one.principal == "vi"] == []


def test_a_service_in_a_team_acts_with_its_roles_but_approves_nothing(app, ana, risk):
    app.teams.add(ana, "risk", "nightly")
    assert "approver" in named(app, "nightly").roles
    assert not named(app, "nightly").may_approve
    assert app.rights.can(Context(PrincipalId("nightly"), "main"), "hold:release").teams == ("risk",)
